//! The corpus of images through our decoder and the face check: the right answer or the right error, within the memory
//! that a phone can spare.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a failure here is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use peel_decoders::images::{Answer, Image, Quarters, files, kept, large};
use peel_face::{FaceCheck, FaceError, ImageError, Masking};
use peel_picture::{Picture, Source};

static CHECK: LazyLock<FaceCheck> = LazyLock::new(|| FaceCheck::from_directory(&workspace().join("models")).unwrap());

const FOLDER: &str = "PEEL_IMAGES_FOLDER";
/// The whole process: input, decoded picture, models, program (face.md, "Bad input").
const LIMIT_KILOBYTES: u64 = 200_000;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_folder_holds_what_is_made_here_and_nothing_else() {
    let folder = workspace().join("tests/vectors/images");
    let made: BTreeMap<String, Vec<u8>> = files().into_iter().collect();
    let names = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let there: Vec<String> = names.filter(|name| name != "README.md").collect();
    assert_eq!(made.len(), files().len(), "a name is used twice");
    for name in &there {
        assert!(made.contains_key(name), "{name} is not made here");
    }
    for (name, bytes) in made {
        let same = fs::read(folder.join(&name)).is_ok_and(|there| there == bytes);
        assert!(same, "{name}: run `cargo run --bin peel-seeds -- images tests/vectors/images`");
    }
}

#[test]
fn every_image_gives_the_right_answer_at_every_reduction() {
    let mut slowest = (Duration::ZERO, String::new());
    let mut count = 0;
    let mut wrong = Vec::new();
    for image in kept().into_iter().chain(large()) {
        let begun = Instant::now();
        for reduction in [1, 2, 4, 8] {
            let decoded = Source::read(&image.bytes).and_then(|source| source.decode(reduction));
            if let Err(what) = judge(&image, reduction, decoded) {
                wrong.push(format!("{}, 1/{reduction}: {what}", image.name));
            }
        }
        slowest = slowest.max((begun.elapsed() / 4, image.name));
        count += 1;
    }
    println!("{count} images; the slowest, {}: {:?} for each of four decodings", slowest.1, slowest.0);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn judge(image: &Image, reduction: usize, decoded: Result<Picture, ImageError>) -> Result<(), String> {
    match (image.answer, decoded) {
        (Answer::Wrong(code), Err(error)) if error.code() == code => Ok(()),
        (Answer::Right { width, height, quarters, tolerance }, Ok(picture)) => {
            let step = picture.reduction();
            let fits = |side: usize, full: usize| (full / step..=full.div_ceil(step)).contains(&side);
            if !fits(picture.width(), width) || !fits(picture.height(), height) || (step > reduction && step > 2) {
                return Err(format!("{} by {} at 1/{step}", picture.width(), picture.height()));
            }
            let shown = Quarters::of(picture.width(), picture.height(), picture.pixels());
            // A reduced pixel covers another part of what is shown where the sides are no whole steps; and chroma that is
            // subsampled as well is coarser than what is looked at.
            let (step, least) = (u8::try_from(step).unwrap(), width.min(height));
            let whole = width.is_multiple_of(8) && height.is_multiple_of(8);
            let coarse = match (step, whole || least > 1000) {
                (1, _) => 0,
                (_, true) if tolerance == 0 => 1,
                (_, true) => 2 * step,
                (_, false) => u8::try_from(usize::from(step) * 175 / least).unwrap(),
            };
            let apart = shown.apart(&quarters);
            if apart <= tolerance.saturating_add(coarse) { Ok(()) } else { Err(format!("{apart} off: {shown:?}")) }
        }
        (answer, Ok(picture)) => Err(format!("{} by {} for {answer:?}", picture.width(), picture.height())),
        (answer, Err(error)) => Err(format!("{error:?} for {answer:?}")),
    }
}

#[test]
fn the_face_check_gives_every_image_the_same_answer() {
    for image in kept() {
        let masked = CHECK.mask_bystanders(&image.bytes);
        let opened = CHECK.open_reference(&image.bytes);
        match image.answer {
            Answer::Right { .. } => {
                let masked = masked.unwrap_or_else(|error| panic!("{}: {error}", image.name));
                assert_eq!((masked.masking, masked.bytes == image.bytes), (Masking::NoFace, true), "{}", image.name);
                assert!(opened.is_ok(), "{}", image.name);
            }
            Answer::Wrong(code) => {
                let Err(FaceError::Image(error)) = masked else { panic!("{}: {masked:?}", image.name) };
                assert_eq!(error.code(), code, "{}", image.name);
                assert_eq!(opened.unwrap_err(), FaceError::Reference(error), "{}", image.name);
            }
        }
    }
}

#[test]
fn no_image_takes_more_memory_than_a_phone_can_spare() {
    let folder = tempfile::tempdir().unwrap();
    for image in kept().into_iter().chain(large()) {
        fs::write(folder.path().join(image.name), image.bytes).unwrap();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "measured_in_a_process_of_its_own", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "the other test starts it"]
fn measured_in_a_process_of_its_own() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    LazyLock::force(&CHECK);
    let Some(loaded) = peak_kilobytes() else { return };
    let mut highest = (0, String::new());
    let mut slowest = (Duration::ZERO, String::new());
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Linux forgets the peak so far, where it lets a process ask for that.
        let _ = fs::write("/proc/self/clear_refs", "5");
        let image = fs::read(path).unwrap();
        let begun = Instant::now();
        let _ = CHECK.mask_bystanders(&image);
        slowest = slowest.max((begun.elapsed(), name.clone()));
        let begun = Instant::now();
        let _ = CHECK.open_reference(&image);
        slowest = slowest.max((begun.elapsed(), name.clone()));
        highest = highest.max((peak_kilobytes().unwrap(), name));
    }
    println!("{loaded} kilobytes with the models loaded; {} at most, with {}", highest.0, highest.1);
    println!("the slowest, {}: {:?}", slowest.1, slowest.0);
    assert!(highest.0 < LIMIT_KILOBYTES, "{} kilobytes with {}", highest.0, highest.1);
}

/// The greatest resident size so far; only Linux tells.
fn peak_kilobytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
