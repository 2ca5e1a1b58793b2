//! A force whose records are sealed to a key that is in nobody's hands: made by the programs themselves, its bundle
//! opened with two of three shares, and not with one.

use std::ffi::OsString;
use std::path::Path;

use crate::context::Context;
use crate::error::VerifyError;
use crate::parts::Outcome;
use crate::process::{Job, Ran};

/// Runs the programs in `programs` one after the other, in a folder of their own.
pub(super) fn check(context: &Context, programs: &Path, outcome: &mut Outcome) -> Result<(), VerifyError> {
    let folder = context.logs().join("custody");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(VerifyError::file(&folder))?;
    let run = |program: &str, words: &str| -> Result<Ran, VerifyError> {
        let words = words.split(' ').map(OsString::from);
        let job = Job::new("a key in custody", programs.join(program).as_os_str()).args(words).within(folder.clone());
        job.quietly().run(context)
    };
    let made = run("peel-audit", "keygen --out custody --period 2026-11 --split 2of3")?;
    let public = made.text.split_whitespace().find(|word| word.starts_with("x25519:")).unwrap_or_default().to_owned();
    let init = format!(
        "init --data data --force force.example --exercise --desk desk --vendor vendor --auditor-public {public}"
    );
    let mut problems = Vec::new();
    std::fs::write(folder.join("policy.toml"), run("peel-gateway", "policy strictest --force force.example")?.text)
        .map_err(VerifyError::file(&folder))?;
    let sign = "policy sign --data data policy.toml";
    for words in [&init, sign, "bundle --data data --out bundle --trust trust.toml"] {
        if !run("peel-gateway", words)?.ok {
            problems.push(format!("peel-gateway {words}"));
        }
    }
    let verify = "verify bundle --trust trust.toml --shares";
    let opened = run("peel-audit", &format!("{verify} custody.1 custody.3"))?;
    if opened.code != Some(0) || !opened.text.contains("Opened with your key: 1 records") {
        problems.push(format!("exit {:?} with two shares of three", opened.code));
    }
    if run("peel-audit", &format!("{verify} custody.2"))?.ok {
        problems.push("one share alone opens".to_owned());
    }
    outcome.check(context, "a bundle sealed to a key in custody does not open as it should", &problems);
    Ok(())
}
