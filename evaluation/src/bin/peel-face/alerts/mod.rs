//! `cargo face alerts`: plays the first engine, and writes the pairs that its alerts put before the check.
//!
//! The engine is this same embedder on degraded images: of all engines the one whose errors are most like the check's own.
//! Must never: keep an embedding longer than it runs, write one, or pair people of both halves.
//! Always: what was picked, from how many, and by which threshold is written beside the tables.

mod photographs;
mod scene;
mod tables;

use std::path::PathBuf;

use clap::Args;
use peel_evaluation::alerts::{Half, halve};
use peel_evaluation::degrade::Condition;
use serde::Serialize;

use crate::models::Models;
use scene::Scene;
use tables::Tables;

/// What a street camera makes of a face.
const CONDITIONS: [Condition; 5] = [
    Condition::StreetCamera(48),
    Condition::StreetCamera(32),
    Condition::Small(32),
    Condition::Dark,
    Condition::Motion,
];

/// Plays the first engine over one watchlist for each half of the people, and writes two tables of pairs for `evaluate`:
/// `ALERT_PROBE.csv` (the check sees the engine's own probe) and `CLOSE_PHOTOGRAPH.csv` (it sees another photograph).
#[derive(Args)]
pub(crate) struct Alerts {
    /// A folder of photographs named `PERSON_SHOT.jpg` (or .png), or a table with the columns `file`, `person` and
    /// perhaps `group`.
    photographs: PathBuf,
    /// A new folder for the tables, the probes and `ALERTS.json`.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Another seed makes other halves, other noise and other random pairs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these conditions of the engine's probes, by their names in the column `condition`.
    #[arg(long = "condition", value_name = "NAME", value_parser = crate::degrade::condition)]
    conditions: Vec<Condition>,
    /// The engine's threshold: a best candidate below it raises no alert. By default each best candidate raises one, so
    /// that a watchlist of a few dozen gives as many alerts as it can.
    #[arg(long, default_value_t = -1.0, allow_negative_numbers = true)]
    threshold: f32,
    /// How often each person walks past: each time another of their photographs is the entry on the watchlist.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Random non-mated pairs for each probe, to show by how much such pairs flatter.
    #[arg(long, default_value_t = 20)]
    random: usize,
    #[command(flatten)]
    models: Models,
}

/// What is written beside the tables.
#[derive(Serialize)]
struct Told {
    engine: &'static str,
    threshold: f32,
    seed: u64,
    rounds: usize,
    conditions: Vec<String>,
    halves: Vec<ToldHalf>,
}

#[derive(Serialize)]
struct ToldHalf {
    half: &'static str,
    people: usize,
    passers_by: usize,
    with_a_third_photograph: usize,
    watchlist: usize,
    probes: usize,
    probes_without_a_face: usize,
    true_alerts: usize,
    false_alerts_with_own_entry: usize,
    false_alerts_without_own_entry: usize,
}

impl Alerts {
    /// Plays it.
    pub(crate) fn run(self) -> Result<(), String> {
        let written = |error: std::io::Error| format!("the folder cannot be written ({})", error.kind());
        if !(-1.0..=1.0).contains(&self.threshold) || self.rounds == 0 {
            return Err("the threshold lies from -1 to 1, and there is at least one round".to_owned());
        }
        let people = photographs::read(&self.photographs)?;
        let conditions = if self.conditions.is_empty() { CONDITIONS.to_vec() } else { self.conditions.clone() };
        std::fs::create_dir_all(&self.out).map_err(written)?;
        if self.out.join("ALERT_PROBE.csv").exists() {
            return Err("the folder holds tables already; name a new one".to_owned());
        }
        photographs::write(&people, &self.out.join("PHOTOGRAPHS.csv"))?;
        let scene = Scene::make(&self.models.load()?, &people, &conditions, self.rounds, self.seed, &self.out)?;
        let codes: Vec<String> = people.iter().map(|person| person.code.clone()).collect();
        let halves = halve(&codes, self.seed);
        let mut tables = Tables::create(&self.out, &people, &scene)?;
        let mut told = Vec::new();
        for half in Half::ALL {
            let members: Vec<usize> = (0..people.len()).filter(|place| halves.get(*place) == Some(&half)).collect();
            told.push(self.play(half, &members, &people, &scene, &mut tables)?);
        }
        tables.finish()?;
        let told = Told {
            engine: "same_recogniser",
            threshold: self.threshold,
            seed: self.seed,
            rounds: self.rounds,
            conditions: conditions.into_iter().map(Condition::code).collect(),
            halves: told,
        };
        let text = serde_json::to_vec_pretty(&told).map_err(|_| "the figures cannot be written".to_owned())?;
        std::fs::write(self.out.join("ALERTS.json"), text).map_err(written)?;
        for half in &told.halves {
            eprintln!(
                "{}: {} people, watchlist of {}, {} true alerts, {} false ones ({} with the passer-by's own entry)",
                half.half,
                half.people,
                half.watchlist,
                half.true_alerts,
                half.false_alerts_with_own_entry + half.false_alerts_without_own_entry,
                half.false_alerts_with_own_entry
            );
        }
        Ok(())
    }

    fn play(
        &self,
        half: Half,
        members: &[usize],
        people: &[photographs::Person],
        scene: &Scene,
        tables: &mut Tables<'_>,
    ) -> Result<ToldHalf, String> {
        let mut told = ToldHalf {
            half: half.code(),
            people: members.len(),
            passers_by: members.iter().filter(|person| scene.walks(**person)).count(),
            with_a_third_photograph: people_with(people, members, 3),
            watchlist: scene.watchlist(members, 0).len(),
            probes: 0,
            probes_without_a_face: 0,
            true_alerts: 0,
            false_alerts_with_own_entry: 0,
            false_alerts_without_own_entry: 0,
        };
        for round in 0..self.rounds {
            let watchlist = scene.watchlist(members, round);
            for walk in scene.walks_of(members, round) {
                told.probes += 1;
                let Some(candidates) = walk.candidates(&watchlist) else {
                    told.probes_without_a_face += 1;
                    continue;
                };
                let picked = tables.walk(half, walk, &candidates, self.threshold, (self.random, self.seed))?;
                told.true_alerts += picked.true_alerts;
                told.false_alerts_with_own_entry += picked.false_with_own_entry;
                told.false_alerts_without_own_entry += picked.false_without_own_entry;
            }
        }
        Ok(told)
    }
}

fn people_with(people: &[photographs::Person], members: &[usize], photographs: usize) -> usize {
    members.iter().filter_map(|place| people.get(*place)).filter(|person| person.files.len() >= photographs).count()
}
