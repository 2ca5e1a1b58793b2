//! The check behind the page that a person opens from a file, with no network: a receipt, a picture of one, or a bundle.
//!
//! It is one program that reads a question from its standard input and writes an answer in JSON, so that the page runs
//! the very code that the tool runs. It must never need a network, a clock, a file or a random number; the page gives it
//! none of them. What it is given is untrusted and bounded.

mod answer;
mod picture;
mod question;

pub use answer::{Answer, answer};
pub use picture::{Picture, read_codes};
pub use question::{Question, QuestionError};
