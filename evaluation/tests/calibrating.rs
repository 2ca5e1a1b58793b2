//! `cargo face alerts`, `calibrate`, `keygen` and `sign`, from the outside.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers outside of #[test] functions

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use peel_domain::calibration::{BandsFrom, Calibration, Limit, RateCode};
use peel_evaluation::statistics::normal_quantile;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-face")).args(arguments).current_dir(folder).output().unwrap()
}

/// What was printed, and what was said.
fn succeed(arguments: &[&str], folder: &Path) -> (String, String) {
    let output = run(arguments, folder);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), said)
}

fn fail(arguments: &[&str], folder: &Path) -> String {
    let output = run(arguments, folder);
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Rows of a table by column.
fn rows(path: &Path) -> Vec<std::collections::HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

/// Four of the exercise's people with two files each; of three the same photograph twice.
fn photographs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("photos")).unwrap();
    let files = [
        ("avery_1", ["a_1", "a_2"]),
        ("blair_1", ["b_1", "b_2"]),
        ("casey_1", ["c_1", "c_2"]),
        ("devon_1", ["d_1", "d_2"]),
    ];
    for (from, names) in files {
        for (place, name) in names.into_iter().enumerate() {
            let from = if from == "avery_1" && place == 1 { "avery_2" } else { from };
            let from = workspace().join("tests/street/faces").join(from).with_extension("jpg");
            std::fs::copy(from, folder.path().join("photos").join(name).with_extension("jpg")).unwrap();
        }
    }
    folder
}

const ALERTS: [&str; 6] = ["--condition", "cctv_48", "--condition", "small_32", "--random", "1"];

fn alerts(source: &str, out: &str, folder: &Path) -> String {
    succeed(&[&["alerts", source, "--out", out][..], &ALERTS].concat(), folder).1
}

#[test]
fn the_first_engine_writes_pairs_of_one_half_that_can_be_evaluated_and_calibrated_on() {
    let folder = photographs();
    let said = alerts("photos", "one", folder.path());
    assert!(said.contains("fit: 2 people, watchlist of 2") && !said.contains("photos"), "{said}");
    let tables = ["ALERT_PROBE.csv", "CLOSE_PHOTOGRAPH.csv"].map(|name| rows(&folder.path().join("one").join(name)));
    for (table, purpose) in tables.iter().zip(["alert_probe", "close_photograph"]) {
        let of = |half: &str| -> BTreeSet<&str> {
            let rows = table.iter().filter(|row| row["half"] == half);
            rows.flat_map(|row| [row["person1"].as_str(), row["person2"].as_str()]).collect()
        };
        assert!(of("fit").is_disjoint(&of("judge")) && of("fit").len() == 2 && of("judge").len() == 2);
        assert!(table.iter().all(|row| row["use"] == purpose));
        assert!(table.iter().all(|row| (row["same"] == "1") == (row["person1"] == row["person2"])));
        assert!(table.iter().all(|row| folder.path().join("one").join(&row["file1"]).is_file()));
        let count = |same: &str, selection: &str| {
            table.iter().filter(|row| row["same"] == same && row["selection"] == selection).count()
        };
        // Two people, two rounds, two cameras in each half; one close photograph serves after both.
        let alerts = if purpose == "alert_probe" { 16 } else { 8 };
        assert_eq!((count("1", "random"), count("0", "random")), (alerts, alerts));
        assert_eq!((count("1", "alert"), count("0", "alert")), (alerts, alerts));
        let probes: BTreeSet<&str> = table.iter().map(|row| row["condition"].as_str()).collect();
        assert_eq!(probes.contains("close_phone"), purpose == "close_photograph");
    }
    let removed = tables[0].iter().filter(|row| row["entry"] == "removed");
    assert!(removed.clone().count() > 0 && removed.into_iter().all(|row| row["same"] == "0"));

    let bytes = |out: &str, file: &str| std::fs::read(folder.path().join(out).join(file)).unwrap();
    alerts("photos", "again", folder.path());
    alerts("one/PHOTOGRAPHS.csv", "table", folder.path());
    for other in ["again", "table"] {
        for file in
            ["ALERT_PROBE.csv", "CLOSE_PHOTOGRAPH.csv", "cctv_48/000001.jpg", "close_phone/000001.jpg", "ALERTS.json"]
        {
            assert_eq!(bytes(other, file), bytes("one", file), "{other}/{file}");
        }
    }
    let refused = fail(&["alerts", "photos", "--out", "one"], folder.path());
    assert!(refused.contains("tables already"), "{refused}");

    for (table, scores, close) in [("ALERT_PROBE.csv", "a.csv", false), ("CLOSE_PHOTOGRAPH.csv", "c.csv", true)] {
        let table = format!("one/{table}");
        let mut arguments = vec!["evaluate", &table, "--out", scores];
        arguments.extend(close.then_some("--close"));
        succeed(&arguments, folder.path());
    }
    let (_, said) =
        succeed(&["calibrate", "a.csv", "c.csv", "--out", "next.toml", "--report", "report"], folder.path());
    assert!(
        said.contains("Demonstration calibration, not for operations") && said.contains("too few to say"),
        "{said}"
    );
    let next = Calibration::from_toml(&std::fs::read_to_string(folder.path().join("next.toml")).unwrap()).unwrap();
    let base = Calibration::from_toml(&std::fs::read_to_string(workspace().join("models/calibration.toml")).unwrap());
    let base = base.unwrap();
    assert!(next.demonstration && next.version == base.version + 1);
    for (part, before) in [(&next.alert_probe, &base.alert_probe), (&next.close_photograph, &base.close_photograph)] {
        assert_eq!(
            (part.supports_above, part.does_not_support_below),
            (before.supports_above, before.does_not_support_below)
        );
        assert_eq!((part.bands_from, &part.told), (BandsFrom::StartingValues, &before.told));
        assert_eq!((part.possible, part.conclusive), (before.possible, before.conclusive));
        assert!(part.limits.contains(&Limit::CalibrationNotFitted) && part.id != before.id);
        assert_eq!(part.study.as_ref().unwrap().judged_people, 2);
    }
    let page = std::fs::read_to_string(folder.path().join("report/calibration.html")).unwrap();
    assert!(page.contains("not for operations") && page.contains("too few for a rate"));
    for word in ["photos", "a_1", "<script", "http:", "https:"] {
        assert!(!page.contains(word), "{word}");
    }
    let again = ["calibrate", "a.csv", "a.csv", "--out", "x.toml", "--report", "x"];
    assert!(fail(&again, folder.path()).contains("two tables are of the same use"));
    let loose = ["calibrate", "a.csv", "--out", "x.toml", "--report", "x", "--may-loosen"];
    assert!(fail(&loose, folder.path()).contains("so few people move no band"));
}

#[test]
fn photographs_that_are_too_few_or_contradict_themselves_are_refused_by_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let table = |text: &str| {
        std::fs::write(folder.path().join("people.csv"), text).unwrap();
        fail(&["alerts", "people.csv", "--out", "out"], folder.path())
    };
    assert!(table("file,who\na.jpg,a\n").contains("the column `person` is missing"));
    assert!(table("file,person,group\na.jpg,a,x\nb.jpg,a,y\n").contains("line 3: one person is in two groups"));
    assert!(table("file,person\na.jpg,\n").contains("line 2: a file or a person is missing"));
    assert!(table("file,person\na.jpg,a\na.jpg\n").contains("line 3: it is not a row of this table"));
    assert!(table("file,person\na.jpg,a\nb.jpg,a\nc.jpg,b\n").contains("fewer than four people have two photographs"));
    let bad = ["alerts", "people.csv", "--out", "out", "--threshold", "1.5"];
    assert!(fail(&bad, folder.path()).contains("from -1 to 1"));
    assert!(!folder.path().join("out").exists());
}

/// A table of known distributions, with so many people in each half.
fn scores(people: usize, purpose: &str) -> String {
    let mut text =
        "file1,file2,same,person1,person2,use,half,selection,score,band,quality,reason,milliseconds\n".to_owned();
    #[allow(clippy::cast_precision_loss)]
    let at = |place: usize| normal_quantile((place as f64 + 0.5) / people as f64) * 0.11;
    for half in ["fit", "judge"] {
        for person in 0..people {
            let other = (person + 1) % people;
            for (same, entry, score) in
                [(1, person, 0.6 + at(person * 7 % people)), (0, other, 0.3 + at(person * 11 % people))]
            {
                writeln!(
                    text,
                    "a,b,{same},{half}{person},{half}{entry},{purpose},{half},alert,{score:.6},inconclusive,12.0,,1.0"
                )
                .unwrap();
            }
        }
    }
    text
}

#[test]
fn enough_people_move_the_bands_to_the_ratio_and_take_the_mark_away() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.csv", &scores(301, "alert_probe"));
    write("c.csv", &scores(301, "close_photograph"));
    write("few.csv", &scores(299, "close_photograph"));
    let calibrate = |tables: &[&str], more: &[&str]| {
        let ends = ["--out", "next.toml", "--report", "report"];
        succeed(&[&["calibrate"][..], tables, &ends, more].concat(), folder.path());
        Calibration::from_toml(&std::fs::read_to_string(folder.path().join("next.toml")).unwrap()).unwrap()
    };
    let next = calibrate(&["a.csv", "c.csv"], &["--may-loosen"]);
    let [supports, doubts] = [0.45 + 10.0_f64.ln() / (0.3 / 0.0121), 0.45 - 10.0_f64.ln() / (0.3 / 0.0121)];
    for part in [&next.alert_probe, &next.close_photograph] {
        assert_eq!(part.bands_from, BandsFrom::LikelihoodRatio);
        // The prior of so few people holds the ratio back a little.
        assert!(
            (0.0..0.02).contains(&(part.supports_above.value() - supports)),
            "{:?} {supports}",
            part.supports_above
        );
        assert!(
            (0.0..0.02).contains(&(doubts - part.does_not_support_below.value())),
            "{:?}",
            part.does_not_support_below
        );
        assert!(!part.limits.contains(&Limit::CalibrationNotFitted));
        assert_eq!(part.told.len(), 2);
        assert_eq!((part.told[0].code, part.told[0].denominator), (RateCode::FalseAlertsGivenSupports, 301));
        assert!(part.likelihood_of(part.supports_above).is_some());
    }
    assert!(
        !next.demonstration && next.alert_probe.id.starts_with("alert-probe-") && !next.alert_probe.id.contains("demo")
    );

    let stricter = calibrate(&["a.csv", "c.csv"], &[]);
    assert_eq!(stricter.alert_probe.bands_from, BandsFrom::StricterOfBoth);
    assert_eq!(stricter.alert_probe.does_not_support_below.0, 290_000);
    assert_eq!(stricter.alert_probe.supports_above, next.alert_probe.supports_above);
    let twenty = calibrate(&["a.csv", "c.csv"], &["--supports-ratio", "20"]);
    assert!(twenty.alert_probe.supports_above > stricter.alert_probe.supports_above);

    assert!(calibrate(&["a.csv"], &[]).demonstration, "the other use was judged by nobody");
    let few = calibrate(&["a.csv", "few.csv"], &[]);
    assert!(few.demonstration && few.close_photograph.supports_above.0 == 500_000);
}

#[test]
fn a_key_is_private_and_two_different_ones_sign_what_does_not_contradict_itself() {
    let folder = tempfile::tempdir().unwrap();
    let keygen = |name: &str| succeed(&["keygen", "--out", name], folder.path()).0.trim().to_owned();
    let (one, other) = (keygen("one.pem"), keygen("other.pem"));
    assert!(one != other && one.len() == 182 && hex::decode(&one).is_ok());
    assert!(fail(&["keygen", "--out", "one.pem"], folder.path()).contains("cannot be written"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.path().join("one.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let secret = std::fs::read_to_string(folder.path().join("one.pem")).unwrap();
    let good = workspace().join("models/calibration.toml");
    let text = std::fs::read_to_string(&good).unwrap();
    std::fs::write(folder.path().join("good.toml"), &text).unwrap();
    let both = ["--key", "one.pem", "--key", "other.pem"];
    let sign = |file: &'static str, out: &'static str, keys: &[&'static str]| {
        [&["sign", file, "--out", out][..], keys].concat()
    };
    let (said, _) = succeed(&sign("good.toml", "good.cose", &both), folder.path());
    assert!(said.contains("version ") && said.contains(&one) && said.contains(&other));
    assert!(
        !said.contains("PRIVATE") && secret.lines().skip(1).all(|line| line.starts_with('-') || !said.contains(line))
    );
    assert!(
        fail(&sign("good.toml", "good.cose", &both), folder.path()).contains("cannot be written"),
        "nothing is replaced"
    );
    assert!(fail(&sign("good.toml", "x", &["--key", "one.pem"]), folder.path()).contains("two people sign"));
    let twice = ["--key", "one.pem", "--key", "one.pem"];
    assert!(fail(&sign("good.toml", "x", &twice), folder.path()).contains("keys"));
    let none = ["--key", "one.pem", "--key", "good.toml"];
    assert!(fail(&sign("good.toml", "x", &none), folder.path()).contains("not a P-256 key"));
    let crossed = text.replacen("supports_above = 500000", "supports_above = 100000", 1);
    std::fs::write(folder.path().join("crossed.toml"), crossed).unwrap();
    let said = fail(&sign("crossed.toml", "x", &both), folder.path());
    assert!(said.contains("the bounds are crossed"), "{said}");
    std::fs::write(folder.path().join("word.toml"), text.replacen("format = 1", "format = one", 1)).unwrap();
    assert!(fail(&sign("word.toml", "x", &both), folder.path()).contains("line "));
    assert!(!folder.path().join("x").exists());
}
