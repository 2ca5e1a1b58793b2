//! The auditor's check of a phone's log of 20,000 sealed events, unopened and opened.
//!
//! Floor, unopened: what no check can do without, on one thread: each entry hashed, the tree, and the root that field 6
//! names. Floor, opened: HPKE alone, on one thread. The check itself uses the threads that there are.

use std::hint::black_box;

use peel_ledger::Hash;
use peel_ledger::bundle::{Verdict, VerifyOptions, verify};
use peel_ledger::entry::Entry;
use peel_ledger::tree::{CompactRange, leaf_hash, node_hash};

use crate::measure::{rate, share, told};
use crate::support::Force;

const EVENTS: usize = 20_000;
/// The phone's checkpoints are at most so many entries apart.
const STEP: u64 = 64;
const HPKE_SAMPLE: usize = 4_000;

pub(crate) fn run() {
    let mut force = Force::new();
    let phone = force.phone_with(EVENTS as u64, STEP, |index| format!("an event's body, number {index}").into_bytes());
    let (files, trust) = (force.bundle(&phone), force.trust());
    let keys = std::slice::from_ref(&force.auditor);

    append(&phone.entries);
    let floor = rate(EVENTS, || {
        let mut range = CompactRange::new();
        for entry in &phone.entries {
            black_box(range.root());
            range.append(leaf_hash(entry)).unwrap();
        }
    });
    let unopened = rate(EVENTS, || {
        let report = verify(&files, &trust, VerifyOptions::default(), &mut |_| {});
        assert_eq!(report.verdict, Verdict::Good);
    });
    share("auditor, unopened", floor, unopened, 0.6);

    let sample: Vec<Entry> =
        phone.entries.iter().take(HPKE_SAMPLE).map(|bytes| Entry::decode(bytes).unwrap()).collect();
    let info = [b"peel/v1/cek", force.origin().as_str().as_bytes()].concat();
    let hpke = rate(HPKE_SAMPLE, || {
        for entry in &sample {
            let aad = Entry::associated_data(entry.header(), entry.suite(), entry.commitment());
            let wrapped = entry.recipients().first().unwrap();
            black_box(force.auditor.unwrap(&info, &aad, &wrapped.enc, &wrapped.wrapped_cek).unwrap());
        }
    });
    let opened = rate(EVENTS, || {
        let mut bodies = 0;
        let report = verify(&files, &trust, VerifyOptions { open: keys, last_seen: None }, &mut |_| bodies += 1);
        assert_eq!((report.verdict, bodies), (Verdict::Good, EVENTS));
    });
    share("auditor, opened, beside HPKE alone", hpke, opened, 0.8);
}

/// The tree alone, over leaves that are hashed already.
fn append(entries: &[Vec<u8>]) {
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let nodes = rate(leaves.len(), || {
        // One node is hashed for each leaf: that many hashes of two and no tree are the floor.
        for pair in leaves.windows(2) {
            black_box(node_hash(&pair[0], &pair[1]));
        }
    });
    let tree = rate(leaves.len(), || {
        let mut range = CompactRange::new();
        for leaf in &leaves {
            range.append(*leaf).unwrap();
        }
        black_box(range.root());
    });
    told("RFC 6962 append of a leaf hash, beside one node hash", format!("{nodes:.0}/s"), format!("{tree:.0}/s"));
}
