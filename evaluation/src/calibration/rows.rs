//! The pairs of a table of scores that `cargo face alerts` made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use csv::StringRecord;
use sha2::{Digest, Sha256};

use crate::alerts::Half;
use crate::calibration::FitError;
use crate::statistics::Score;
use crate::table::{Origin, Row, Table, TableError};

/// How a pair was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selection {
    /// The first engine picked it.
    Alert,
    /// At random: to show by how much such pairs flatter.
    Random,
}

/// One scored pair on which the check gives an opinion.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The score.
    pub score: Score,
    /// The lesser embedding length.
    pub quality: f64,
    /// Whether both are one person.
    pub mated: bool,
    /// Whether its quality is known to be too poor for "does not support": by the bounds of that time its score was low, and
    /// the product said nothing.
    pub poor: bool,
    /// Probe's and reference's person, by number within the half.
    pub people: [usize; 2],
    /// How the probe was made, by number.
    pub condition: Option<usize>,
    /// Groups of the two people, by number, in alphabetical order.
    pub groups: Option<[usize; 2]>,
}

/// Pairs of one half and selection, with those on which there is no opinion counted.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    /// With an opinion.
    pub pairs: Vec<Pair>,
    /// Without a score, or too poor for an opinion: non-mated and mated.
    pub without: [u64; 2],
}

/// One half of the people.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// How many people.
    pub people: usize,
    /// Entries of the watchlist.
    pub watchlist: usize,
    /// Pairs that the first engine picked.
    pub alert: Pairs,
    /// Pairs at random.
    pub random: Pairs,
}

/// A table of scores.
#[derive(Clone, Debug)]
pub struct Study {
    /// Its one use.
    pub purpose: String,
    /// Lower-case hexadecimal SHA-256 of the table.
    pub sha256: String,
    /// The half to fit on.
    pub fit: Side,
    /// The half to judge on.
    pub judge: Side,
    /// Names of the conditions.
    pub conditions: Vec<String>,
    /// Names of the groups.
    pub groups: Vec<String>,
}

const USES: [&str; 2] = ["alert_probe", "close_photograph"];

struct Places {
    purpose: usize,
    half: usize,
    selection: usize,
}

impl Places {
    fn of(header: &StringRecord) -> Result<Self, TableError> {
        let place = |name: &'static str| {
            header.iter().position(|field| field.trim() == name).ok_or(TableError::ColumnMissing(name))
        };
        Ok(Self { purpose: place("use")?, half: place("half")?, selection: place("selection")? })
    }
}

/// Words by number, in the order in which they come up.
#[derive(Default)]
struct Numbers(BTreeMap<String, usize>);

impl Numbers {
    fn of(&mut self, word: &str) -> usize {
        let next = self.0.len();
        if let Some(number) = self.0.get(word) {
            return *number;
        }
        self.0.insert(word.to_owned(), next);
        next
    }

    fn words(self) -> Vec<String> {
        let mut words: Vec<(usize, String)> = self.0.into_iter().map(|(word, number)| (number, word)).collect();
        words.sort();
        words.into_iter().map(|(_, word)| word).collect()
    }
}

#[derive(Default)]
struct Reading {
    doubts: Option<f64>,
    purpose: Option<String>,
    people: [Numbers; 2],
    watchlist: [BTreeSet<usize>; 2],
    sides: [Side; 2],
    conditions: Numbers,
    groups: Numbers,
}

/// Reads a table of scores; its people must be named (`person1`, `person2`).
pub fn read(scores: &Path) -> Result<Study, FitError> {
    let unreadable = |error: std::io::Error| TableError::Unreadable(error.kind());
    let file = || File::open(scores).map(BufReader::new).map_err(unreadable);
    let mut digest = Sha256::new();
    let mut bytes = Vec::new();
    let mut input = file()?;
    while input.by_ref().take(1 << 16).read_to_end(&mut bytes).map_err(unreadable)? > 0 {
        digest.update(&bytes);
        bytes.clear();
    }
    let mut table = Table::of_scores(file()?)?;
    if !table.names_people() {
        return Err(TableError::ColumnMissing("person1").into());
    }
    let places = Places::of(table.header())?;
    let doubts = Origin::beside(scores)?.map(|origin| origin.does_not_support_below);
    let mut reading = Reading { doubts, ..Reading::default() };
    while let Some(row) = table.next_row()? {
        reading.add(row, &places)?;
    }
    Ok(reading.finish(hex::encode(digest.finalize())))
}

impl Reading {
    fn add(&mut self, row: Row<'_>, places: &Places) -> Result<(), FitError> {
        let line = row.line();
        let field = |place: usize| row.fields().get(place).unwrap_or_default().trim();
        let word = |column| FitError::Word { line, column };
        let purpose = field(places.purpose);
        if !USES.contains(&purpose) {
            return Err(word("use"));
        }
        if self.purpose.get_or_insert_with(|| purpose.to_owned()) != purpose {
            return Err(FitError::TwoUses { line });
        }
        let half = Half::parse(field(places.half)).ok_or_else(|| word("half"))?;
        let selection = match field(places.selection) {
            "alert" => Selection::Alert,
            "random" => Selection::Random,
            _ => return Err(word("selection")),
        };
        let names = row.people().ok_or_else(|| word("person1"))?;
        let at = usize::from(half == Half::Judge);
        let [fit, judge] = &mut self.people;
        let (here, there) = if half == Half::Fit { (fit, judge) } else { (judge, fit) };
        if names.iter().any(|name| there.0.contains_key(*name)) {
            return Err(FitError::BothHalves { line });
        }
        let people = names.map(|name| here.of(name));
        let condition = row.condition().map(|condition| self.conditions.of(condition));
        let groups = row.groups().map(|mut groups| {
            groups.sort_unstable();
            groups.map(|group| self.groups.of(group))
        });
        let (Some(side), Some(watchlist)) = (self.sides.get_mut(at), self.watchlist.get_mut(at)) else { return Ok(()) };
        watchlist.extend(people.get(1));
        let pairs = if selection == Selection::Alert { &mut side.alert } else { &mut side.random };
        let mated = row.mated();
        match (row.score()?, row.quality()?) {
            (Some(score), Some(quality)) if row.band() != "not_possible" => pairs.pairs.push(Pair {
                score,
                quality: f64::from(quality) / 1e3,
                mated,
                poor: self.doubts.is_some_and(|doubts| score.value() < doubts) && row.band() == "inconclusive",
                people,
                condition,
                groups,
            }),
            _ => {
                let [non_mated_count, mated_count] = &mut pairs.without;
                *(if mated { mated_count } else { non_mated_count }) += 1;
            }
        }
        Ok(())
    }

    fn finish(self, sha256: String) -> Study {
        let [fit_people, judge_people] = self.people.each_ref().map(|numbers| numbers.0.len());
        let [fit_watchlist, judge_watchlist] = self.watchlist.each_ref().map(BTreeSet::len);
        let [fit, judge] = self.sides;
        Study {
            purpose: self.purpose.unwrap_or_default(),
            sha256,
            fit: Side { people: fit_people, watchlist: fit_watchlist, ..fit },
            judge: Side { people: judge_people, watchlist: judge_watchlist, ..judge },
            conditions: self.conditions.words(),
            groups: self.groups.words(),
        }
    }
}
