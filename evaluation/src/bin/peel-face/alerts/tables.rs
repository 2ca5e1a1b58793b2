//! The two tables of pairs: what the check would be shown after each alert, and pairs at random beside them.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use peel_evaluation::alerts::{Candidate, Entry, Half, pick};
use peel_evaluation::degrade::Condition;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

use super::photographs::Person;
use super::scene::{Scene, Walk};

/// The tables while they are written.
pub(super) struct Tables<'scene> {
    people: &'scene [Person],
    scene: &'scene Scene,
    writers: [csv::Writer<File>; 2],
    has_groups: bool,
    /// Pairs of close photographs that stand already: one photograph serves after each camera's alert.
    written: BTreeSet<(String, String, bool)>,
}

/// The alerts of one passer-by.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) true_alerts: usize,
    pub(super) false_with_own_entry: usize,
    pub(super) false_without_own_entry: usize,
}

/// One pair to be written for both uses.
struct Chosen {
    person: usize,
    selection: &'static str,
    entry: &'static str,
}

fn unwritten(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => format!("a table cannot be written ({})", error.kind()),
        _ => "a table cannot be written".to_owned(),
    }
}

impl<'scene> Tables<'scene> {
    /// Begins both.
    pub(super) fn create(folder: &Path, people: &'scene [Person], scene: &'scene Scene) -> Result<Self, String> {
        let has_groups = people.iter().any(|person| person.group.is_some());
        let create = |name: &str| csv::Writer::from_path(folder.join(name)).map_err(|error| unwritten(&error));
        let mut writers = [create("ALERT_PROBE.csv")?, create("CLOSE_PHOTOGRAPH.csv")?];
        let header = ["file1", "file2", "same", "condition", "person1", "person2", "use", "half", "selection", "entry"];
        let groups: &[&str] = if has_groups { &["group1", "group2"] } else { &[] };
        for writer in &mut writers {
            writer.write_record(header.iter().chain(groups)).map_err(|error| unwritten(&error))?;
        }
        Ok(Self { people, scene, writers, has_groups, written: BTreeSet::new() })
    }

    /// Writes what one passer-by leads to; `random` says how many random pairs, and their seed.
    pub(super) fn walk(
        &mut self,
        half: Half,
        walk: &Walk,
        candidates: &[Candidate],
        threshold: f32,
        random: (usize, u64),
    ) -> Result<Counted, String> {
        let mut counted = Counted::default();
        let mut chosen = Vec::new();
        for alert in pick(walk.person, candidates, threshold) {
            let count = match (alert.mated, alert.entry) {
                (true, _) => &mut counted.true_alerts,
                (false, Entry::Present) => &mut counted.false_with_own_entry,
                (false, Entry::Removed) => &mut counted.false_without_own_entry,
            };
            *count += 1;
            chosen.push(Chosen { person: alert.person, selection: "alert", entry: alert.entry.code() });
        }
        chosen.push(Chosen { person: walk.person, selection: "random", entry: "" });
        let others = others(walk, candidates, random);
        chosen.extend(others.into_iter().map(|person| Chosen { person, selection: "random", entry: "" }));
        for pair in chosen {
            self.pair(half, walk, &pair)?;
        }
        Ok(counted)
    }

    fn pair(&mut self, half: Half, walk: &Walk, pair: &Chosen) -> Result<(), String> {
        let lost = || "the people were changed while they walked".to_owned();
        let reference = self.scene.reference_file(pair.person, walk.round).ok_or_else(lost)?;
        let (first, second) =
            (self.people.get(walk.person).ok_or_else(lost)?, self.people.get(pair.person).ok_or_else(lost)?);
        let same = if walk.person == pair.person { "1" } else { "0" };
        let group = |person: &Person| person.group.clone().unwrap_or_default();
        let uses =
            [("alert_probe", &walk.probe, walk.condition), ("close_photograph", &walk.close, Condition::ClosePhone)];
        for ((name, probe, condition), writer) in uses.into_iter().zip(&mut self.writers) {
            let is_alert = pair.selection == "alert";
            if name == "close_photograph" && !self.written.insert((probe.clone(), reference.to_owned(), is_alert)) {
                continue;
            }
            let code = condition.code();
            let fields = [
                probe,
                reference,
                same,
                &code,
                &first.code,
                &second.code,
                name,
                half.code(),
                pair.selection,
                pair.entry,
            ];
            let groups = if self.has_groups { vec![group(first), group(second)] } else { Vec::new() };
            writer
                .write_record(fields.into_iter().chain(groups.iter().map(String::as_str)))
                .map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn finish(self) -> Result<(), String> {
        for mut writer in self.writers {
            writer.flush().map_err(|error| format!("a table cannot be written ({})", error.kind()))?;
        }
        Ok(())
    }
}

/// Other people of the watchlist, drawn for this probe alone.
fn others(walk: &Walk, candidates: &[Candidate], (count, seed): (usize, u64)) -> Vec<usize> {
    let mut left: Vec<usize> =
        candidates.iter().map(|candidate| candidate.person).filter(|person| *person != walk.person).collect();
    let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(&walk.probe).finalize();
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(number);
    let mut drawn = Vec::with_capacity(count.min(left.len()));
    while drawn.len() < count && !left.is_empty() {
        drawn.push(left.swap_remove(random.random_range(0..left.len())));
    }
    drawn
}
