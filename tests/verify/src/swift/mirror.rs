//! Which Debian mirror this machine uses, from its own APT sources.
//!
//! Both forms are read: one line an entry (`.list`) and stanzas (`.sources`).

use std::path::{Path, PathBuf};

/// Overrides what the sources say, for machines that are not Debian.
const OVERRIDE: &str = "PEEL_DEBIAN_MIRROR";

/// The mirror of Debian's main archive, if this machine names one.
pub(super) fn of_this_machine() -> Option<String> {
    if let Ok(given) = std::env::var(OVERRIDE) {
        return Some(given);
    }
    source_files()
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok().map(|text| (path, text)))
        .find_map(|(path, text)| main_archive(&uris(path, &text)))
}

fn source_files() -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(folder) = std::fs::read_dir("/etc/apt/sources.list.d") {
        let mut more: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
        more.sort();
        files.extend(more);
    }
    files
}

fn uris(path: &Path, text: &str) -> Vec<String> {
    let stanzas = path.extension().is_some_and(|extension| extension == "sources");
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| {
            let words = if stanzas { line.strip_prefix("URIs:") } else { line.strip_prefix("deb ") };
            words.unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|word| word.contains("://"))
        .collect()
}

/// The main archive's address ends in `debian`; those of security updates and of others do not.
fn main_archive(uris: &[String]) -> Option<String> {
    uris.iter().find(|uri| uri.trim_end_matches('/').ends_with("/debian")).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stanzas_and_lines() {
        let stanza =
            "Types: deb\n# URIs: http://old/debian\nURIs: http://mirror/debian-security http://mirror/debian/\n";
        assert_eq!(main_archive(&uris(Path::new("a.sources"), stanza)).as_deref(), Some("http://mirror/debian/"));
        let line = "# deb http://old/debian x\ndeb [signed-by=/k.gpg] https://mirror/debian bookworm main\n";
        assert_eq!(main_archive(&uris(Path::new("sources.list"), line)).as_deref(), Some("https://mirror/debian"));
    }

    #[test]
    fn another_distribution_has_no_mirror_of_debian() {
        let line = "deb http://archive/ubuntu noble main universe\n";
        assert_eq!(main_archive(&uris(Path::new("sources.list"), line)), None);
    }
}
