//! The `verify` command: read, check, print, and say the outcome by the exit code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use peel_ledger::bundle::{Files, Report, Trust, TrustedLog, Verdict, VerifyOptions, verify};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;
use peel_ledger::seal::RecipientPrivateKey;
use peel_ledger::{Hash, Origin};
use serde::Serialize;

use crate::args::{Format, VerifyArgs};
use crate::error::AuditError;
use crate::files::read_bundle;
use crate::keygen::{read_key, read_shares};
use crate::keys::join_groups;
use crate::trail::{Ground, Trail, TrailReport};
use crate::{exit_code, print, print_json, read_trust, text};

/// Everything that a check found: the form, and with a key the content.
#[derive(Debug, Serialize)]
pub(crate) struct Findings {
    pub(crate) verdict: Verdict,
    pub(crate) bundle: Report,
    pub(crate) trail: Option<TrailReport>,
}

/// Checks a bundle, and with keys what its records say.
pub(crate) fn check(
    bundle: &Path,
    trust: &Trust,
    last_seen: Option<&Checkpoint>,
    keys: &[RecipientPrivateKey],
) -> Result<Findings, AuditError> {
    let files = read_bundle(bundle)?;
    let root: Option<[u8; 32]> = trust.root.as_ref().and_then(|key| key.key_bytes().try_into().ok());
    let mut trail = Trail::new(events_log(trust), root);
    let bundle = verify(&files, trust, VerifyOptions { last_seen, open: keys }, &mut |opened| trail.take(&opened));
    let (heads, policies) = (heads(&files, trust), bundle.policies.iter().cloned().collect());
    let ground = Ground {
        replaces: &bundle.replaces,
        heads: &heads,
        keys,
        root: root.as_ref(),
        recipients: &trust.recipients,
        policies: &policies,
        beacons: &bundle.beacons,
        restored: bundle.restores > 0,
        mirror: &trust.gateway,
    };
    let trail = (!keys.is_empty()).then(|| trail.conclude(&ground));
    let verdict = combine(bundle.verdict, trail.as_ref());
    Ok(Findings { verdict, bundle, trail })
}

pub(crate) fn run(options: &VerifyArgs) -> Result<u8, AuditError> {
    let trust = read_trust(&options.trust)?;
    let keys = read_keys(options)?;
    let last_seen = options.since.as_deref().map(|path| read_since(path, &trust)).transpose()?;
    let findings = check(&options.bundle, &trust, last_seen.as_ref(), &keys)?;
    match options.format {
        Format::Text => print(&text::render(&findings))?,
        Format::Json => print_json(&findings)?,
    }
    Ok(exit_code(findings.verdict))
}

/// Size and root of each log by its checkpoint, whose signatures the check of the bundle is about.
fn heads(files: &Files, trust: &Trust) -> BTreeMap<String, (u64, Hash)> {
    let head = |log: &TrustedLog| {
        let bytes = files.get(&format!("logs/{}/checkpoint", log.origin.last_part()))?;
        let checkpoint = Checkpoint::from_note(&SignedNote::parse(bytes).ok()?).ok()?;
        (checkpoint.origin == log.origin).then(|| (log.origin.to_string(), (checkpoint.size, checkpoint.root)))
    };
    trust.logs.iter().filter_map(head).collect()
}

/// The force whose events logs say which alerts it issued, if the reader knows one.
fn events_log(trust: &Trust) -> Option<String> {
    let events = |origin: &Origin| origin.events_epoch(&trust.force_domain).is_some();
    trust.logs.iter().any(|log| events(&log.origin)).then(|| trust.force_domain.clone())
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

fn read_keys(options: &VerifyArgs) -> Result<Vec<RecipientPrivateKey>, AuditError> {
    let mut keys = options.open.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    keys.extend(join_groups(read_shares(&options.shares)?)?);
    Ok(keys.into_iter().map(|file| file.key).collect())
}

fn read_since(path: &Path, trust: &Trust) -> Result<Checkpoint, AuditError> {
    let bytes = fs::read(path).map_err(|_| AuditError::Since)?;
    let note = SignedNote::parse(&bytes).map_err(|_| AuditError::Since)?;
    let seen = Checkpoint::from_note(&note).map_err(|_| AuditError::Since)?;
    // It may be from before the force log began anew.
    let key = trust.force_log_at(&seen.origin).ok_or(AuditError::Since)?.key;
    note.verify(std::slice::from_ref(&key)).map_err(|_| AuditError::Since)?;
    Ok(seen)
}
