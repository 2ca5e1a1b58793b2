//! `cargo page`: builds the check for WebAssembly and puts it, with the page's own script and style, into one file.
//!
//! The file opens from a disk, asks no network and may run nothing but what is in it: its policy names the script by its
//! SHA-256.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peel_ledger::Hash;

const TARGET: &str = "wasm32-wasip1";
const PROFILE: &str = "page";

#[derive(Debug, thiserror::Error)]
enum PageError {
    #[error("find the workspace")]
    Workspace,
    #[error("run {0}")]
    Run(&'static str),
    #[error("build the check for {TARGET}; `rustup target add {TARGET}` adds what it needs")]
    Build,
    #[error("read or write the page's parts: {0}")]
    File(#[from] std::io::Error),
}

const USAGE: &str =
    "Makes the auditor's page: one HTML file that checks receipts and bundles, from a disk and without a network.

Usage: cargo page

Prints where the file is: target/page/peel-check.html, or below $CARGO_TARGET_DIR.";

fn main() -> ExitCode {
    if let Some(asked) = std::env::args().nth(1) {
        if asked == "--help" || asked == "-h" {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    match run() {
        Ok(page) => {
            println!("{}", page.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("build-page failed to {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<PathBuf, PageError> {
    let parts = Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or(PageError::Workspace)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let own = target.join("page");
    let wasm = std::fs::read(build(root, &own)?)?;
    let read = |name: &str| std::fs::read_to_string(parts.join(name));
    let page = assemble(&read("page.html")?, &read("page.css")?, &read("page.js")?, &wasm);
    let out = own.join("peel-check.html");
    std::fs::write(&out, page)?;
    Ok(out)
}

/// The check, in a target folder of its own: its flags are not those of the workspace.
fn build(root: &Path, own: &Path) -> Result<PathBuf, PageError> {
    add_target();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--quiet", "--package", "peel-page", "--bin", "peel-page"])
        .args(["--target", TARGET, "--profile", PROFILE])
        .env("CARGO_TARGET_DIR", own)
        // Nothing in it may draw a random number of its own: a dependency that does fails instead. The standard library's
        // tables are seeded by the page.
        .env("RUSTFLAGS", "--cfg getrandom_backend=\"unsupported\"")
        .status()
        .map_err(|_| PageError::Run("cargo"))?;
    if status.success() { Ok(own.join(TARGET).join(PROFILE).join("peel-page.wasm")) } else { Err(PageError::Build) }
}

/// Adds the target where there is a `rustup`; where there is none, the build says what is missing.
fn add_target() {
    let _ = Command::new("rustup").args(["target", "add", TARGET]).output();
}

fn assemble(html: &str, css: &str, js: &str, wasm: &[u8]) -> String {
    let hash = STANDARD.encode(Hash::of(&[js.as_bytes()]).as_bytes());
    html.replace("/*STYLE*/", css)
        .replace("{{SCRIPT_HASH}}", &hash)
        .replace("{{WASM}}", &STANDARD.encode(wasm))
        .replace("/*SCRIPT*/", js)
}
