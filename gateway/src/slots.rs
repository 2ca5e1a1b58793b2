//! A small file that is written again and again and must be durable each time: two copies in one file, written in turns.
//!
//! For: what was signed, after each commit. A file that is written beside and renamed waits for the disk twice, and each
//! time for the file system's own records; a copy that lies where it lay waits once, for itself.
//! Must never: overwrite the newest copy that is whole, or take a torn one for it. Always: who writes or reads holds the
//! lock beside the file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::files;

/// Bytes of each copy, its first line and padding included.
const COPY_BYTES: usize = 16 * 1024;
/// How a copy begins: `# copy NUMBER LENGTH SHA-256`, the hash over number and text.
const MARK: &str = "# copy ";

/// One whole copy.
struct Written {
    /// The copy with the higher number is the newer one.
    number: u64,
    text: String,
    at: usize,
}

/// A file of two copies.
#[derive(Debug)]
pub(crate) struct Slots(PathBuf);

/// The right to read and write, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    slots: &'a Slots,
    _lock: File,
}

fn malformed() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn digest(number: u64, text: &str) -> String {
    hex::encode(Sha256::new().chain_update(number.to_be_bytes()).chain_update(text).finalize())
}

fn copy_of(number: u64, text: &str) -> io::Result<Vec<u8>> {
    let copy = format!("{MARK}{number} {} {}\n{text}", text.len(), digest(number, text)).into_bytes();
    if copy.len() > COPY_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(copy) }
}

fn parsed(at: usize, bytes: &[u8]) -> Option<Written> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (first, rest) = bytes.split_at_checked(end)?;
    let mut words = std::str::from_utf8(first).ok()?.strip_prefix(MARK)?.split(' ');
    let number = words.next()?.parse().ok()?;
    let length: usize = words.next()?.parse().ok()?;
    let text = std::str::from_utf8(rest.get(1..)?.get(..length)?).ok()?;
    (words.next()? == digest(number, text)).then(|| Written { number, text: text.to_owned(), at })
}

impl Slots {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Waits for whoever has the file.
    pub(crate) fn turn(&self) -> io::Result<Turn<'_>> {
        let mut beside = self.0.clone().into_os_string();
        beside.push(".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(beside)?;
        lock.lock()?;
        Ok(Turn { slots: self, _lock: lock })
    }
}

impl Turn<'_> {
    /// The newest whole copy, or the text of a file that is none of ours; nothing where there is no file.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a file that begins as ours and has no whole copy.
    pub(crate) fn read(&self) -> io::Result<Option<String>> {
        match self.bytes()? {
            None => Ok(None),
            Some(bytes) if !bytes.starts_with(MARK.as_bytes()) && newest(&bytes).is_none() => {
                String::from_utf8(bytes).map(Some).map_err(|_| malformed())
            }
            Some(bytes) => newest(&bytes).map(|copy| Some(copy.text)).ok_or_else(malformed),
        }
    }

    /// Puts a text in the place of the older copy, durably.
    pub(crate) fn write(&self, text: &str) -> io::Result<()> {
        let Some(newest) = self.bytes()?.as_deref().and_then(newest) else {
            return self.begin(text);
        };
        let copy = copy_of(newest.number.checked_add(1).ok_or_else(malformed)?, text)?;
        let file = OpenOptions::new().write(true).open(self.slots.path())?;
        let at = if newest.at == 0 { COPY_BYTES } else { 0 };
        file.write_all_at(&copy, at as u64)?;
        file.sync_data()
    }

    /// The first writing, which also replaces a file that is none of ours: with room for both copies, so that no later one
    /// changes the file's length.
    fn begin(&self, text: &str) -> io::Result<()> {
        let mut bytes = copy_of(1, text)?;
        bytes.resize(2 * COPY_BYTES, b'\n');
        files::write_private(self.slots.path(), &bytes)
    }

    fn bytes(&self) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.slots.path()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let most = files::MAX_FILE_BYTES;
        if file.metadata()?.len() > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

fn newest(bytes: &[u8]) -> Option<Written> {
    let copies = bytes.chunks(COPY_BYTES).take(2).enumerate();
    copies.filter_map(|(index, bytes)| parsed(index * COPY_BYTES, bytes)).max_by_key(|copy| copy.number)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use proptest::prelude::*;

    use super::*;

    fn slots(dir: &tempfile::TempDir) -> Slots {
        Slots::new(dir.path().join("s"))
    }

    fn read(slots: &Slots) -> io::Result<Option<String>> {
        slots.turn()?.read()
    }

    #[test]
    fn what_was_written_last_is_read_and_the_file_keeps_its_length_and_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let slots = slots(&dir);
        assert_eq!(read(&slots).unwrap(), None);
        for text in ["first and longer", "second", "", "the fourth\nhas lines\n", &"x".repeat(16_000)] {
            slots.turn().unwrap().write(text).unwrap();
            assert_eq!(read(&slots).unwrap().as_deref(), Some(text));
            let file = std::fs::metadata(slots.path()).unwrap();
            assert_eq!((file.len(), file.permissions().mode() & 0o777), (2 * COPY_BYTES as u64, 0o600));
        }
        assert!(slots.turn().unwrap().write(&"x".repeat(COPY_BYTES)).is_err(), "no room");
        assert_eq!(read(&slots).unwrap().unwrap().len(), 16_000);
    }

    #[test]
    fn a_file_of_an_earlier_version_is_read_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let slots = slots(&dir);
        std::fs::write(slots.path(), "a = 1\n").unwrap();
        assert_eq!(read(&slots).unwrap().as_deref(), Some("a = 1\n"));
        slots.turn().unwrap().write("a = 2\n").unwrap();
        assert_eq!(read(&slots).unwrap().as_deref(), Some("a = 2\n"));
    }

    proptest! {
        /// Whatever of a copy reached the disk, in whatever order: the one before is still there.
        #[test]
        fn a_write_that_was_torn_leaves_the_copy_before(
            texts in prop::collection::vec("[a-z\n]{0,6000}", 2..5),
            torn in prop::collection::vec(any::<bool>(), 16 * 1024 / 512),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let slots = slots(&dir);
            let (last, before) = texts.split_last().unwrap();
            for text in before {
                slots.turn().unwrap().write(text).unwrap();
            }
            let old = std::fs::read(slots.path()).unwrap();
            slots.turn().unwrap().write(last).unwrap();
            let mut found = std::fs::read(slots.path()).unwrap();
            // Sectors that did not get there.
            for (sector, lost) in torn.iter().cycle().take(found.len() / 512).enumerate() {
                let bytes = sector * 512..(sector + 1) * 512;
                if *lost {
                    found[bytes.clone()].copy_from_slice(&old[bytes]);
                }
            }
            std::fs::write(slots.path(), &found).unwrap();
            let read = read(&slots).unwrap().unwrap();
            prop_assert!(read == *last || read == *before.last().unwrap());
            // And the next write leaves what was read.
            slots.turn().unwrap().write("next").unwrap();
            prop_assert_eq!(slots.turn().unwrap().read().unwrap().unwrap(), "next");
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40_000)) {
            let dir = tempfile::tempdir().unwrap();
            let slots = slots(&dir);
            std::fs::write(slots.path(), &bytes).unwrap();
            let _ = read(&slots);
            let mut marked = MARK.as_bytes().to_vec();
            marked.extend(bytes);
            std::fs::write(slots.path(), &marked).unwrap();
            prop_assert!(read(&slots).is_err(), "ours, and not whole");
        }
    }
}
