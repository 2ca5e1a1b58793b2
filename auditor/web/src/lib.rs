//! The check behind the page that a person opens from a file, with no network: a receipt, a picture of one, or a bundle.
//!
//! It is one program that reads a question from its standard input and writes an answer in JSON, so that the page runs
//! the very code that the tool runs. It must never need a network, a clock or a file; the page gives it none of them. A
//! random number seeds the table of names of a ZIP file and nothing else. What it is given is untrusted and bounded.

mod answer;
mod picture;
mod question;
mod zipped;

pub use answer::{Answer, answer};
pub use picture::{Picture, read_codes};
pub use question::{Question, QuestionError};
pub use zipped::{ZipError, unpack};
