//! One flipped bit in each file of a bundle, one at a time, each put back.
//!
//! It works on a copy; the bundle itself is never touched.

use std::path::{Path, PathBuf};

use crate::error::VerifyError;

/// Every file below a folder, in a fixed order.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, VerifyError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(VerifyError::file(&folder))? {
            let path = entry.map_err(VerifyError::file(&folder))?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// Copies a folder anew.
pub(crate) fn copy_anew(from: &Path, to: &Path) -> Result<(), VerifyError> {
    if to.exists() {
        std::fs::remove_dir_all(to).map_err(VerifyError::file(to))?;
    }
    for file in files_below(from)? {
        let Ok(relative) = file.strip_prefix(from) else { continue };
        let copy = to.join(relative);
        if let Some(parent) = copy.parent() {
            std::fs::create_dir_all(parent).map_err(VerifyError::file(parent))?;
        }
        std::fs::copy(&file, &copy).map_err(VerifyError::file(&file))?;
    }
    Ok(())
}

/// At most `most` files, evenly spread over all of them.
pub(crate) fn spread(files: &[PathBuf], most: usize) -> Vec<&PathBuf> {
    let step = files.len().div_ceil(most.max(1)).max(1);
    files.iter().step_by(step).collect()
}

/// Flips one bit of a file, calls `then`, and puts the file back. The bit moves with `turn`.
pub(crate) fn with_flipped_bit<T>(
    file: &Path,
    turn: usize,
    then: impl FnOnce() -> Result<T, VerifyError>,
) -> Result<T, VerifyError> {
    let original = std::fs::read(file).map_err(VerifyError::file(file))?;
    let flipped = flipped(&original, turn);
    std::fs::write(file, flipped).map_err(VerifyError::file(file))?;
    let result = then();
    std::fs::write(file, original).map_err(VerifyError::file(file))?;
    result
}

/// The same bytes with one bit changed; an empty file gets a byte.
fn flipped(bytes: &[u8], turn: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    // A step that is no small power of two, so that every region of the files is visited in turn.
    let at = turn.wrapping_mul(7919) % bytes.len().max(1);
    match changed.get_mut(at) {
        Some(byte) => *byte ^= 1 << (turn % 8),
        None => changed.push(0),
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_bit_differs() {
        let bytes = [0_u8; 100];
        for turn in 0..50 {
            let ones: u32 = flipped(&bytes, turn).iter().map(|byte| byte.count_ones()).sum();
            assert_eq!(ones, 1, "turn {turn}");
        }
        assert_eq!(flipped(&[], 3).len(), 1);
    }

    #[test]
    fn the_file_is_put_back() {
        let path = std::env::temp_dir().join(format!("peel-verify-flip-{}", std::process::id()));
        std::fs::write(&path, b"entry").expect("written");
        let during = with_flipped_bit(&path, 1, || Ok(std::fs::read(&path).expect("read"))).expect("done");
        assert_ne!(during, b"entry");
        assert_eq!(std::fs::read(&path).expect("read"), b"entry");
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn a_long_list_is_thinned_evenly() {
        let files: Vec<PathBuf> = (0..10).map(|n| PathBuf::from(n.to_string())).collect();
        assert_eq!(spread(&files, 5).len(), 5);
        assert_eq!(spread(&files, 100).len(), 10);
        assert!(spread(&[], 5).is_empty());
    }
}
