//! One question in, one answer out. Built for `wasm32-wasip1` and put into the page; runs anywhere else too.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

/// As much as a browser gives a page at all.
const MAX_QUESTION_BYTES: u64 = 1 << 31;

fn main() -> ExitCode {
    let mut question = Vec::new();
    if std::io::stdin().lock().take(MAX_QUESTION_BYTES).read_to_end(&mut question).is_err() {
        return ExitCode::from(2);
    }
    let answer = peel_page::answer(&question);
    let Ok(json) = serde_json::to_string(&answer) else { return ExitCode::from(2) };
    let mut out = std::io::stdout().lock();
    match out.write_all(json.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(2),
    }
}
