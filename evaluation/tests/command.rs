//! `cargo face` on files, from the outside.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken helper must stop the test")]

#[path = "../src/bin/peel-face/exercise.rs"]
mod exercise;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use peel_domain::permit::ComparisonPurpose;
use peel_evaluation::degrade::Picture;
use peel_face::{Band, FaceCheck};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn faces() -> PathBuf {
    workspace().join("tests/street/faces").canonicalize().unwrap()
}

/// Shared data, if they are there; says so if not.
fn shared(what: &str) -> Option<PathBuf> {
    let base = std::env::var_os("PEEL_SHARED").map_or_else(|| workspace().join("../shared/data"), PathBuf::from);
    let folder = base.join(what);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("not run: shared data absent ({what})");
    None
}

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-face")).args(arguments).current_dir(folder).output().unwrap()
}

fn succeed(arguments: &[&str], folder: &Path) -> String {
    let output = run(arguments, folder);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn fail(arguments: &[&str], folder: &Path) -> String {
    let output = run(arguments, folder);
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Rows of a table as fields, the header first.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

const PAIRS: [(&str, &str, u8); 4] = [
    ("avery_1.jpg", "avery_2.jpg", 1),
    ("avery_1.jpg", "blair_1.jpg", 0),
    ("casey_1.jpg", "devon_1.jpg", 0),
    ("avery_3.jpg", "avery_1.jpg", 1),
];

/// A folder with the exercise's pairs, files that cannot be used, and a table that names them.
fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.jpg"), b"\xff\xd8 no picture").unwrap();
    std::fs::write(folder.path().join("empty.png"), b"").unwrap();
    let mut writer = csv::Writer::from_path(folder.path().join("pairs.csv")).unwrap();
    writer.write_record(["note", "file1", "file2", "same"]).unwrap();
    for (first, second, same) in PAIRS {
        let [first, second] = [first, second].map(|name| faces().join(name).to_str().unwrap().to_owned());
        writer.write_record(["kept", &first, &second, &same.to_string()]).unwrap();
    }
    for file in ["broken.jpg", "empty.png", "nowhere.jpg"] {
        writer.write_record(["", file, "broken.jpg", "0"]).unwrap();
    }
    writer.flush().unwrap();
    folder
}

#[test]
fn a_row_has_the_products_own_score_and_band() {
    let folder = prepared();
    succeed(&["evaluate", "pairs.csv", "--out", "scores.csv"], folder.path());
    let found = rows(&folder.path().join("scores.csv"));
    let header = ["note", "file1", "file2", "same", "score", "band", "quality", "reason", "milliseconds"];
    assert_eq!(found[0], header);
    let check = FaceCheck::from_directory(&workspace().join("models")).unwrap();
    for ((first, second, same), row) in PAIRS.into_iter().zip(&found[1..]) {
        let permit = exercise::permit(ComparisonPurpose::AlertProbe).ok().unwrap();
        let read = |name: &str| std::fs::read(faces().join(name)).unwrap();
        let opinion = check.compare(permit, &read(first), &read(second)).unwrap();
        let band = match opinion.band {
            Band::Supports => "supports",
            Band::Inconclusive => "inconclusive",
            Band::DoesNotSupport => "does_not_support",
            Band::NotPossible { .. } => "not_possible",
        };
        assert_eq!(row[4], format!("{:.6}", opinion.score.unwrap()));
        assert_eq!((row[0].as_str(), &row[3], row[5].as_str()), ("kept", &same.to_string(), band));
        let norm = opinion.probe.unwrap().embedding_norm.min(opinion.reference.unwrap().embedding_norm);
        assert_eq!((row[6].clone(), row[7].as_str()), (format!("{norm:.3}"), ""));
        assert!(row[8].parse::<f64>().unwrap() > 0.0);
    }
}

#[test]
fn a_bad_file_is_told_once_by_its_line_and_its_rows_stay_without_a_score() {
    let folder = prepared();
    let said = succeed(&["evaluate", "pairs.csv", "--out", "scores.csv", "--report", "report"], folder.path());
    let found = rows(&folder.path().join("scores.csv"));
    let reasons: Vec<&str> = found[5..].iter().map(|row| row[7].as_str()).collect();
    assert_eq!(reasons, ["file1:damaged", "file1:empty", "file1:missing"]);
    assert!(found[5..].iter().all(|row| row[4].is_empty() && row[5] == "not_possible" && row[6].is_empty()));
    for line in ["line 6, file1: damaged", "line 7, file1: empty", "line 8, file1: missing"] {
        assert_eq!(said.matches(line).count(), 1, "{said}");
    }
    assert!(!said.contains("broken") && !said.contains("nowhere"), "no file is named: {said}");
    let page = std::fs::read_to_string(folder.path().join("report/report.html")).unwrap();
    assert!(page.contains("too few for a rate") && page.contains("damaged"));
    for word in ["broken", "avery", "<script", "http:", "https:"] {
        assert!(!page.contains(word), "{word}");
    }
}

/// Two faces side by side, equally large, and one with five pixels between the eyes.
fn poor(folder: &Path) {
    let check = FaceCheck::from_directory(&workspace().join("models")).unwrap();
    let bytes = std::fs::read(faces().join("avery_2.jpg")).unwrap();
    let shown = peel_face::inspect::pixels(&check, &bytes).unwrap();
    let picture = Picture::new(shown.width, shown.height, shown.rgb.clone()).unwrap();
    let [[right, _], [left, _], ..] = shown.landmarks.unwrap();
    std::fs::write(folder.join("small.png"), picture.reduced(5.0 / (left - right)).png().unwrap().bytes).unwrap();
    let twice = shown.rgb.chunks_exact(shown.width * 3).flat_map(|row| [row, row].concat()).collect();
    let twice = Picture::new(shown.width * 2, shown.height, zeroize::Zeroizing::new(twice)).unwrap();
    std::fs::write(folder.join("twice.png"), twice.png().unwrap().bytes).unwrap();
}

#[test]
fn a_row_too_poor_for_an_opinion_keeps_its_score_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    poor(folder.path());
    let other = faces().join("avery_1.jpg");
    let table = format!("file1,file2,same\nsmall.png,{0},1\n{0},twice.png,1\n", other.to_str().unwrap());
    std::fs::write(folder.path().join("pairs.csv"), table).unwrap();
    succeed(&["evaluate", "pairs.csv", "--out", "scores.csv"], folder.path());
    let found = rows(&folder.path().join("scores.csv"));
    for (row, reason) in found[1..].iter().zip(["file1:too_small", "file2:several_faces"]) {
        assert_eq!((row[4].as_str(), row[6].as_str()), ("not_possible", reason));
        assert!(row[3].parse::<f64>().unwrap().abs() < 1.0 && row[5].parse::<f64>().unwrap() > 0.0, "{row:?}");
    }
    assert!(found[2][3].parse::<f64>().unwrap() > 0.5, "either of two equal faces is that person's");
}

#[test]
fn a_run_that_was_cut_off_goes_on_and_computes_nothing_again() {
    let folder = prepared();
    let arguments = ["evaluate", "pairs.csv", "--out", "scores.csv"];
    succeed(&arguments, folder.path());
    let path = folder.path().join("scores.csv");
    let whole = std::fs::read_to_string(&path).unwrap();
    // The first row is marked: were it computed again, the mark would be gone.
    let third = whole.match_indices('\n').nth(2).unwrap().0;
    let cut = whole[..third + 20].replacen(",supports,", ",marked,", 1);
    std::fs::write(&path, &cut).unwrap();
    let said = succeed(&arguments, folder.path());
    assert!(said.contains("2 rows are there already"), "{said}");
    let without_times =
        |text: &str| text.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect::<Vec<_>>();
    let again = std::fs::read_to_string(&path).unwrap();
    assert_eq!(without_times(&again.replacen(",marked,", ",supports,", 1)), without_times(&whole));
    assert!(again.contains(",marked,"));

    succeed(&arguments, folder.path());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), again, "nothing is left to do");
    let close = [arguments.as_slice(), &["--close"]].concat();
    assert!(fail(&close, folder.path()).contains("another model, calibration or use"));
}

#[test]
fn a_mistake_in_the_last_row_is_found_before_the_work() {
    let folder = prepared();
    let pairs = folder.path().join("pairs.csv");
    let text = std::fs::read_to_string(&pairs).unwrap();
    std::fs::write(&pairs, format!("{text},a.jpg,b.jpg,perhaps\n")).unwrap();
    let said = fail(&["evaluate", "pairs.csv", "--out", "scores.csv"], folder.path());
    assert!(said.contains("line 9: `same` is neither 0 nor 1"), "{said}");
    assert_eq!(std::fs::metadata(folder.path().join("scores.csv")).unwrap().len(), 0);
}

#[test]
fn degraded_copies_are_the_same_for_the_same_seed_and_pair_with_what_they_were_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let faces = faces();
    let make = |out: &str, seed: &str| {
        succeed(&["degrade", faces.to_str().unwrap(), "--out", out, "--seed", seed], folder.path());
    };
    make("one", "1");
    make("again", "1");
    make("other", "2");
    let bytes = |out: &str, file: &str| std::fs::read(folder.path().join(out).join(file)).unwrap();
    for condition in ["small_32", "blur_4", "motion_15", "dark", "lower_face_covered", "eyes_covered"] {
        let file = format!("{condition}/000001.png");
        assert_eq!(bytes("one", &file), bytes("again", &file), "{condition}");
    }
    assert_eq!(bytes("one", "cctv_32/000001.jpg"), bytes("again", "cctv_32/000001.jpg"));
    assert_ne!(bytes("one", "cctv_32/000001.jpg"), bytes("other", "cctv_32/000001.jpg"));
    assert_ne!(bytes("one", "dark/000001.png"), bytes("other", "dark/000001.png"));
    let pairs = rows(&folder.path().join("one/PAIRS.csv"));
    let count = |condition: &str| pairs.iter().filter(|row| row[3] == condition).count();
    // Six photographs: fifteen pairs as they are; degraded, each against the five others.
    assert_eq!((count("as_is"), count("small_24"), count("cctv_48")), (15, 30, 30));
    let mated = pairs.iter().filter(|row| row[2] == "1" && row[3] == "as_is").count();
    assert_eq!(mated, 3, "three photographs of one person");
    assert!(fail(&["degrade", faces.to_str().unwrap(), "--out", "one"], folder.path()).contains("already"));

    let of_table = ["degrade", "one/PAIRS.csv", "--out", "two", "--condition", "dark"];
    succeed(&of_table, folder.path());
    let twice = rows(&folder.path().join("two/PAIRS.csv"));
    assert!(twice[1..].iter().all(|row| row[3].ends_with(", dark") && row[0].starts_with("dark/")));
}

#[test]
fn frontal_photographs_of_sixty_people_are_told_apart_with_room_to_spare() {
    let Some(london) = shared("london") else { return };
    let folder = tempfile::tempdir().unwrap();
    let of = |path: &Path| path.canonicalize().unwrap().to_str().unwrap().to_owned();
    succeed(&["degrade", &of(&london), "--out", "pairs", "--condition", "as_is"], folder.path());
    succeed(&["evaluate", "pairs/PAIRS.csv", "--out", "scores.csv", "--report", "report"], folder.path());
    let text = std::fs::read_to_string(folder.path().join("report/report.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found["rows"], serde_json::json!([7080, 60]));
    assert_eq!((&found["people"], &found["failed"]), (&serde_json::json!(60), &serde_json::json!({})));
    let (from, to) = (found["errorless"][0].as_f64().unwrap(), found["errorless"][1].as_f64().unwrap());
    println!("no error from {from} to below {to}");
    assert!(from < 0.53 && to > 0.83, "{from} {to}");
}
