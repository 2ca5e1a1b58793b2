//! What the page shows, as data: the words are the page's.

use peel_ledger::bundle::{Files, Report, Trust, Verdict, VerifyOptions, verify};
use peel_ledger::receipt::{ReceiptCode, ReceiptError, ReceiptFindings, ReceiptOnRecord, check_code, check_on_record};
use serde::Serialize;

use crate::{Picture, Question, read_codes, unpack};

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Answer {
    /// A receipt is proved.
    Proved {
        /// What is proved.
        findings: Box<ReceiptFindings>,
    },
    /// A receipt is not proved.
    NotProved {
        /// Why, in a sentence.
        problem: String,
    },
    /// A bundle was checked.
    Bundle {
        /// What was found.
        report: Box<Report>,
    },
    /// What was given is no receipt code at all.
    NotACode,
    /// No code was found on the picture.
    NoCode,
    /// What was given as a ZIP file cannot be unpacked.
    NotAZip {
        /// Why, in a sentence.
        problem: String,
    },
    /// The trust file was refused.
    Trust {
        /// Why.
        problem: String,
    },
    /// The question was not understood.
    Question,
}

/// Answers one question.
pub fn answer(question: &[u8]) -> Answer {
    match Question::parse(question) {
        Err(_) => Answer::Question,
        Ok(Question::Receipt { trust, content }) => with_trust(&trust, |trust| receipt(&content, trust)),
        Ok(Question::Picture { trust, picture }) => with_trust(&trust, |trust| pictured(&picture, trust)),
        Ok(Question::Bundle { trust, files }) => with_trust(&trust, |trust| bundle(&files, trust)),
        Ok(Question::Zip { trust, content }) => with_trust(&trust, |trust| match unpack(&content) {
            Ok(files) => bundle(&files, trust),
            Err(error) => Answer::NotAZip { problem: error.to_string() },
        }),
    }
}

fn bundle(files: &Files, trust: &Trust) -> Answer {
    let report = verify(files, trust, VerifyOptions::default(), &mut |_| {});
    Answer::Bundle { report: Box::new(report) }
}

fn with_trust(text: &str, check: impl FnOnce(&Trust) -> Answer) -> Answer {
    match Trust::parse(text) {
        Ok(trust) => check(&trust),
        Err(error) => Answer::Trust { problem: error.to_string() },
    }
}

fn pictured(picture: &Picture, trust: &Trust) -> Answer {
    let codes = read_codes(picture);
    if codes.is_empty() {
        return Answer::NoCode;
    }
    // Another code may lie on the picture beside the receipt's.
    let answers: Vec<Answer> = codes.iter().map(|code| receipt(code, trust)).collect();
    let proved = answers.iter().find(|answer| matches!(answer, Answer::Proved { .. }));
    let code = answers.iter().find(|answer| !matches!(answer, Answer::NotACode));
    proved.or(code).or(answers.first()).cloned().unwrap_or(Answer::NoCode)
}

fn receipt(content: &[u8], trust: &Trust) -> Answer {
    match check(content, trust) {
        Ok(findings) => Answer::Proved { findings: Box::new(findings) },
        Err(ReceiptError::NotACode) => Answer::NotACode,
        Err(error) => Answer::NotProved { problem: error.in_plain_words().to_owned() },
    }
}

fn check(content: &[u8], trust: &Trust) -> Result<ReceiptFindings, ReceiptError> {
    if !matches!(content.trim_ascii_start().first(), Some(b'[' | b'{')) {
        return check_code(&ReceiptCode::read_any(content)?, trust);
    }
    let mut last = Err(ReceiptError::Malformed);
    for record in ReceiptOnRecord::parse_json(content)? {
        last = check_on_record(&record, None, trust);
        if last.is_ok() {
            break;
        }
    }
    last
}

impl Answer {
    /// Whether everything that was asked for is proved.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Proved { .. } => true,
            Self::Bundle { report } => report.verdict == Verdict::Good,
            _ => false,
        }
    }
}
