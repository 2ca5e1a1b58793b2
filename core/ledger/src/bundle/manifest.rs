//! The manifest: which files a bundle has, and the SHA-256 of each.
//!
//! Its text is `<force domain>/peel/bundle`, `peel bundle v1`, `made <seconds>`, then one line a file,
//! `<64 hexadecimal digits> <path>`, ascending by path. A manifest has one text.

use std::collections::BTreeMap;

use super::Files;
use crate::Hash;
use crate::checkpoint::parse_decimal;

/// Where the manifest lies.
pub const MANIFEST_PATH: &str = "manifest.note";
const VERSION_LINE: &str = "peel bundle v1";

/// The content of `manifest.note`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// `<force domain>/peel/bundle`.
    pub name: String,
    /// When the bundle was made, in seconds since 1970-01-01 UTC.
    pub made_at_s: u64,
    /// SHA-256 by path.
    pub files: BTreeMap<String, Hash>,
}

/// A path that stays within the bundle's folder, of plain characters.
fn safe_path(path: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.split('/').all(part) && path.chars().all(|c| c.is_ascii_graphic() && c != '\\' && c != ':')
}

impl Manifest {
    /// The manifest of these files.
    pub fn of(name: &str, made_at_s: u64, files: &Files) -> Self {
        let files = files.iter().map(|(path, bytes)| (path.clone(), Hash::of(&[bytes]))).collect();
        Self { name: name.to_owned(), made_at_s, files }
    }

    /// The note text.
    pub fn note_text(&self) -> String {
        let mut text = format!("{}\n{VERSION_LINE}\nmade {}\n", self.name, self.made_at_s);
        for (path, hash) in &self.files {
            text.push_str(&hash.to_hex());
            text.push(' ');
            text.push_str(path);
            text.push('\n');
        }
        text
    }

    /// Reads a note text in its one form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let name = lines.next()?.to_owned();
        if lines.next()? != VERSION_LINE {
            return None;
        }
        let made_at_s = parse_decimal(lines.next()?.strip_prefix("made ")?)?;
        let mut files = BTreeMap::new();
        for line in lines {
            let (hash, path) = line.split_once(' ')?;
            let hash = Hash::from_hex(hash).ok()?;
            if !safe_path(path) || path == MANIFEST_PATH || files.insert(path.to_owned(), hash).is_some() {
                return None;
            }
        }
        let manifest = Self { name, made_at_s, files };
        (manifest.note_text() == text).then_some(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_and_refuses_disorder_and_paths_that_leave_the_folder() {
        let files = Files::from([("a".to_owned(), vec![1]), ("b/c".to_owned(), vec![2])]);
        let manifest = Manifest::of("force.example/peel/bundle", 7, &files);
        let text = manifest.note_text();
        assert_eq!(Manifest::parse(&text), Some(manifest));
        for bad in [" ../a", " /a", " a//b", " manifest.note", " a:b", " "] {
            assert_eq!(Manifest::parse(&text.replace(" a", bad)), None, "{bad}");
        }
        let mut lines: Vec<&str> = text.lines().collect();
        lines.swap(3, 4);
        assert_eq!(Manifest::parse(&(lines.join("\n") + "\n")), None);
        assert_eq!(Manifest::parse(&text.replace("v1", "v2")), None);
        assert_eq!(Manifest::parse(&text.replace("made 7", "made 07")), None);
    }
}
