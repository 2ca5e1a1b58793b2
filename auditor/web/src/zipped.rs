//! Unpacks a bundle that came as one ZIP file.
//!
//! The bundle is the folder with the manifest that lies nearest to the top; what lies outside of it is not looked at, as
//! with a folder that is dropped on the page. Nothing is written anywhere, so a name cannot lead out of a folder: one that
//! the bundle's own rules do not allow is refused there. What unpacks to more than a page can hold is refused here.

use std::io::{Cursor, Read as _};

use peel_ledger::bundle::Files;
use zip::ZipArchive;

const MANIFEST: &str = "manifest.note";
/// More files than a bundle of the largest manifest names.
const MAX_FILES: usize = 50_000;
/// The directory's end record without its comment.
const END_RECORD_BYTES: usize = 22;
/// As much as a browser gives a page, unpacked.
const MAX_BYTES: u64 = 1 << 30;

/// Why a ZIP file was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    /// No ZIP file, or a damaged one.
    #[error("It is no ZIP file, or it is damaged: a file in it does not unpack to what it says")]
    Damaged,
    /// It asks for a password.
    #[error("It is locked with a password")]
    Locked,
    /// It unpacks to more than this page can hold.
    #[error("It unpacks to more than this page can hold; use the command line tool")]
    TooLarge,
    /// One name twice.
    #[error("It has two files of the same name")]
    Doubled,
}

/// The bundle's files by path, relative to the folder where its manifest lies.
///
/// # Errors
/// [`ZipError`]; a file without a manifest is no error here: the check says what is missing.
pub fn unpack(content: &[u8]) -> Result<Files, ZipError> {
    unpack_within(content, MAX_BYTES)
}

fn unpack_within(content: &[u8], most: u64) -> Result<Files, ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(content)).map_err(|_| ZipError::Damaged)?;
    let listed = listed(&archive, content).ok_or(ZipError::Damaged)?;
    if listed > MAX_FILES {
        return Err(ZipError::TooLarge);
    }
    // The library keeps the last file of a name; another reader of the same ZIP file may show the first.
    if listed != archive.len() {
        return Err(ZipError::Doubled);
    }
    let root = root(&archive);
    let mut files = Files::new();
    let mut left = most;
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).and_then(Result::ok).ok_or(ZipError::Damaged)?;
        let Some(path) = name.strip_prefix(root.as_str()).filter(|path| !path.is_empty()).map(str::to_owned) else {
            continue;
        };
        if archive.by_index_raw(index).map_err(|_| ZipError::Damaged)?.encrypted() {
            return Err(ZipError::Locked);
        }
        let file = archive.by_index(index).map_err(|_| ZipError::Damaged)?;
        if file.is_dir() {
            continue;
        }
        let mut bytes = Vec::new();
        let read = file.take(left + 1).read_to_end(&mut bytes).map_err(|_| ZipError::Damaged)?;
        left = left.checked_sub(read as u64).ok_or(ZipError::TooLarge)?;
        if files.insert(path, bytes).is_some() {
            return Err(ZipError::Doubled);
        }
    }
    Ok(files)
}

/// How many files the directory's end record says that it lists (APPNOTE 4.3.16: two bytes, 10 from its start).
fn listed(archive: &ZipArchive<Cursor<&[u8]>>, content: &[u8]) -> Option<usize> {
    let start = content.len().checked_sub(END_RECORD_BYTES + archive.comment().len())?;
    let count = content.get(start..)?.strip_prefix(b"PK\x05\x06")?.get(6..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*count)))
}

/// The folder of the manifest nearest to the top, with its slash; empty if it is the top or there is none.
fn root(archive: &ZipArchive<Cursor<&[u8]>>) -> String {
    archive
        .file_names()
        .flatten()
        .filter_map(|name| name.strip_suffix(MANIFEST).map(str::to_owned))
        .filter(|folder| folder.is_empty() || folder.ends_with('/'))
        .min_by_key(|folder| (folder.len(), folder.clone()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in files {
            writer.start_file(*path, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn the_bundle_is_the_folder_with_the_manifest_nearest_to_the_top() {
        let content = zipped(&[
            ("notes.txt", b"no part of it"),
            ("case 7/bundle/manifest.note", b"the manifest"),
            ("case 7/bundle/logs/e1/checkpoint", b"a checkpoint"),
            ("case 7/bundle/logs/e1/manifest.note", b"a deeper one"),
        ]);
        let files = unpack(&content).unwrap();
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["logs/e1/checkpoint", "logs/e1/manifest.note", "manifest.note"]);
        assert_eq!(files["manifest.note"], b"the manifest");
        assert_eq!(unpack(&zipped(&[("manifest.note", b"at the top")])).unwrap().len(), 1);
        assert_eq!(unpack(&zipped(&[("a/not-a-manifest.note", b"")])).unwrap().len(), 1);
    }

    #[test]
    fn what_unpacks_to_more_than_the_bound_is_refused() {
        let noughts = vec![0; 1 << 20];
        let content = zipped(&[("manifest.note", &noughts), ("checkpoint", b"1")]);
        assert!(content.len() < 4096);
        assert_eq!(unpack_within(&content, 1 << 20), Err(ZipError::TooLarge));
        assert_eq!(unpack_within(&content, (1 << 20) - 1), Err(ZipError::TooLarge));
        assert_eq!(unpack_within(&content, (1 << 20) + 1).unwrap().len(), 2);
    }

    #[test]
    fn a_locked_file_and_a_name_twice_are_refused_by_name() {
        let mut content = zipped(&[("manifest.note", b"words")]);
        // Bit 0 of the flags in the file's own header and in the directory: encrypted (APPNOTE 4.4.4).
        let directory = content.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        content[6] |= 1;
        content[directory + 8] |= 1;
        assert_eq!(unpack(&content), Err(ZipError::Locked));
        let mut content = zipped(&[("a/manifest.note", b"words"), ("a/manifest.nota", b"others")]);
        for at in 0..content.len() - 4 {
            if &content[at..at + 4] == b"nota" {
                content[at + 3] = b'e';
            }
        }
        assert_eq!(unpack(&content), Err(ZipError::Doubled));
    }

    #[test]
    fn every_cut_and_flipped_bit_is_refused_or_leaves_what_was_there() {
        let content = zipped(&[("manifest.note", b"the manifest's words"), ("logs/e1/checkpoint", b"a checkpoint")]);
        let whole = unpack(&content).unwrap();
        for end in 0..content.len() {
            assert!(unpack(&content[..end]).is_err(), "cut to {end}");
        }
        for at in 0..content.len() * 8 {
            let mut changed = content.clone();
            changed[at / 8] ^= 1 << (at % 8);
            if let Ok(files) = unpack(&changed) {
                for (path, bytes) in &files {
                    // A name may change, and the manifest then misses it; no file has other content.
                    assert!(whole.values().any(|held| held == bytes), "{path} after bit {at}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_it_is_given_it_does_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = unpack(&bytes);
            let _ = unpack(&[b"PK\x03\x04".as_slice(), &bytes, b"PK\x05\x06\0\0\0\0\x01\0\x01\0"].concat());
        }
    }
}
