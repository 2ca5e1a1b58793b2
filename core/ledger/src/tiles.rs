//! Storage layout for reading and export: C2SP tlog-tiles, as (path, bytes) pairs.
//!
//! A log of a given size has exactly one set of files; [`layout`] names them all. Nothing here touches a
//! file system, and a path that did not come from this module is never trusted.

use std::collections::BTreeMap;

use crate::Hash;
use crate::entry::MAX_ENTRY_BYTES;
use crate::parallel::in_chunks;
use crate::tree::{CompactRange, empty_root, leaf_hash, node_hash};

/// Hashes or entries in a full tile.
pub const TILE_WIDTH: u64 = 256;
const TILE_HEIGHT: u32 = 8;
/// Fewer leaves than this are not worth a thread.
const LEAVES_A_THREAD: usize = 1024;

/// Why a tile was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A tile or bundle that is not of the length or form that its place asks for.
    #[error("read tile: not in the form its place asks for")]
    Malformed,
    /// A file of the log's layout is not there.
    #[error("read tiles: a file of the log is missing")]
    Missing,
    /// A hash tile does not hold the hashes of the entries.
    #[error("read tiles: hash tile differs from the entries")]
    Hashes,
    /// An entry longer than tlog-tiles allows.
    #[error("write tile: entry longer than 65,535 bytes")]
    TooLong,
}

/// Which tile of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileKind {
    /// Hashes at a level; level 0 holds leaf hashes.
    Hashes {
        /// The level, each of height 8.
        level: u32,
    },
    /// Entries.
    Entries,
}

/// One file of a log's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// Hashes or entries.
    pub kind: TileKind,
    /// Position from the left.
    pub index: u64,
    /// Hashes or entries in it, 1 to 256.
    pub width: u64,
}

impl Tile {
    /// The path under the log's folder, such as `tile/0/x001/067.p/8` or `tile/entries/000`.
    pub fn path(&self) -> String {
        let level = match self.kind {
            TileKind::Hashes { level } => level.to_string(),
            TileKind::Entries => "entries".to_owned(),
        };
        let mut digits = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            digits = format!("x{:03}/{digits}", rest % 1000);
            rest /= 1000;
        }
        if self.width == TILE_WIDTH {
            format!("tile/{level}/{digits}")
        } else {
            format!("tile/{level}/{digits}.p/{}", self.width)
        }
    }

    /// Reads a path that [`Tile::path`] could have given; nothing for any other.
    pub fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, width.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))?),
            None => (rest, TILE_WIDTH),
        };
        let mut index = 0_u64;
        for part in digits.split('/') {
            index = index.checked_mul(1000)?.checked_add(part.trim_start_matches('x').parse().ok()?)?;
        }
        let kind = if level == "entries" { TileKind::Entries } else { TileKind::Hashes { level: level.parse().ok()? } };
        // What was read too kindly does not come back as it was written.
        Some(Self { kind, index, width }).filter(|tile| tile.path() == path)
    }
}

/// Every file of a log with `size` entries, besides its checkpoint.
pub fn layout(size: u64) -> Vec<Tile> {
    let mut tiles = tiles_of(TileKind::Entries, size);
    let (mut level, mut nodes) = (0, size);
    while nodes > 0 {
        tiles.extend(tiles_of(TileKind::Hashes { level }, nodes));
        nodes >>= TILE_HEIGHT;
        level += 1;
    }
    tiles
}

fn tiles_of(kind: TileKind, items: u64) -> Vec<Tile> {
    let full = (0..items / TILE_WIDTH).map(|index| Tile { kind, index, width: TILE_WIDTH });
    let width = items % TILE_WIDTH;
    let partial = (width > 0).then_some(Tile { kind, index: items / TILE_WIDTH, width });
    full.chain(partial).collect()
}

/// The entry bundle of up to 256 entries: each with a 16-bit big-endian length before it.
pub fn encode_entries(entries: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, TileError> {
    let mut bundle = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| TileError::TooLong)?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Reads an entry bundle of exactly `width` entries.
pub fn decode_entries(mut bundle: &[u8], width: u64) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    for _ in 0..width {
        let (length, rest) = bundle.split_first_chunk::<2>().ok_or(TileError::Malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(TileError::Malformed)?;
        entries.push(entry);
        bundle = rest;
    }
    if bundle.is_empty() { Ok(entries) } else { Err(TileError::Malformed) }
}

/// Every complete subtree's root: row 0 the leaves, each next row the parents of the last one's pairs.
fn rows(leaves: Vec<Hash>) -> Vec<Vec<Hash>> {
    let mut rows = Vec::new();
    let mut row = leaves;
    while !row.is_empty() {
        let parents = in_chunks(row.as_chunks::<2>().0, LEAVES_A_THREAD, |_, pairs| {
            pairs.iter().map(|[left, right]| node_hash(left, right)).collect::<Vec<_>>()
        });
        rows.push(std::mem::replace(&mut row, parents.into_iter().flatten().collect()));
    }
    rows
}

/// The row that a level of hash tiles shows.
fn row_of(rows: &[Vec<Hash>], level: u32) -> Option<&[Hash]> {
    rows.get(usize::try_from(level.checked_mul(TILE_HEIGHT)?).ok()?).map(Vec::as_slice)
}

/// Whether a stored hash tile is exactly these hashes, without writing one to compare with.
fn holds(stored: &[u8], hashes: &[Hash]) -> bool {
    stored.len() == hashes.len() * Hash::LEN
        && stored.chunks_exact(Hash::LEN).zip(hashes).all(|(stored, hash)| stored == hash.as_bytes())
}

/// Writes the files of a log under its folder (paths relative to it), without its checkpoint.
pub fn write_log(entries: &[impl AsRef<[u8]>]) -> Result<Vec<(String, Vec<u8>)>, TileError> {
    let rows = rows(entries.iter().map(|entry| leaf_hash(entry.as_ref())).collect());
    let mut files = Vec::new();
    for tile in layout(entries.len() as u64) {
        let start = usize::try_from(tile.index * TILE_WIDTH).map_err(|_| TileError::Malformed)?;
        let end = start + usize::try_from(tile.width).map_err(|_| TileError::Malformed)?;
        let bytes = match tile.kind {
            TileKind::Entries => encode_entries(entries.get(start..end).ok_or(TileError::Malformed)?)?,
            TileKind::Hashes { level } => {
                let hashes = row_of(&rows, level).and_then(|row| row.get(start..end)).ok_or(TileError::Malformed)?;
                hashes.iter().flat_map(|hash| hash.to_bytes()).collect()
            }
        };
        files.push((tile.path(), bytes));
    }
    Ok(files)
}

/// A log read back from its files, with every hash recomputed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TiledLog {
    /// The entries, in order.
    pub entries: Vec<Vec<u8>>,
    /// Their leaf hashes.
    pub leaves: Vec<Hash>,
    /// The range over them; its root is the log's.
    pub range: CompactRange,
}

/// Reads a log of `size` entries from its files. Every file of the layout must be there and every hash
/// tile must hold what the entries give; other files are not looked at.
pub fn read_log(size: u64, files: &BTreeMap<String, Vec<u8>>) -> Result<TiledLog, TileError> {
    let view = LogView::read(size, files.len(), |path| files.get(path).map(Vec::as_slice))?;
    let range = view.range_at(size).ok_or(TileError::Malformed)?;
    let entries = view.entries.iter().map(|entry| entry.to_vec()).collect();
    Ok(TiledLog { entries, leaves: view.leaves().to_vec(), range })
}

/// A log seen in its files: nothing is copied, every entry is hashed once.
#[derive(Debug)]
pub struct LogView<'a> {
    /// The entries, in order.
    pub entries: Vec<&'a [u8]>,
    /// Row 0 the leaf hashes, each next row the parents of the last one's pairs.
    rows: Vec<Vec<Hash>>,
}

impl<'a> LogView<'a> {
    /// Looks at a log of `size` entries. `files` is how many files there are in all, `file` finds one by its path under
    /// the log's folder. Every file of the layout must be there and every hash tile must hold what the entries give.
    pub fn read(size: u64, files: usize, file: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Self, TileError> {
        // The layout is only named after the files are counted: a forged size must not cost memory.
        if size / TILE_WIDTH > files as u64 {
            return Err(TileError::Missing);
        }
        let mut entries = Vec::new();
        for tile in tiles_of(TileKind::Entries, size) {
            let bundle = file(&tile.path()).ok_or(TileError::Missing)?;
            entries.append(&mut decode_entries(bundle, tile.width)?);
        }
        if entries.iter().any(|entry| entry.len() > MAX_ENTRY_BYTES) {
            return Err(TileError::TooLong);
        }
        let leaves = in_chunks(&entries, LEAVES_A_THREAD, |_, chunk| {
            chunk.iter().map(|entry| leaf_hash(entry)).collect::<Vec<_>>()
        });
        let view = Self { entries, rows: rows(leaves.into_iter().flatten().collect()) };
        for tile in layout(size).into_iter().filter(|tile| tile.kind != TileKind::Entries) {
            let stored = file(&tile.path()).ok_or(TileError::Missing)?;
            if !view.tile_hashes(&tile).is_some_and(|hashes| holds(stored, hashes)) {
                return Err(TileError::Hashes);
            }
        }
        Ok(view)
    }

    fn tile_hashes(&self, tile: &Tile) -> Option<&[Hash]> {
        let TileKind::Hashes { level } = tile.kind else { return None };
        let start = usize::try_from(tile.index.checked_mul(TILE_WIDTH)?).ok()?;
        let end = start.checked_add(usize::try_from(tile.width).ok()?)?;
        row_of(&self.rows, level)?.get(start..end)
    }

    /// How many entries.
    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The leaf hashes.
    pub fn leaves(&self) -> &[Hash] {
        self.rows.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// The roots of the complete subtrees that tile `[0, size)`, smallest first; nothing is hashed for them. Nothing
    /// where the log has fewer entries.
    fn peaks(&self, size: u64) -> impl Iterator<Item = Option<&Hash>> {
        (0..u64::BITS).filter(move |row| size >> row & 1 == 1).map(move |row| {
            let at = usize::try_from((size >> row) - 1).ok()?;
            self.rows.get(usize::try_from(row).ok()?)?.get(at)
        })
    }

    /// The range over the first `size` entries. Nothing if the log has fewer.
    pub fn range_at(&self, size: u64) -> Option<CompactRange> {
        let mut roots = self.peaks(size).map(Option::<&Hash>::copied).collect::<Option<Vec<Hash>>>()?;
        roots.reverse();
        CompactRange::from_parts(size, roots).ok().filter(|_| size <= self.size())
    }

    /// The root over the first `size` entries, if the log has as many.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        if size > self.size() {
            return None;
        }
        let mut peaks = self.peaks(size);
        let Some(smallest) = peaks.next() else { return Some(empty_root()) };
        peaks.try_fold(*smallest?, |right, left| Some(node_hash(left?, &right)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries(count: u64) -> Vec<Vec<u8>> {
        (0..count).map(|index| index.to_be_bytes()[4..].to_vec()).collect()
    }

    #[test]
    fn paths_follow_the_standard() {
        let path = |index, width| Tile { kind: TileKind::Hashes { level: 0 }, index, width }.path();
        assert_eq!(path(0, 256), "tile/0/000");
        assert_eq!(path(1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(1_000, 8), "tile/0/x001/000.p/8");
        assert_eq!(Tile { kind: TileKind::Entries, index: 273, width: 112 }.path(), "tile/entries/273.p/112");
    }

    proptest! {
        #[test]
        fn a_path_is_read_as_it_was_written_and_no_other_is(
            index in prop_oneof![0..3_000_u64, any::<u64>()],
            width in 1..=256_u64,
            level in proptest::option::of(0..64_u32),
            noise in "(tile/)?[0-9exp./+-]{0,24}",
        ) {
            let kind = level.map_or(TileKind::Entries, |level| TileKind::Hashes { level });
            let tile = Tile { kind, index, width };
            prop_assert_eq!(Tile::parse(&tile.path()), Some(tile));
            if let Some(read) = Tile::parse(&noise) {
                prop_assert_eq!(read.path(), noise);
            }
        }
    }

    #[test]
    fn a_log_of_70000_entries_has_the_files_of_the_standards_example() {
        // tlog-tiles: 273 full level 0 tiles and one of 112, one full level 1 tile and one of 17, one
        // level 2 tile of 1.
        let paths: Vec<String> = layout(70_000).iter().map(Tile::path).collect();
        for path in ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"] {
            assert!(paths.iter().any(|known| known == path), "{path}");
        }
        assert_eq!(paths.len(), 274 + 274 + 2 + 1);
    }

    #[test]
    fn logs_of_every_interesting_size_read_back() {
        for size in [0, 1, 2, 255, 256, 257, 511, 512, 600, 66_000] {
            let log = entries(size);
            let files: BTreeMap<_, _> = write_log(&log).unwrap().into_iter().collect();
            let read = read_log(size, &files).unwrap();
            assert_eq!(read.entries, log);
            assert_eq!(read.range.size(), size);
        }
    }

    #[test]
    fn the_range_at_every_size_is_the_one_that_appending_gives() {
        let log = entries(1_300);
        let files: BTreeMap<_, _> = write_log(&log).unwrap().into_iter().collect();
        let view = LogView::read(1_300, files.len(), |path| files.get(path).map(Vec::as_slice)).unwrap();
        let mut range = CompactRange::new();
        for (size, entry) in log.iter().enumerate() {
            assert_eq!(view.range_at(size as u64).as_ref(), Some(&range));
            range.append(leaf_hash(entry)).unwrap();
        }
        assert_eq!(view.root_at(1_300), Some(range.root()));
        assert_eq!(view.root_at(1_301), None);
    }

    #[test]
    fn a_missing_file_or_a_wrong_hash_is_noticed() {
        let files: BTreeMap<_, _> = write_log(&entries(600)).unwrap().into_iter().collect();
        for path in files.keys() {
            let mut fewer = files.clone();
            fewer.remove(path);
            assert_eq!(read_log(600, &fewer).err(), Some(TileError::Missing), "{path}");
            let mut changed = files.clone();
            if let Some(last) = changed.get_mut(path).and_then(|bytes| bytes.last_mut()) {
                *last ^= 1;
            }
            assert!(read_log(600, &changed).is_err(), "{path}");
        }
        assert_eq!(read_log(u64::MAX, &files).err(), Some(TileError::Missing));
    }

    #[test]
    fn entries_of_the_longest_length_fit_and_longer_ones_do_not() {
        let longest = vec![7; MAX_ENTRY_BYTES];
        let bundle = encode_entries(std::slice::from_ref(&longest)).unwrap();
        assert_eq!(decode_entries(&bundle, 1).unwrap(), vec![&longest[..]]);
        assert_eq!(encode_entries(&[vec![7; MAX_ENTRY_BYTES + 1]]), Err(TileError::TooLong));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn bundles_have_one_form(bytes in proptest::collection::vec(any::<u8>(), 0..200), width in 0_u64..6) {
            if let Ok(entries) = decode_entries(&bytes, width) {
                prop_assert_eq!(encode_entries(&entries).unwrap(), bytes);
            }
        }
    }
}
