//! The `evidence` command: for the evidence system, which has the key, and for whoever checks what it shows.
//!
//! Must never: write an image that is not the one that its commitment names.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use peel_ledger::Hash;
use peel_ledger::bundle::Verdict;
use peel_ledger::evidence::{EvidenceError, EvidenceLabel, MAX_EVIDENCE_BYTES, SealedEvidence};
use serde::Serialize;
use uuid::Uuid;

use crate::args::{EvidenceArgs, Format};
use crate::error::AuditError;
use crate::keygen::{read_key, write_private};
use crate::verify::check;
use crate::{EXIT_GOOD, EXIT_INCOMPLETE, EXIT_TAMPERED, print, print_json, read_trust};

/// Whether the records know the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum OnRecord {
    /// The force's own log has this hold, with this image and this commitment, in a bundle in which nothing failed.
    Yes,
    /// It has not.
    No,
    /// The bundle does not verify.
    BundleRefused,
    /// It was not asked.
    NotChecked,
}

/// The word that the text, the JSON and the exit code have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Conclusion {
    /// It is the recorded image, by a bundle that is good.
    Good,
    /// Nothing failed, and not everything was checked.
    Incomplete,
    /// It is not the recorded image, or nothing says so.
    NotProved,
}

#[derive(Debug, Serialize)]
struct Findings {
    verdict: Conclusion,
    hold_id: Option<String>,
    alert_id: Option<String>,
    media_id: Option<String>,
    commitment: Option<String>,
    image_bytes: Option<usize>,
    on_record: OnRecord,
    problem: Option<String>,
}

pub(crate) fn run(options: &EvidenceArgs) -> Result<u8, AuditError> {
    let key = read_key(&options.open)?.key;
    let bytes = read(&options.sealed)?;
    let opened = SealedEvidence::decode(&bytes).and_then(|sealed| Ok((sealed.open(&key)?, sealed.label().clone())));
    let (image, label) = match opened {
        Ok(opened) => opened,
        Err(error) => return refused(error, options.format),
    };
    let (on_record, bundle) = on_record(options, &label)?;
    let (verdict, code) = match on_record {
        OnRecord::Yes if bundle == Verdict::Good => (Conclusion::Good, EXIT_GOOD),
        OnRecord::Yes | OnRecord::NotChecked => (Conclusion::Incomplete, EXIT_INCOMPLETE),
        OnRecord::No | OnRecord::BundleRefused => (Conclusion::NotProved, EXIT_TAMPERED),
    };
    if let Some(path) = &options.out {
        write_private(path, &image).map_err(|_| AuditError::ImageNotWritten)?;
    }
    let id = |bytes: [u8; 16]| Some(Uuid::from_bytes(bytes).to_string());
    let findings = Findings {
        verdict,
        hold_id: id(label.hold),
        alert_id: id(label.alert),
        media_id: id(label.media),
        commitment: Some(Hash::new(label.commitment).to_hex()),
        image_bytes: Some(image.len()),
        on_record,
        problem: None,
    };
    show(&findings, options.format)?;
    Ok(code)
}

fn refused(error: EvidenceError, format: Format) -> Result<u8, AuditError> {
    if error == EvidenceError::NotTheKey {
        return Err(AuditError::NotTheKey);
    }
    let findings = Findings {
        verdict: Conclusion::NotProved,
        hold_id: None,
        alert_id: None,
        media_id: None,
        commitment: None,
        image_bytes: None,
        on_record: OnRecord::NotChecked,
        problem: Some(error.to_string()),
    };
    show(&findings, format)?;
    Ok(EXIT_TAMPERED)
}

/// Whether a bundle that verifies has this hold, this image and this commitment on the force's own log, and how far the
/// bundle verifies.
fn on_record(options: &EvidenceArgs, label: &EvidenceLabel) -> Result<(OnRecord, Verdict), AuditError> {
    let (Some(bundle), Some(trust)) = (&options.bundle, &options.trust) else {
        return Ok((OnRecord::NotChecked, Verdict::Incomplete));
    };
    let keys = options.records.iter().map(|path| Ok(read_key(path)?.key)).collect::<Result<Vec<_>, AuditError>>()?;
    let findings = check(bundle, &read_trust(trust)?, None, &keys)?;
    if findings.verdict == Verdict::Tampered {
        return Ok((OnRecord::BundleRefused, findings.verdict));
    }
    let (hold, media) = (Uuid::from_bytes(label.hold).to_string(), Uuid::from_bytes(label.media).to_string());
    let alert = Uuid::from_bytes(label.alert).to_string();
    let commitment = Hash::new(label.commitment).to_hex();
    let known = findings.trail.is_some_and(|trail| {
        let mut rows = trail.holds.iter().filter(|row| row.hold_id == hold && row.alert_id.as_ref() == Some(&alert));
        rows.any(|row| row.images.iter().any(|image| image.media_id == media && image.commitment == commitment))
    });
    Ok((if known { OnRecord::Yes } else { OnRecord::No }, findings.verdict))
}

fn read(path: &Path) -> Result<Vec<u8>, AuditError> {
    let file = File::open(path).map_err(|_| AuditError::EvidenceUnreadable)?;
    let (mut bytes, limit) = (Vec::new(), MAX_EVIDENCE_BYTES as u64);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|_| AuditError::EvidenceUnreadable)?;
    if bytes.len() as u64 > limit { Err(AuditError::EvidenceUnreadable) } else { Ok(bytes) }
}

fn show(findings: &Findings, format: Format) -> Result<(), AuditError> {
    match format {
        Format::Text => print(&render(findings)),
        Format::Json => print_json(findings),
    }
}

/// Writing to a string cannot fail.
fn render(findings: &Findings) -> String {
    let mut out = String::new();
    if let Some(problem) = &findings.problem {
        let _ = writeln!(out, "NOT PROVED: failed to {problem}. Do not rely on this image; keep the file.");
        return out;
    }
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    let _ = writeln!(out, "Hold       {}", named(&findings.hold_id));
    let _ = writeln!(out, "Alert      {}", named(&findings.alert_id));
    let _ = writeln!(out, "Image      {}", named(&findings.media_id));
    let _ = writeln!(out, "Commitment {}", named(&findings.commitment));
    let conclusion = match findings.on_record {
        OnRecord::Yes if findings.verdict == Conclusion::Incomplete => {
            "INCOMPLETE: this image is the one that the force's own log says is held, in a bundle of which something that \
             should have been checked could not be (verify says what)."
        }
        OnRecord::Yes => "GOOD: this image is the one that the force's own log says is held.",
        OnRecord::No => "NOT PROVED: no such hold of this image was found on the force's own log.",
        OnRecord::BundleRefused => "NOT PROVED: the bundle does not verify.",
        OnRecord::NotChecked => {
            "INCOMPLETE: the image is the one that its commitment names. Whether the force's log has that commitment was \
             not checked (--bundle, --trust, --records)."
        }
    };
    let _ = writeln!(out, "\n{conclusion}");
    out
}
