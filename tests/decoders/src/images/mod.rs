//! The corpus of images, `tests/vectors/images`: ordinary, unusual, damaged and hostile ones, each with its right answer.
//!
//! For: everything that decodes images, here and in other languages. All of it is drawn by a formula and encoded by the
//! library that the product uses or, where that makes no such files, by hand; there is no photograph and no file of anybody
//! else's. Always: an answer comes from what was drawn, never from a decoder.
//!
//! `peel-seeds images FOLDER` writes the folder; a test says when it is not what is made here. What is too large to be
//! kept is made where it is needed: [`large`].

mod drawn;
mod hostile;
mod jpeg;
mod large;
mod ordinary;
mod png;

use std::fmt::Write as _;

pub use drawn::Quarters;
pub use large::large;

/// One image, and what every decoder of ours must say of it.
pub struct Image {
    /// Its file's name.
    pub name: String,
    /// What is special about it.
    pub about: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// The right answer.
    pub answer: Answer,
}

/// The right answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A picture.
    Right {
        /// Width of the upright picture.
        width: usize,
        /// Its height.
        height: usize,
        /// What it shows.
        quarters: Quarters,
        /// How far each mean may be off.
        tolerance: u8,
    },
    /// No picture, and the error's code.
    Wrong(&'static str),
}

/// How far means may be off in JPEG: quantisation and the decoders' arithmetic.
const LOSSY: u8 = 3;

fn image(name: &str, about: &'static str, bytes: Vec<u8>, answer: Answer) -> Image {
    Image { name: name.to_owned(), about, bytes, answer }
}

fn right(name: &str, about: &'static str, bytes: Vec<u8>, picture: &drawn::Drawn, tolerance: u8) -> Image {
    let answer =
        Answer::Right { width: picture.width, height: picture.height, quarters: picture.quarters(), tolerance };
    image(name, about, bytes, answer)
}

fn wrong(name: &str, about: &'static str, bytes: Vec<u8>, code: &'static str) -> Image {
    image(name, about, bytes, Answer::Wrong(code))
}

/// Every image that is small enough to be kept.
pub fn kept() -> Vec<Image> {
    let mut images = ordinary::jpegs();
    images.extend(ordinary::pngs());
    images.extend(hostile::jpegs());
    images.extend(hostile::pngs());
    images.extend(hostile::others());
    images
}

/// The manifest, as TOML.
pub fn manifest(images: &[Image]) -> String {
    let mut text = String::from(
        "# Written by `cargo run --bin peel-seeds -- images tests/vectors/images`; README.md says what it means.\n",
    );
    for image in images {
        let _ = write!(text, "\n[[image]]\nfile = \"{}\"\nabout = \"{}\"\n", image.name, image.about);
        let _ = match image.answer {
            Answer::Right { width, height, quarters, tolerance } => {
                write!(text, "sides = [{width}, {height}]\nquarters = {:?}\ntolerance = {tolerance}\n", quarters.text())
            }
            Answer::Wrong(code) => writeln!(text, "error = \"{code}\""),
        };
    }
    text
}

/// The folder's files: images and manifest.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let images = kept();
    let manifest = ("manifest.toml".to_owned(), manifest(&images).into_bytes());
    images.into_iter().map(|image| (image.name, image.bytes)).chain([manifest]).collect()
}
