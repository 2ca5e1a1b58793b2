//! What the page asks: a header in JSON, and the bytes that it speaks of.
//!
//! The first four bytes are the header's length (little-endian), then the header, then the content. Every length is
//! checked against what is there.

use peel_ledger::bundle::Files;
use serde::Deserialize;

use crate::Picture;

/// Why a question was not understood; it is the page's mistake, not the person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read the question: lengths or header wrong")]
pub struct QuestionError;

#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Header {
    Receipt { trust: String },
    Picture { trust: String, width: usize, height: usize },
    Bundle { trust: String, files: Vec<FileHeader> },
    Zip { trust: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHeader {
    path: String,
    length: usize,
}

/// What is to be checked, and against which trust file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The person's code, as text or bytes, or what the force serves under the paper code.
    Receipt {
        /// The trust file's text.
        trust: String,
        /// What the person has.
        content: Vec<u8>,
    },
    /// A picture with the person's code on it.
    Picture {
        /// The trust file's text.
        trust: String,
        /// The picture.
        picture: Picture,
    },
    /// A bundle's files.
    Bundle {
        /// The trust file's text.
        trust: String,
        /// By path relative to the bundle's folder.
        files: Files,
    },
    /// A bundle as a ZIP file.
    Zip {
        /// The trust file's text.
        trust: String,
        /// The ZIP file.
        content: Vec<u8>,
    },
}

impl Question {
    /// Reads a question.
    pub fn parse(bytes: &[u8]) -> Result<Self, QuestionError> {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(QuestionError)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| QuestionError)?;
        let (header, content) = rest.split_at_checked(length).ok_or(QuestionError)?;
        match serde_json::from_slice(header).map_err(|_| QuestionError)? {
            Header::Receipt { trust } => Ok(Self::Receipt { trust, content: content.to_vec() }),
            Header::Picture { trust, width, height } => {
                let picture = Picture::new(width, height, content.to_vec()).ok_or(QuestionError)?;
                Ok(Self::Picture { trust, picture })
            }
            Header::Zip { trust } => Ok(Self::Zip { trust, content: content.to_vec() }),
            Header::Bundle { trust, files } => Ok(Self::Bundle { trust, files: cut(files, content)? }),
        }
    }
}

fn cut(headers: Vec<FileHeader>, mut content: &[u8]) -> Result<Files, QuestionError> {
    let mut files = Files::new();
    for header in headers {
        let (bytes, rest) = content.split_at_checked(header.length).ok_or(QuestionError)?;
        content = rest;
        // One path twice is no folder.
        if files.insert(header.path, bytes.to_vec()).is_some() {
            return Err(QuestionError);
        }
    }
    if content.is_empty() { Ok(files) } else { Err(QuestionError) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "test code")]

    use super::*;

    fn question(header: &str, content: &[u8]) -> Result<Question, QuestionError> {
        let length = u32::try_from(header.len()).unwrap().to_le_bytes();
        Question::parse(&[&length, header.as_bytes(), content].concat())
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let files = r#"{"what":"bundle","trust":"","files":[{"path":"a","length":2},{"path":"b","length":1}]}"#;
        assert!(matches!(question(files, b"xyz"), Ok(Question::Bundle { files, .. }) if files.len() == 2));
        assert_eq!(question(files, b"xy"), Err(QuestionError));
        assert_eq!(question(files, b"xyzz"), Err(QuestionError));
        assert_eq!(question(&files.replace("\"b\"", "\"a\""), b"xyz"), Err(QuestionError));
        assert_eq!(question(r#"{"what":"picture","trust":"","width":2,"height":2}"#, b"xyz"), Err(QuestionError));
        assert_eq!(question(r#"{"what":"other","trust":""}"#, b""), Err(QuestionError));
        assert_eq!(Question::parse(&[255, 255, 255, 255, 0]), Err(QuestionError));
        assert_eq!(Question::parse(&[]), Err(QuestionError));
    }
}
