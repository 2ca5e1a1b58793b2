//! A phone and a force that live together: what each does, and what must hold after every step and in the end.

use std::path::PathBuf;

use peel_ledger::mirror::Alarm;
use peel_ledger::tree::leaf_hash;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::Network;
use super::device::{Device, Synced, WEEK_MS};
use super::server;
use crate::run::Counts;

/// Longer than the force's backups may reach, whatever the two clocks differ by.
const EIGHT_DAYS_MS: i64 = WEEK_MS / 7 * 8;
/// Tries that the last synchronisations are given: a new enrolment may come between.
const LAST_TRIES: usize = 15;

/// The phone, the force, and what is between them.
pub(crate) struct Simulation {
    pub(crate) network: Network,
    pub(crate) device: Device,
    pub(crate) counts: Counts,
    copies: Copies,
    /// The phone heard of the loss that there is.
    noticed: bool,
    /// The force was restored at least once.
    restored: bool,
}

/// The force's store as it was.
struct Copies(Vec<PathBuf>);

impl Drop for Copies {
    fn drop(&mut self) {
        for copy in &self.0 {
            server::remove(copy);
        }
    }
}

impl Simulation {
    pub(crate) fn new(faults: f64, rng: &mut StdRng) -> Self {
        Self {
            network: Network::new(faults),
            device: Device::new(rng),
            counts: Counts::default(),
            copies: Copies(Vec::new()),
            noticed: false,
            restored: false,
        }
    }

    /// What the force holds of the present log.
    fn held(&self) -> Vec<Vec<u8>> {
        self.network.server.entries(self.device.enrolment)
    }

    /// Whether the force holds less than the phone has receipts for, when everything that was late has arrived.
    fn has_lost(&mut self) -> bool {
        self.network.all_arrives();
        (self.held().len() as u64) < self.device.cosigned()
    }

    /// The force's logs must be beginnings of the phone's, or all of them.
    pub(crate) fn check(&self) {
        assert!(self.device.entries().starts_with(&self.held()), "the force's log is no beginning of the phone's");
        for ended in &self.device.ended {
            let held = self.network.server.entries(ended.enrolment);
            assert!(ended.entries.starts_with(&held), "the force's log that ended is no beginning of the phone's");
        }
    }

    /// Brings the trail to the force, or a part of it.
    pub(crate) fn sync(&mut self, rng: &mut StdRng) -> Synced {
        let lost = self.has_lost();
        let before = self.device.losses_noticed;
        let stopped = self.device.lost_pruned || self.device.frozen.is_some();
        let synced = self.device.sync(&mut self.network, rng);
        let told = self.device.losses_noticed > before || self.noticed;
        match synced {
            // What it stopped for may be over: it is enrolled anew all the same.
            _ if stopped => {}
            Synced::Done => assert!(!lost || told, "a lost history was not noticed"),
            Synced::LostPruned => assert!(
                self.network.server.entries(self.device.enrolment).len() < self.device.pruned() as usize,
                "the force has what it is said to have lost"
            ),
            Synced::Stopped(Alarm::Unknown) => {
                assert!(!self.network.server.knows(self.device.enrolment), "the force knows this phone");
            }
            Synced::Stopped(alarm) => {
                assert!(!matches!(alarm, Alarm::RolledBack), "an honest phone was taken for another");
            }
            Synced::UpToDate | Synced::Later => {}
        }
        self.noticed = told && self.has_lost();
        synced
    }

    pub(crate) fn back_up(&mut self) {
        self.copies.0.push(self.network.server.back_up());
    }

    /// The force comes back as it was when one of the copies was made.
    pub(crate) fn restore(&mut self, rng: &mut StdRng) {
        if !self.copies.0.is_empty() {
            self.restore_copy(rng.random_range(0..self.copies.0.len()));
        }
    }

    fn restore_copy(&mut self, number: usize) {
        self.network.server.restart(Some(&self.copies.0[number]));
        (self.noticed, self.restored) = (false, true);
        let lost = self.has_lost();
        let lost_pruned = (self.held().len() as u64) < self.device.pruned();
        let unknown = !self.network.server.knows(self.device.enrolment);
        self.counts.add("restores from an older copy", 1);
        self.counts.add("restores that lost acknowledged entries", u64::from(lost));
        self.counts.add("restores that lost pruned entries", u64::from(lost_pruned));
        self.counts.add("restores from before the enrolment", u64::from(unknown));
    }

    /// The phone lets go what may go, after a week that it heard of from the force, or at once.
    pub(crate) fn prune(&mut self, waits: bool, rng: &mut StdRng) {
        if waits {
            self.sync(rng);
            self.device.wall_ms += EIGHT_DAYS_MS;
            self.network.server.wait(EIGHT_DAYS_MS);
            self.device.record(rng);
            self.sync(rng);
        }
        let before = self.device.pruned();
        self.device.prune();
        let bodies = self.device.pruned() - before;
        self.counts.add("prunings", u64::from(bodies > 0));
        self.counts.add("bodies pruned", bodies);
        // What the phone kept of them is what the force has.
        let held = self.held();
        let kept = self.device.leaves();
        assert!(held.iter().map(|entry| leaf_hash(entry).to_bytes()).zip(kept).all(|(held, kept)| held == kept));
    }

    /// The phone is enrolled anew.
    pub(crate) fn rotate(&mut self, rng: &mut StdRng) {
        let before = self.device.ended.len();
        let carried = self.device.rotate(&self.network.server, rng);
        let ended = self.device.ended.len() - before;
        if ended > 0 {
            self.noticed = false;
        }
        self.counts.add("logs ended and carried over", ended as u64);
        self.counts.add("entries carried over", carried);
    }

    /// The faults are over: everything must come to the force, or the phone must have its word for what is lost.
    pub(crate) fn finish(mut self, rng: &mut StdRng) -> Counts {
        self.network.is_over();
        self.check();
        self.device.record(rng);
        let mut ended = false;
        for _ in 0..LAST_TRIES {
            match self.sync(rng) {
                Synced::Done => {
                    ended = true;
                    break;
                }
                Synced::LostPruned => {
                    self.counts.add("losses of pruned entries proved", 1);
                    self.rotate(rng);
                }
                Synced::Stopped(Alarm::Unknown) => self.rotate(rng),
                _ => {}
            }
        }
        assert!(ended, "the log is not at the force although nothing fails any more; alarm {:?}", self.device.frozen);
        self.check();
        self.device.check();
        let enrolment = self.device.enrolment;
        assert!(self.held() == self.device.entries(), "the force's log is not the phone's");
        assert_eq!(self.network.server.cosigned(enrolment), self.device.size());
        assert_eq!(self.device.frozen, None);
        self.check_ended();
        self.counts.add("runs with faults", 1);
        self.counts.add("faults met", self.network.met);
        self.counts.add("losses noticed", self.device.losses_noticed);
        self.counts.add("entries at the force in the end", self.device.size());
        let counts = std::mem::take(&mut self.counts);
        self.device.end();
        counts
    }

    /// What was not carried over is at the force, unless the force lost it: then the next log has its word for it, which
    /// was checked when it was written.
    fn check_ended(&mut self) {
        for ended in &self.device.ended {
            let held = self.network.server.entries(ended.enrolment).len() as u64;
            assert!(held >= ended.from || self.restored, "what was not carried over is not at the force");
            self.counts.add("logs lost after their end, under the force's word", u64::from(held < ended.from));
        }
    }
}

/// What a phone or its force does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It records so many entries: few, or so many that a tile becomes full.
    Record {
        /// A whole tile of them and more.
        many: bool,
    },
    /// It brings its trail to the force.
    Sync,
    /// Its process ends and starts again on what it left.
    Crash,
    /// A week passes, and it prunes.
    Prune,
    /// Its log ends and the next one begins.
    Rotate,
    /// The force comes back as it was before one of the steps so far.
    Restore(u16),
}

/// Does some steps in their order and checks after each, and in the end, what must hold.
pub fn interleaved(steps: &[Step], seed: u64) -> Counts {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut simulation = Simulation::new(0.0, &mut rng);
    for step in steps {
        simulation.back_up();
        match step {
            Step::Record { many: false } => simulation.device.record(&mut rng),
            Step::Record { many: true } => simulation.device.record_tile(&mut rng),
            Step::Sync => {
                simulation.sync(&mut rng);
            }
            Step::Crash => simulation.device.crash(&mut rng),
            Step::Prune => simulation.prune(true, &mut rng),
            Step::Rotate => simulation.rotate(&mut rng),
            Step::Restore(to) => simulation.restore_copy(usize::from(*to) % simulation.copies.0.len()),
        }
        simulation.check();
        simulation.device.check();
    }
    simulation.finish(&mut rng)
}
