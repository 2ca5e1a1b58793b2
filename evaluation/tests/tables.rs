//! Tables as people bring them: in another order, with more columns, spoilt, or half written.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken helper must stop the test")]

use std::io::Write;
use std::path::Path;

use peel_evaluation::table::{Origin, RowResult, Table, TableError, result_fields, resume};
use proptest::prelude::*;

const PAIRS: &str = "file1,file2,same,note\na.jpg,b.jpg,1,x\n\"c, d.jpg\",e.jpg,0,\"say \"\"so\"\"\"\nf.jpg,g.jpg,0,\n";

fn of_pairs(text: &str) -> Result<Table<&[u8]>, TableError> {
    Table::of_pairs(text.as_bytes())
}

fn error(text: &str) -> TableError {
    let mut table = match of_pairs(text) {
        Ok(table) => table,
        Err(error) => return error,
    };
    loop {
        match table.next_row() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no error in {text:?}"),
            Err(error) => return error,
        }
    }
}

#[test]
fn columns_may_stand_in_any_order_and_strange_ones_are_carried() {
    let mut table = of_pairs("\u{feff}note,same,group2,file2,group1,file1,fold\nx,1,b,two,a,one,3\n").unwrap();
    let row = table.next_row().unwrap().unwrap();
    assert_eq!(
        (row.files(), row.mated(), row.groups(), row.fold()),
        (["one", "two"], true, Some(["a", "b"]), Some("3"))
    );
    assert_eq!(row.fields().iter().collect::<Vec<_>>(), ["x", "1", "b", "two", "a", "one", "3"]);
    assert_eq!((row.condition(), row.people(), row.line()), (None, None, 2));
    assert!(table.next_row().unwrap().is_none());
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_without_its_words() {
    assert_eq!(error(""), TableError::ColumnMissing("file1"));
    assert_eq!(error("file1,file2\n"), TableError::ColumnMissing("same"));
    assert_eq!(error("file1,file2,same,same\n"), TableError::ColumnTwice("same"));
    assert_eq!(error("file1,file2,same,group1\n"), TableError::ColumnMissing("group2"));
    assert_eq!(error("file1,file2,same,score\n"), TableError::ResultInInput("score"));
    assert_eq!(error("file1,file2,same\na,b\n"), TableError::FieldCount { line: 2 });
    assert_eq!(error("file1,file2,same\na,b,1\na,b,1,1\n"), TableError::FieldCount { line: 3 });
    assert_eq!(error("file1,file2,same\na,b,yes\n"), TableError::Same { line: 2 });
    assert_eq!(error("file1,file2,same\na,,1\n"), TableError::FileMissing { line: 2 });
    assert_eq!(error("file1,file2,same\n\"a\nb\",c,1\n"), TableError::ControlCharacter { line: 2 });
    let mut table = Table::of_pairs(&b"file1,file2,same\n\xff,b,1\n"[..]).unwrap();
    assert_eq!(table.next_row().unwrap_err(), TableError::NotText { line: 2 });
    assert!(!error("file1,file2,same\nsecret,b,yes\n").to_string().contains("secret"));
}

#[test]
fn scores_out_of_range_are_refused() {
    let read = |score: &str, quality: &str| {
        let text = format!("file1,file2,same,score,band,quality,reason,milliseconds\na,b,1,{score},x,{quality},,1\n");
        let mut table = Table::of_scores(text.as_bytes()).unwrap();
        let row = table.next_row().unwrap().unwrap();
        row.score().and_then(|score| Ok((score.map(peel_evaluation::statistics::Score::value), row.quality()?)))
    };
    assert_eq!(read("0.25", "12.3456"), Ok((Some(0.25), Some(12346))));
    assert_eq!(read("", ""), Ok((None, None)));
    for bad in ["1.1", "nan", "inf", "x", "-2"] {
        assert_eq!(read(bad, ""), Err(TableError::Score { line: 2 }), "{bad}");
        if bad != "1.1" {
            assert_eq!(read("0", bad), Err(TableError::Quality { line: 2 }), "{bad}");
        }
    }
}

/// The whole output for [`PAIRS`].
fn output() -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut table = of_pairs(PAIRS).unwrap();
    writer.write_record(table.header().iter().chain(peel_evaluation::table::RESULT_COLUMNS)).unwrap();
    while let Some(row) = table.next_row().unwrap() {
        let result = RowResult {
            score: Some(0.5),
            band: "supports",
            quality: Some(9.0),
            reason: String::new(),
            milliseconds: 1.0,
        };
        let added = result_fields(&result);
        writer.write_record(row.fields().iter().chain(added.iter().map(String::as_str))).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn resumed(there: &str, pairs: &str) -> (Result<(u64, bool), TableError>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    std::fs::write(&path, there).unwrap();
    let found = resume(&path, of_pairs(pairs).unwrap()).map(|mut resumed| {
        resumed.file.write_all(b"|").unwrap();
        (resumed.rows, resumed.is_new)
    });
    (found, std::fs::read_to_string(&path).unwrap())
}

#[test]
fn a_run_that_was_cut_anywhere_goes_on_after_its_last_whole_row() {
    let whole = output();
    let header = whole.find('\n').unwrap() + 1;
    for cut in 0..=whole.len() {
        let there = &whole[..cut];
        let (found, left) = resumed(there, PAIRS);
        let kept = there.rfind('\n').map_or(0, |place| place + 1);
        let rows = there.matches('\n').count().saturating_sub(1);
        assert_eq!(found.unwrap(), (rows as u64, kept < header), "{cut}");
        assert_eq!(left, format!("{}|", &there[..kept]), "{cut}");
    }
}

#[test]
fn scores_of_other_pairs_are_refused_and_left_as_they_are() {
    let there = format!("{}half", output());
    for pairs in [
        PAIRS.replace("e.jpg,0", "e.jpg,1"),
        PAIRS.replace("a.jpg", "z.jpg"),
        PAIRS.replace("note", "notes"),
        PAIRS.replace("f.jpg,g.jpg,0,\n", ""),
    ] {
        let (found, left) = resumed(&there, &pairs);
        assert!(matches!(found, Err(TableError::OtherInput { .. })), "{found:?}");
        assert_eq!(left, there);
    }
    assert!(matches!(resumed("something else\n", PAIRS).0, Err(TableError::OtherInput { line: 1 })));
}

fn origin() -> Origin {
    Origin {
        model_id: "m".to_owned(),
        model_sha256: "0".repeat(64),
        manifest_sha256: "1".repeat(64),
        calibration_id: "c".to_owned(),
        calibration_sha256: "d".to_owned(),
        supports_above: 0.5,
        does_not_support_below: 0.29,
    }
}

#[test]
fn scores_of_two_models_never_end_in_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let scores = folder.path().join("scores.csv");
    let hold = |origin: &Origin, scores: &Path| origin.hold(scores);
    hold(&origin(), &scores).unwrap();
    std::fs::write(&scores, output()).unwrap();
    hold(&origin(), &scores).unwrap();
    for other in [
        Origin { model_sha256: "2".repeat(64), ..origin() },
        Origin { manifest_sha256: "2".repeat(64), ..origin() },
        Origin { calibration_id: "d".to_owned(), ..origin() },
    ] {
        assert_eq!(hold(&other, &scores), Err(TableError::OtherModel));
    }
    std::fs::remove_file(folder.path().join("scores.csv.origin.json")).unwrap();
    assert_eq!(hold(&origin(), &scores), Err(TableError::OtherModel), "nobody knows what made them");
}

proptest! {
    #[test]
    fn any_bytes_are_rows_or_a_typed_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for open in [Table::of_pairs, Table::of_scores] {
            if let Ok(mut table) = open(bytes.as_slice()) {
                while let Ok(Some(_)) = table.next_row() {}
            }
        }
    }

    #[test]
    fn any_text_below_a_good_header_is_rows_or_a_typed_error(text in "[a-z0-9,\"\r\n .-]{0,300}") {
        let text = format!("file1,file2,same,score,band,quality,reason,milliseconds\n{text}");
        let mut table = Table::of_scores(text.as_bytes()).unwrap();
        while let Ok(Some(row)) = table.next_row() {
            let _ = (row.score(), row.quality(), row.milliseconds());
        }
    }

    #[test]
    fn fields_come_back_as_they_went_in(fields in prop::collection::vec("[^\\p{Cc}]{1,12}", 2)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["file1", "file2", "same"]).unwrap();
        writer.write_record([fields[0].as_str(), &fields[1], "1"]).unwrap();
        let bytes = writer.into_inner().unwrap();
        let mut table = Table::of_pairs(bytes.as_slice()).unwrap();
        prop_assert_eq!(table.next_row().unwrap().unwrap().files(), [fields[0].as_str(), &fields[1]]);
    }
}
