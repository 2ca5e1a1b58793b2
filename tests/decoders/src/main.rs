//! `peel-seeds corpus FOLDER` writes the seed corpora of the fuzz targets, `peel-seeds cases FOLDER [SEED]` the cases
//! that the referees in other languages judge, `peel-seeds images FOLDER` the corpus of images, and `peel-seeds decoded
//! FILE...` what our decoder makes of files: a JSON object a line.
//!
//! Everything is made here, from real values of a small made-up force. Cases are drawn anew from each seed.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use peel_decoders::{TARGETS, cases, images};
use peel_picture::Source;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let written = match arguments.as_slice() {
        ["corpus", folder] => corpus(Path::new(folder)),
        ["cases", folder] => write(Path::new(folder), cases::files(1)),
        ["cases", folder, seed] if seed.parse::<u64>().is_ok() => {
            write(Path::new(folder), cases::files(seed.parse().unwrap_or_default()))
        }
        ["images", folder] => write(Path::new(folder), images::files()),
        ["decoded", files @ ..] => decoded(files),
        _ => {
            eprintln!("usage: peel-seeds corpus FOLDER | cases FOLDER [SEED] | images FOLDER | decoded FILE...");
            return ExitCode::from(2);
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed to write: {error}");
            ExitCode::FAILURE
        }
    }
}

fn corpus(folder: &Path) -> io::Result<()> {
    for target in TARGETS {
        let seeds = (target.seeds)().into_iter().enumerate();
        write(&folder.join(target.name), seeds.map(|(number, seed)| (format!("seed-{number:02}"), seed)))?;
    }
    Ok(())
}

fn decoded(files: &[&str]) -> io::Result<()> {
    for file in files {
        let bytes = fs::read(file)?;
        let picture = Source::read(&bytes).and_then(|source| source.decode(1));
        let line = match picture {
            Ok(picture) => serde_json::json!({
                "width": picture.width(), "height": picture.height(), "rgb": hex::encode(picture.pixels()),
            }),
            Err(error) => serde_json::json!({ "error": error.code() }),
        };
        println!("{line}");
    }
    Ok(())
}

fn write(folder: &Path, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> io::Result<()> {
    for (path, bytes) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}
