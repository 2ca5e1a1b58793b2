//! Power cuts of the force's machine.
//!
//! The gateway's store is an ordinary file, and its commits are synced before they are answered (`synchronous=FULL`):
//! so what a cut may leave while a request is handled lies between the files before it and after it. The write-ahead log
//! is written first; the database itself only when the log is complete and synced. So either any part of the new log is
//! there and nothing of the new database, or all of the log and any part of the database.

use std::path::{Path, PathBuf};

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::device::Device;
use super::server::{Reply, Server, beside, force, new_path, remove};
use crate::run::{Counts, Part, Run};

const SECTOR: usize = 512;

/// Power cuts at the force.
pub const PART: Part = Part {
    name: "crash-force",
    promise: "after a power cut in any request the force's store has all that was acknowledged and no part of more",
    full: 300,
    short: 8,
    work,
};

/// A store's two files.
#[derive(Clone, Default)]
struct Files {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Files {
    fn read(path: &Path) -> Self {
        let log = std::fs::read(beside(path, "-wal")).unwrap_or_default();
        Self { database: std::fs::read(path).unwrap(), log }
    }

    fn write(&self) -> PathBuf {
        let path = new_path();
        std::fs::write(&path, &self.database).unwrap();
        std::fs::write(beside(&path, "-wal"), &self.log).unwrap();
        path
    }
}

/// Some sectors of the new bytes over the old ones, and one of the two lengths.
fn mixed(old: &[u8], new: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let kept = [0.0, 0.1, 0.5, 0.9, 1.0][rng.random_range(0..5)];
    let mut bytes = old.to_vec();
    bytes.resize(old.len().max(new.len()), 0);
    for (at, sector) in new.chunks(SECTOR).enumerate() {
        if rng.random_bool(kept) {
            bytes[at * SECTOR..at * SECTOR + sector.len()].copy_from_slice(sector);
        }
    }
    let length = if rng.random_bool(kept) { new.len() } else { old.len() };
    bytes.truncate(length);
    bytes
}

fn cut(before: &Files, after: &Files, rng: &mut StdRng) -> Files {
    if rng.random_bool(0.3) {
        return Files { log: after.log.clone(), database: mixed(&before.database, &after.database, rng) };
    }
    Files { log: mixed(&before.log, &after.log, rng), database: before.database.clone() }
}

/// What a store holds of the phone's log, and up to where it was cosigned.
fn held(server: &Server) -> (Vec<Vec<u8>>, u64) {
    let device = force().device;
    (server.entries(device), server.cosigned(device))
}

fn work(run: &Run) -> Counts {
    let mut rng = run.rng();
    let mut counts = Counts::default();
    let mut server = Server::start(None);
    let mut device = Device::new(&mut rng);
    let mut states = Vec::new();
    for _ in 0..rng.random_range(2..6) {
        let times = rng.random_range(1..40);
        device.record_many(&mut rng, times);
        let refused = device.send_through(&mut |request| {
            let (before, shown) = (Files::read(server.path()), held(&server));
            let reply = server.handle(force().device, request.endpoint, &request.body);
            let after = Files::read(server.path());
            let state = cut(&before, &after, &mut rng);
            states.push((state, shown, held(&server)));
            reply
        });
        assert_eq!(refused, None);
    }
    let mut last = None;
    for (state, before, after) in states {
        let path = state.write();
        let found = held(&Server::on_copy(&path));
        assert!(found == before || found == after, "a part of a request, or less than was acknowledged");
        counts.add("crash states of the force", 1);
        counts.add("states with the request that was under way", u64::from(found == after && before != after));
        if let Some(old) = last.replace(path) {
            remove(&old);
        }
    }
    // The phone goes on with what the last cut left; its last answer is lost.
    let last = last.unwrap();
    server.restart(Some(&last));
    remove(&last);
    device.record(&mut rng);
    let mut answered = 0;
    let ended = device.send_through(&mut |request| {
        answered += 1;
        if answered == 2 { Reply::bare(503) } else { server.handle(force().device, request.endpoint, &request.body) }
    });
    assert!(ended.is_none_or(|status| status == 503));
    assert_eq!(
        device.send_through(&mut |request| server.handle(force().device, request.endpoint, &request.body)),
        None
    );
    assert!(server.entries(device.enrolment) == device.entries(), "the force's log is not the phone's");
    device.end();
    counts
}
