//! The `receipt` command: is this stop on a phone's record?

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use peel_ledger::bundle::Trust;
use peel_ledger::receipt::{
    MAX_ON_RECORD_BYTES, ReceiptCode, ReceiptError, ReceiptFindings, ReceiptOnRecord, TEXT_PREFIX, check_code,
    check_on_record,
};
use serde::Serialize;

use crate::args::{Format, ReceiptArgs};
use crate::error::AuditError;
use crate::{EXIT_GOOD, EXIT_TAMPERED, print, print_json, read_trust};

/// What is printed as JSON.
#[derive(Serialize)]
struct Outcome {
    verdict: &'static str,
    proved: Option<ReceiptFindings>,
    problem: Option<String>,
}

pub(crate) fn run(options: &ReceiptArgs) -> Result<u8, AuditError> {
    let trust = read_trust(&options.trust)?;
    let receipt = if options.receipt.trim_start().starts_with(TEXT_PREFIX) {
        options.receipt.as_bytes().to_vec()
    } else {
        read(Path::new(&options.receipt))?
    };
    let on_record = options.on_record.as_deref().map(read).transpose()?;
    let checked = check(&receipt, on_record.as_deref(), &trust);
    if matches!(checked, Err(ReceiptError::NotACode)) {
        return Err(AuditError::NotACode);
    }
    let code = if checked.is_ok() { EXIT_GOOD } else { EXIT_TAMPERED };
    match options.format {
        Format::Text => print(&render(&checked))?,
        Format::Json => print_json(&match checked {
            Ok(proved) => Outcome { verdict: "good", proved: Some(proved), problem: None },
            Err(error) => Outcome { verdict: "not_proved", proved: None, problem: Some(error.to_string()) },
        })?,
    }
    Ok(code)
}

fn check(receipt: &[u8], on_record: Option<&[u8]>, trust: &Trust) -> Result<ReceiptFindings, ReceiptError> {
    let (code, answer) = match (is_json(receipt), on_record) {
        (true, None) => (None, Some(receipt)),
        (_, on_record) => (Some(ReceiptCode::read_any(receipt)?), on_record),
    };
    let Some(answer) = answer else {
        return check_code(code.as_ref().ok_or(ReceiptError::Malformed)?, trust);
    };
    // Two receipts may share the first fifty bits; the one that is asked for must be among them.
    let mut last = Err(ReceiptError::Malformed);
    for record in ReceiptOnRecord::parse_json(answer)? {
        last = check_on_record(&record, code.as_ref(), trust);
        if last.is_ok() {
            break;
        }
    }
    last
}

fn is_json(input: &[u8]) -> bool {
    matches!(input.trim_ascii_start().first(), Some(b'[' | b'{'))
}

fn read(path: &Path) -> Result<Vec<u8>, AuditError> {
    let file = File::open(path).map_err(|_| AuditError::ReceiptUnreadable)?;
    let mut bytes = Vec::new();
    let limit = MAX_ON_RECORD_BYTES as u64;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|_| AuditError::ReceiptUnreadable)?;
    if bytes.len() as u64 > limit { Err(AuditError::ReceiptUnreadable) } else { Ok(bytes) }
}

/// Writing to a string cannot fail.
fn render(checked: &Result<ReceiptFindings, ReceiptError>) -> String {
    let proved = match checked {
        Ok(proved) => proved,
        Err(error) => return format!("NOT PROVED: failed to {error}. Do not rely on this receipt; keep it.\n"),
    };
    let mut out = String::new();
    if let Some(words) = &proved.words {
        let _ = writeln!(out, "Reference {}\nPlace     {}", words.reference, words.place);
        let _ = writeln!(out, "Time      {}\nOfficer   {}", time(words.at_ms), words.officer);
    }
    let _ = writeln!(out, "Paper     {}", proved.paper_code);
    let _ = writeln!(out, "\nProved:");
    let _ = writeln!(out, "  entry {} of the log {} commits to it", proved.index, proved.log);
    let by = if proved.hardware_signed { "the phone's software and hardware keys" } else { "the phone's software key" };
    let _ = writeln!(out, "  {by} signed that log at {} entries", proved.size);
    if let Some(cosigned) = proved.force_cosigned_at_s {
        let cosigned = i64::try_from(cosigned).unwrap_or(i64::MAX).saturating_mul(1000);
        let _ = writeln!(out, "  the force cosigned it at {}", time(cosigned));
    }
    let _ = writeln!(out, "\nNot checked:");
    for what in &proved.not_checked {
        let _ = writeln!(out, "  {what}");
    }
    let by = match proved.force_cosigned_at_s {
        Some(_) => "by the phone's signature, and the force has cosigned it",
        None => "by the phone's signature alone",
    };
    let _ = writeln!(out, "\nGOOD: this stop is on that phone's record, {by}. See what was not checked.");
    out
}

fn time(at_ms: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at_ms);
    time.map_or_else(|| "not a readable time".to_owned(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}
