//! `docs/safeguards.md` against the sources: every safeguard that the list calls tested has a test that names its number,
//! in each place that the list names, and no test names one that the list does not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where tests are, and what the list calls that place.
const PLACES: [(&str, &str); 13] = [
    ("domain", "core/domain"),
    ("ledger", "core/ledger"),
    ("journal", "core/journal"),
    ("face", "core/face"),
    ("feeds", "core/feeds"),
    ("companion", "core/companion"),
    ("gateway", "gateway"),
    ("auditor", "auditor"),
    ("evaluation", "evaluation"),
    ("verify", "tests/verify"),
    ("e2e", "tests/e2e"),
    ("android", "android"),
    ("ios", "ios"),
];

/// By number, the places that the list or the sources name.
type Places = BTreeMap<u8, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn sources_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && name != ".build" && name != "build" {
                sources_below(&path, found);
            }
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "kt" || kind == "swift") {
            found.push(path);
        }
    }
}

/// The numbers in names such as `fn s05_s29_...`, `` fun `s05 ... ``, `func s05No...`.
fn numbers(line: &str) -> Vec<u8> {
    let line = line.trim_start().trim_start_matches("async ").trim_start_matches("@Test ");
    let Some(name) = ["fn ", "fun `", "func "].iter().find_map(|start| line.strip_prefix(start)) else { return vec![] };
    let mut rest = name;
    let mut found = Vec::new();
    while let Some(digits) = rest.strip_prefix('s').and_then(|after| after.get(..2)) {
        let Ok(number) = digits.parse() else { break };
        found.push(number);
        rest = rest.get(3..).unwrap_or("").trim_start_matches('_');
    }
    found
}

fn in_sources() -> Places {
    let mut places = Places::new();
    for (place, folder) in PLACES {
        let mut files = Vec::new();
        sources_below(&root().join(folder), &mut files);
        for file in files {
            for number in std::fs::read_to_string(&file).unwrap().lines().flat_map(numbers) {
                places.entry(number).or_default().insert(place.to_owned());
            }
        }
    }
    places
}

fn in_the_list() -> Places {
    let text = std::fs::read_to_string(root().join("docs/safeguards.md")).unwrap();
    let mut places = Places::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("| S")) {
        let mut cells = line.split('|');
        let number = cells.next().unwrap().trim().parse().unwrap();
        let tests = cells.nth(1).unwrap().split('[').next().unwrap().trim().to_owned();
        let named = if tests.starts_with("not yet") {
            BTreeSet::new()
        } else {
            tests.split(',').map(|place| place.trim().to_owned()).collect()
        };
        assert_eq!(places.insert(number, named), None, "S{number:02} stands twice");
    }
    places
}

#[test]
fn the_list_of_safeguards_names_exactly_what_is_tested() {
    let (list, mut sources) = (in_the_list(), in_sources());
    assert_eq!(list.keys().copied().collect::<Vec<_>>(), (1..=58).collect::<Vec<_>>());
    for number in 1..=58 {
        sources.entry(number).or_default();
    }
    let mut differing = Vec::new();
    for (number, found) in &sources {
        let listed = list.get(number);
        if listed != Some(found) {
            differing.push(format!("S{number:02}: listed {listed:?}, in the sources {found:?}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn numbers_are_read_from_names_in_all_three_languages() {
    assert_eq!(numbers("    fn s25_s29_images_are_unreadable() {"), [25, 29]);
    assert_eq!(numbers("    async fn s35_a_hundred_kills() {"), [35]);
    assert_eq!(numbers("    fun `s07 no text gives a verdict`() {"), [7]);
    assert_eq!(numbers("    @Test func s05NoPress() {"), [5]);
    assert_eq!(numbers("    fn sixty_seconds() {"), [] as [u8; 0]);
    assert_eq!(numbers("    let s05_ = fn s05_x"), [] as [u8; 0]);
}
