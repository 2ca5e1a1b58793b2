//! The `verify` command: read, check, print, and say the outcome by the exit code.

use std::fs;
use std::path::Path;

use peel_ledger::bundle::{Report, Trust, Verdict, VerifyOptions, verify};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;
use peel_ledger::seal::RecipientPrivateKey;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::args::{Format, VerifyArgs};
use crate::error::AuditError;
use crate::files::read_bundle;
use crate::trail::{Trail, TrailReport};
use crate::{EXIT_GOOD, EXIT_INCOMPLETE, EXIT_TAMPERED, text};

/// Everything that a check found: the form, and with a key the content.
#[derive(Debug, Serialize)]
pub(crate) struct Findings {
    pub(crate) verdict: Verdict,
    pub(crate) bundle: Report,
    pub(crate) trail: Option<TrailReport>,
}

pub(crate) fn run(options: &VerifyArgs) -> Result<u8, AuditError> {
    let trust = fs::read_to_string(&options.trust).map_err(|_| AuditError::TrustUnreadable)?;
    let trust = Trust::parse(&trust)?;
    let key = options.open.as_deref().map(read_key).transpose()?;
    let last_seen = options.last_seen.as_deref().map(|path| read_last_seen(path, &trust)).transpose()?;
    let files = read_bundle(&options.bundle)?;
    let mut trail = Trail::default();
    let asked = VerifyOptions { last_seen: last_seen.as_ref(), open: key.as_ref() };
    let bundle = verify(&files, &trust, asked, &mut |opened| trail.take(&opened));
    let trail = key.is_some().then(|| trail.conclude());
    let verdict = combine(bundle.verdict, trail.as_ref());
    let findings = Findings { verdict, bundle, trail };
    match options.format {
        Format::Text => print!("{}", text::render(&findings)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&findings).map_err(|_| AuditError::Print)?),
    }
    Ok(match findings.verdict {
        Verdict::Good => EXIT_GOOD,
        Verdict::Tampered => EXIT_TAMPERED,
        Verdict::Incomplete => EXIT_INCOMPLETE,
    })
}

const fn combine(bundle: Verdict, trail: Option<&TrailReport>) -> Verdict {
    let (failed, open) = match trail {
        Some(trail) => (!trail.failed.is_empty(), !trail.open.is_empty()),
        None => (false, false),
    };
    match bundle {
        Verdict::Tampered => Verdict::Tampered,
        _ if failed => Verdict::Tampered,
        Verdict::Good if !open => Verdict::Good,
        _ => Verdict::Incomplete,
    }
}

fn read_key(path: &Path) -> Result<RecipientPrivateKey, AuditError> {
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|_| AuditError::Key)?);
    text.trim_end().parse().map_err(|_| AuditError::Key)
}

fn read_last_seen(path: &Path, trust: &Trust) -> Result<Checkpoint, AuditError> {
    let bytes = fs::read(path).map_err(|_| AuditError::LastSeen)?;
    let note = SignedNote::parse(&bytes).map_err(|_| AuditError::LastSeen)?;
    note.verify(std::slice::from_ref(&trust.force_log.key)).map_err(|_| AuditError::LastSeen)?;
    Checkpoint::from_note(&note).map_err(|_| AuditError::LastSeen)
}
