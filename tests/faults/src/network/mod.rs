//! The way from the phone to the force, with everything on it that can fail, and both ends failing too.
//!
//! The journal's own upload talks to the gateway's own mirror; what lies between is played from the seed: requests that
//! are lost, doubled, late, cut or changed, replies that are lost, refusals of every kind, a server that ends before or
//! after its commit or comes back from an older copy, a phone that ends, prunes or is enrolled anew, and clocks ten years
//! off. When the faults are over the force must have the phone's log, byte for byte, and must have been caught when it
//! had lost something.

pub mod cuts;
pub(crate) mod device;
pub(crate) mod server;
mod simulation;

use peel_domain::id::EnrolmentId;
use peel_journal::upload::{Endpoint, Request};
use peel_ledger::mirror::Alarm;
use peel_ledger::note::Ed25519Signer;
use rand::RngExt as _;
use rand::rngs::StdRng;

use self::device::{Device, Synced};
use self::server::{Reply, Server};
use self::simulation::Simulation;
pub use self::simulation::{Step, interleaved};
use crate::run::{Counts, Part, Run};

const TEN_YEARS_MS: i64 = 10 * 365 * 24 * 3_600 * 1_000;

/// A failing network.
pub const PART: Part = Part {
    name: "network",
    promise: "whatever the network, the force and the phone do, pruning and new enrolments included, the force's log ends \
              as the phone's, byte for byte; losses, clones, rollbacks and foreign mirrors are noticed",
    full: 20_000,
    short: 100,
    work,
};

/// A network without faults.
pub const CLEAN: Part = Part {
    name: "clean",
    promise: "where nothing fails there is no alarm, no notice and no retry",
    full: 20_000,
    short: 60,
    work: clean,
};

/// What happens to a request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Through,
    RequestLost,
    ReplyLost,
    Doubled,
    Late,
    RequestCut,
    RequestChanged,
    ReceiptChanged,
    RefusedBefore(u16),
    RefusedAfter(u16),
    EndsBefore,
    EndsAfter,
}

const STATUSES: &[u16] = &[401, 413, 429, 500, 502, 503, 507];

/// The network and the server behind it.
pub(crate) struct Network {
    pub(crate) server: Server,
    /// How likely a request is to meet a fault.
    faults: f64,
    /// Requests that are still to arrive.
    late: Vec<(EnrolmentId, Endpoint, Vec<u8>)>,
    /// Requests that the partition still swallows.
    partition: u32,
    pub(crate) met: u64,
    /// A force that lies instead of its server.
    liar: Option<Liar>,
}

/// How a force lies.
#[derive(Clone, Copy, Debug)]
enum Liar {
    /// It signs with a key that is not the mirror's.
    ForeignKey,
    /// It signs another tree.
    AnotherTree,
    /// It says that it has more than there is.
    Ahead,
}

fn fate(faults: f64, rng: &mut StdRng) -> Fate {
    if !rng.random_bool(faults) {
        return Fate::Through;
    }
    let status = STATUSES[rng.random_range(0..STATUSES.len())];
    match rng.random_range(0..14) {
        0..2 => Fate::RequestLost,
        2..4 => Fate::ReplyLost,
        4 => Fate::Doubled,
        5 => Fate::Late,
        6 => Fate::RequestCut,
        7 => Fate::RequestChanged,
        8 => Fate::ReceiptChanged,
        9..11 => Fate::RefusedBefore(status),
        11 => Fate::RefusedAfter(status),
        12 => Fate::EndsBefore,
        _ => Fate::EndsAfter,
    }
}

fn refusal(status: u16, rng: &mut StdRng) -> Reply {
    let retry_after_s = (status == 429 || status == 503).then(|| rng.random_range(0..10)).filter(|_| rng.random());
    Reply { retry_after_s, ..Reply::bare(status) }
}

fn lie(liar: Liar, request: &Request) -> Reply {
    if request.endpoint == Endpoint::AddCheckpoint && !matches!(liar, Liar::Ahead) {
        return Reply::bare(200);
    }
    match liar {
        Liar::Ahead if request.endpoint == Endpoint::AddCheckpoint => {
            Reply { body: b"1000000\n".to_vec(), ..Reply::bare(409) }
        }
        Liar::Ahead => Reply::bare(503),
        Liar::ForeignKey | Liar::AnotherTree => {
            let name = server::force().mirror.name();
            let signer = Ed25519Signer::from_seed(name, &[77; 32]).unwrap();
            let text = match liar {
                Liar::ForeignKey => format!("{}\n1\nAAAA\n", server::force().keys.origin),
                _ => "another text\n".to_owned(),
            };
            let body = signer.cosign(&text, 5).unwrap().to_line().into_bytes();
            Reply { body, ..Reply::bare(200) }
        }
    }
}

impl Network {
    fn new(faults: f64) -> Self {
        Self { server: Server::start(None), faults, late: Vec::new(), partition: 0, met: 0, liar: None }
    }

    /// Sends a request; nothing if there is no whole answer.
    pub(crate) fn exchange(&mut self, device: EnrolmentId, request: &Request, rng: &mut StdRng) -> Option<Reply> {
        if let Some(liar) = self.liar {
            return Some(lie(liar, request));
        }
        while !self.late.is_empty() && rng.random_bool(0.5) {
            let (device, endpoint, body) = self.late.swap_remove(rng.random_range(0..self.late.len()));
            self.server.handle(device, endpoint, &body);
        }
        if self.partition > 0 {
            self.partition -= 1;
            return None;
        }
        let fate = fate(self.faults, rng);
        self.met += u64::from(!matches!(fate, Fate::Through));
        let (endpoint, body) = (request.endpoint, request.body.as_slice());
        match fate {
            Fate::Through => Some(self.server.handle(device, endpoint, body)),
            Fate::RequestLost => None,
            Fate::ReplyLost => {
                self.server.handle(device, endpoint, body);
                None
            }
            Fate::Doubled => {
                let first = self.server.handle(device, endpoint, body);
                let second = self.server.handle(device, endpoint, body);
                Some(if rng.random() { first } else { second })
            }
            Fate::Late => {
                self.late.push((device, endpoint, body.to_vec()));
                None
            }
            Fate::RequestCut => {
                let kept = rng.random_range(0..body.len());
                let reply = self.server.handle(device, endpoint, &body[..kept]);
                // Whoever reads half a request seldom answers it.
                rng.random_bool(0.3).then_some(reply)
            }
            Fate::RequestChanged => {
                let mut changed = body.to_vec();
                let at = rng.random_range(0..changed.len());
                changed[at] ^= 1 << rng.random_range(0..8);
                Some(self.server.handle(device, endpoint, &changed))
            }
            Fate::ReceiptChanged => {
                let mut reply = self.server.handle(device, endpoint, body);
                // Any other reply that is changed does not come through TLS: it is lost.
                if reply.status != 200 || reply.body.is_empty() {
                    return None;
                }
                let at = rng.random_range(0..reply.body.len());
                reply.body[at] ^= 1 << rng.random_range(0..8);
                Some(reply)
            }
            Fate::RefusedBefore(status) => Some(refusal(status, rng)),
            Fate::RefusedAfter(status) => {
                self.server.handle(device, endpoint, body);
                Some(refusal(status, rng))
            }
            Fate::EndsBefore => {
                self.server.restart(None);
                None
            }
            Fate::EndsAfter => {
                self.server.handle(device, endpoint, body);
                self.server.restart(None);
                None
            }
        }
    }

    fn is_over(&mut self) {
        self.faults = 0.0;
        self.partition = 0;
        self.all_arrives();
    }

    fn all_arrives(&mut self) {
        for (device, endpoint, body) in std::mem::take(&mut self.late) {
            self.server.handle(device, endpoint, &body);
        }
    }
}

fn work(run: &Run) -> Counts {
    let mut rng = run.rng();
    match run.number % 10 {
        0..7 => any_fault(&mut rng),
        7 => two_phones(&mut rng, false),
        8 => two_phones(&mut rng, true),
        _ => a_lying_force(&mut rng),
    }
}

/// Everything happens except that somebody cheats.
fn any_fault(rng: &mut StdRng) -> Counts {
    let mut simulation = Simulation::new([0.1, 0.3, 0.6][rng.random_range(0..3)], rng);
    if rng.random_bool(0.04) {
        simulation.device.record_long(rng);
        simulation.counts.add("runs with a log of several requests", 1);
    }
    // Only full tiles are pruned.
    if rng.random_bool(0.3) {
        simulation.device.record_tile(rng);
        simulation.device.record_tile(rng);
    }
    for _ in 0..rng.random_range(4..20) {
        match rng.random_range(0..25) {
            0..8 => simulation.device.record(rng),
            8..14 => {
                simulation.sync(rng);
            }
            14 => simulation.device.crash(rng),
            15 => simulation.back_up(),
            16 => simulation.restore(rng),
            17 => simulation.network.partition = rng.random_range(1..30),
            18 => simulation.network.server.jump(TEN_YEARS_MS * rng.random_range(-1..=1)),
            19 => simulation.device.wall_ms += TEN_YEARS_MS * rng.random_range(-1..=1),
            20 => simulation.device.record_tile(rng),
            21 => simulation.prune(false, rng),
            22..24 => simulation.prune(true, rng),
            _ => simulation.rotate(rng),
        }
        simulation.check();
    }
    simulation.finish(rng)
}

/// One log on two phones: a copy, or the phone as it was. Both go on; it must come out.
fn two_phones(rng: &mut StdRng, rolled_back: bool) -> Counts {
    let mut counts = Counts::default();
    let mut network = Network::new(0.0);
    let mut device = Device::new(rng);
    let times = rng.random_range(0..5);
    device.record_many(rng, times);
    if rng.random() {
        device.sync(&mut network, rng);
    }
    let copy = device.copy();
    device.record(rng);
    if rolled_back {
        // What the phone had written since is at the force, and then the phone is what it was before.
        assert!(matches!(device.sync(&mut network, rng), Synced::Done));
    }
    let mut other = device.of_copy(&copy, rng);
    let mut stopped = 0;
    for _ in 0..6 {
        network.faults = if rng.random_bool(0.3) { 0.2 } else { 0.0 };
        if rng.random() {
            other.record(rng);
            stopped += u64::from(matches!(other.sync(&mut network, rng), Synced::Stopped(_)));
        } else if !rolled_back {
            device.record(rng);
            stopped += u64::from(matches!(device.sync(&mut network, rng), Synced::Stopped(_)));
        }
    }
    network.is_over();
    other.record(rng);
    let mut last = vec![other.sync(&mut network, rng)];
    if !rolled_back {
        device.record(rng);
        last.push(device.sync(&mut network, rng));
        last.push(other.sync(&mut network, rng));
    }
    let found = last.iter().filter(|synced| matches!(synced, Synced::Stopped(_))).count();
    assert!(found > 0, "two histories of one log went on unnoticed: {last:?}, stopped {stopped} times before");
    let held = network.server.entries(device.enrolment);
    let of_one = device.entries().starts_with(&held) || other.entries().starts_with(&held);
    assert!(of_one, "the force holds a mixture of two logs");
    counts.add(if rolled_back { "rollbacks of a phone noticed" } else { "clones of a phone noticed" }, 1);
    server::remove(&copy);
    device.end();
    other.end();
    counts
}

/// A force that lies is not believed, and the phone says so.
fn a_lying_force(rng: &mut StdRng) -> Counts {
    let mut counts = Counts::default();
    let mut network = Network::new(0.0);
    let mut device = Device::new(rng);
    device.record(rng);
    assert_eq!(device.sync(&mut network, rng), Synced::Done);
    let cosigned = device.cosigned();
    device.record(rng);
    let liar = [Liar::ForeignKey, Liar::AnotherTree, Liar::Ahead][rng.random_range(0..3)];
    network.liar = Some(liar);
    let synced = device.sync(&mut network, rng);
    let expected = if matches!(liar, Liar::Ahead) { Alarm::RolledBack } else { Alarm::ForeignMirror };
    assert_eq!(synced, Synced::Stopped(expected), "{liar:?}");
    assert_eq!(device.cosigned(), cosigned, "something that is no receipt was taken for one");
    counts.add("lying forces noticed", 1);
    device.end();
    counts
}

/// Nothing fails.
fn clean(run: &Run) -> Counts {
    let mut rng = run.rng();
    let mut counts = Counts::default();
    let mut network = Network::new(0.0);
    let mut device = Device::new(&mut rng);
    for _ in 0..rng.random_range(1..6) {
        let times = rng.random_range(1..4);
        device.record_many(&mut rng, times);
        let synced = device.sync(&mut network, &mut rng);
        assert_eq!(synced, Synced::Done);
        counts.add("synchronisations", 1);
    }
    let alarms = (device.alarms, device.losses_noticed, device.retries, device.other_notices);
    assert_eq!(alarms, (0, 0, 0, 0), "alarms, losses, retries and notices where nothing failed");
    assert!(network.server.entries(device.enrolment) == device.entries(), "the force's log is not the phone's");
    counts.add("runs without an alarm", 1);
    device.end();
    counts
}
