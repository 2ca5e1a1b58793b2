//! Writes the ledger's golden vectors: `cargo run -p peel-ledger --example vectors -- FOLDER`.
//!
//! Everything is drawn from a seed, so every run writes the same bytes; a test compares them with the committed
//! ones in `tests/vectors/ledger`. Other programs read them: the referees in Go and Python, `openssl`.

#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../tests/support/vectors.rs"]
mod vectors;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: vectors FOLDER");
        return ExitCode::from(2);
    };
    for (path, bytes) in vectors::files() {
        let file = Path::new(&folder).join(path);
        let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&file, bytes));
        if written.is_err() {
            eprintln!("failed to write a vector file");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
