//! Phone and gateway against each other, with answers lost, cut short, corrupted and forged.

#![allow(clippy::cast_possible_truncation, reason = "test sizes are small")]

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::note::Ed25519Signer;
use crate::tree::{CompactRange, LeafHashes, leaf_hash};

const SIZES: [u64; 9] = [1, 2, 255, 256, 257, 511, 513, 600, 1025];

fn origin() -> Origin {
    Origin::device("force.example", "e1").unwrap()
}

fn log_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(origin().as_str(), &[1; 32]).unwrap()
}

fn mirror_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed("gateway.example/mirror", &[2; 32]).unwrap()
}

fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|index| format!("entry {index}").into_bytes()).collect()
}

fn signed(entries: &[Vec<u8>]) -> SignedNote {
    let mut range = CompactRange::new();
    for entry in entries {
        range.append(leaf_hash(entry)).unwrap();
    }
    Checkpoint::of(origin(), &range).sign(&log_signer()).unwrap()
}

fn nodes(entries: &[Vec<u8>]) -> LeafHashes {
    LeafHashes::new(entries.iter().map(|entry| leaf_hash(entry)).collect())
}

/// A gateway: durable state and entries, replies as bytes.
struct Gateway {
    state: MirrorState,
    stored: Vec<Vec<u8>>,
    reply: Option<(u64, String)>,
}

impl Gateway {
    fn new() -> Self {
        Self { state: MirrorState::new(origin()), stored: Vec::new(), reply: None }
    }

    fn add_checkpoint(&mut self, body: &[u8]) -> (u16, Vec<u8>) {
        let request = AddCheckpoint::parse(body).unwrap();
        match self.state.add_checkpoint(&request, &log_signer().verifier().unwrap(), &[]) {
            Ok(state) => {
                self.state = state;
                (200, Vec::new())
            }
            Err(refusal) => (refusal.status(), refusal.conflict_body().unwrap_or_default().into_bytes()),
        }
    }

    fn add_entries(&mut self, body: &[u8]) -> (u16, Vec<u8>) {
        let Ok(request) = AddEntries::parse(body) else { return (400, Vec::new()) };
        let outcome = self.state.add_entries(&request).unwrap();
        for entry in outcome.accepted {
            assert_eq!(entry.index, self.stored.len() as u64);
            assert_eq!(entry.leaf, leaf_hash(&entry.bytes));
            self.stored.push(entry.bytes);
        }
        self.state = outcome.state;
        let status = outcome.reply.status();
        match outcome.reply {
            AddEntriesReply::Complete(checkpoint) => {
                let known = self.reply.as_ref().filter(|(size, _)| *size == checkpoint.size);
                let lines = known.map(|(_, lines)| lines.clone());
                let lines =
                    lines.unwrap_or_else(|| mirror_signer().cosign(&checkpoint.note_text(), 5).unwrap().to_line());
                self.reply = Some((checkpoint.size, lines.clone()));
                (status, lines.into_bytes())
            }
            AddEntriesReply::Accepted(info) | AddEntriesReply::Conflict(info) => (status, info.encode().into_bytes()),
            AddEntriesReply::Unprocessable | AddEntriesReply::Malformed => (status, Vec::new()),
        }
    }
}

/// What the network does to one exchange.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    RequestLost,
    ReplyLost,
    RequestCut,
    Corrupted,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => Just(Fault::RequestLost),
        1 => Just(Fault::ReplyLost),
        1 => Just(Fault::RequestCut),
        1 => Just(Fault::Corrupted),
    ]
}

fn request_body(action: &Action, log: &[Vec<u8>], note: &SignedNote) -> (Asked, Vec<u8>) {
    let nodes = nodes(log);
    match action {
        Action::SendCheckpoint { old_size } => {
            let request = AddCheckpoint::build(*old_size, note.clone(), &nodes).unwrap();
            (Asked::Checkpoint { old_size: *old_size }, request.encode())
        }
        Action::SendEntries { start, end, ticket, max_packages } => {
            let packages = package_bounds(*start, *end)
                .take(usize::try_from(*max_packages).unwrap())
                .map(|(from, to)| {
                    let slice = log[from as usize..to as usize].iter().map(Vec::as_slice).collect();
                    Package::build(from, slice, *end, &nodes).unwrap()
                })
                .collect();
            let request = AddEntries {
                origin: origin(),
                upload_start: *start,
                upload_end: *end,
                ticket: ticket.clone(),
                packages,
                partial: false,
            };
            (Asked::Entries { start: *start }, request.encode().unwrap())
        }
        _ => {
            let request = AddEntries {
                origin: origin(),
                upload_start: 0,
                upload_end: 0,
                ticket: Vec::new(),
                packages: Vec::new(),
                partial: false,
            };
            (Asked::State, request.encode().unwrap())
        }
    }
}

/// Syncs a log until done or stopped, spending `faults` one an exchange.
fn sync(gateway: &mut Gateway, log: &[Vec<u8>], confirmed: u64, faults: &mut VecDeque<Fault>) -> Action {
    let note = signed(log);
    let checkpoint = Checkpoint::from_note(&note).unwrap();
    let mut client = MirrorClient::new(checkpoint, mirror_signer().cosigner_verifier().unwrap(), confirmed);
    let mut action = client.begin();
    for _ in 0..200 {
        if matches!(action, Action::Done(_) | Action::Stop(_)) {
            return action;
        }
        let (asked, mut body) = request_body(&action, log, &note);
        let fault = faults.pop_front().unwrap_or(Fault::None);
        let entries = !matches!(asked, Asked::Checkpoint { .. });
        match fault {
            Fault::RequestCut if entries => body.truncate(body.len() * 2 / 3),
            Fault::Corrupted if matches!(asked, Asked::Entries { .. }) && body.len() > 300 => {
                let at = body.len() - 40;
                body[at] ^= 1;
            }
            _ => {}
        }
        let answered = if matches!(fault, Fault::RequestLost) {
            None
        } else if entries {
            Some(gateway.add_entries(&body))
        } else {
            Some(gateway.add_checkpoint(&body))
        };
        let answer = match &answered {
            Some((status, body)) if !matches!(fault, Fault::ReplyLost) => {
                // A request that the network cut short is a lost exchange to the phone.
                if *status == 400 {
                    ServerAnswer::Lost
                } else {
                    ServerAnswer::Reply { status: *status, body, retry_after_s: None }
                }
            }
            _ => ServerAnswer::Lost,
        };
        action = client.answered(asked, answer).action;
    }
    panic!("sync does not end");
}

#[test]
fn a_clean_sync_ends_in_a_receipt_for_every_size() {
    for size in SIZES {
        let log = entries(size);
        let mut gateway = Gateway::new();
        let Action::Done(receipt) = sync(&mut gateway, &log, 0, &mut VecDeque::new()) else { panic!("{size}") };
        assert_eq!(receipt.checkpoint.size, size);
        assert_eq!(receipt.cosigned_at_s, 5);
        assert_eq!(receipt.beacon, beacon(&receipt.signature_lines));
        assert_eq!(gateway.stored, log);
    }
}

#[test]
fn a_log_that_grew_is_continued_from_within_a_package() {
    let log = entries(700);
    let mut gateway = Gateway::new();
    for (confirmed, size) in [(0, 3), (3, 250), (250, 256), (256, 700)] {
        let action = sync(&mut gateway, &log[..size], confirmed, &mut VecDeque::new());
        assert!(matches!(action, Action::Done(_)), "{action:?}");
    }
    assert_eq!(gateway.stored, log);
}

#[test]
fn a_server_restored_from_a_backup_gets_everything_again_and_the_loss_is_noticed() {
    let log = entries(300);
    let mut gateway = Gateway::new();
    let note = signed(&log);
    let checkpoint = Checkpoint::from_note(&note).unwrap();
    let mut client = MirrorClient::new(checkpoint, mirror_signer().cosigner_verifier().unwrap(), 280);
    let step = client.answered(
        Asked::Checkpoint { old_size: 280 },
        ServerAnswer::Reply { status: 409, body: b"0\n", retry_after_s: None },
    );
    assert_eq!(step.notice, Some(Notice::ServerLostHistory { confirmed: 280, holds: 0 }));
    assert!(matches!(sync(&mut gateway, &log, 280, &mut VecDeque::new()), Action::Done(_)));
    assert_eq!(gateway.stored, log);
}

#[test]
fn a_rolled_back_or_forked_phone_freezes() {
    let log = entries(300);
    let mut gateway = Gateway::new();
    sync(&mut gateway, &log, 0, &mut VecDeque::new());
    let rolled_back = sync(&mut gateway, &log[..100], 50, &mut VecDeque::new());
    assert_eq!(rolled_back, Action::Stop(Alarm::RolledBack));
    let mut forked = log.clone();
    forked[299] = b"another".to_vec();
    assert_eq!(sync(&mut gateway, &forked, 299, &mut VecDeque::new()), Action::Stop(Alarm::RolledBack));
    assert_eq!(gateway.stored, log);
}

#[test]
fn a_fork_below_the_pending_size_does_not_pass_the_consistency_proof() {
    let log = entries(10);
    let mut gateway = Gateway::new();
    sync(&mut gateway, &log, 0, &mut VecDeque::new());
    let mut forked = entries(12);
    forked[3] = b"another".to_vec();
    let request = AddCheckpoint::build(10, signed(&forked), &nodes(&forked)).unwrap();
    let refused = gateway.state.add_checkpoint(&request, &log_signer().verifier().unwrap(), &[]);
    assert_eq!(refused, Err(AddCheckpointRefusal::Proof));
}

#[test]
fn a_checkpoint_not_signed_by_the_log_is_refused() {
    let log = entries(3);
    let stranger = Ed25519Signer::from_seed(origin().as_str(), &[9; 32]).unwrap();
    let checkpoint = Checkpoint::from_note(&signed(&log)).unwrap();
    let request = AddCheckpoint::build(0, checkpoint.sign(&stranger).unwrap(), &nodes(&log)).unwrap();
    let state = MirrorState::new(origin());
    let refused = state.add_checkpoint(&request, &log_signer().verifier().unwrap(), &[]);
    assert_eq!(refused, Err(AddCheckpointRefusal::Unsigned));
}

#[test]
fn a_line_by_a_stranger_is_not_kept() {
    let log = entries(3);
    let mut note = signed(&log);
    let stranger = Ed25519Signer::from_seed("stranger.example", &[9; 32]).unwrap();
    note.attach(stranger.sign(note.text()).unwrap()).unwrap();
    let request = AddCheckpoint::build(0, note, &nodes(&log)).unwrap();
    let key = log_signer().verifier().unwrap();
    let state = MirrorState::new(origin()).add_checkpoint(&request, &key, &[]).unwrap();
    // The auditor takes no line that it does not know: one kept here would make the whole log look changed.
    assert_eq!(state.pending_note(), Some(&signed(&log)));
    assert!(state.pending_note().unwrap().verify_every_line(&[key]).is_ok());
}

#[test]
fn entries_that_the_checkpoint_does_not_hold_are_never_accepted() {
    let log = entries(300);
    let mut gateway = Gateway::new();
    let note = signed(&log);
    let (_, body) = request_body(&Action::SendCheckpoint { old_size: 0 }, &log, &note);
    assert_eq!(gateway.add_checkpoint(&body).0, 200);
    let all = Action::SendEntries { start: 0, end: 300, ticket: Vec::new(), max_packages: 32 };
    let (_, body) = request_body(&all, &log, &note);
    let at = body.windows(9).position(|window| window == b"entry 290").unwrap();
    let mut changed = body.clone();
    changed[at] ^= 1;
    // The first package is kept, the second refused.
    assert_eq!(gateway.add_entries(&changed).0, 422);
    assert_eq!(gateway.state.next_entry(), 256);
    assert_eq!(gateway.add_entries(&body).0, 200);
    assert_eq!(gateway.stored, log);
}

#[test]
fn statuses_lead_to_the_actions_of_the_fault_table() {
    let note = signed(&entries(300));
    let checkpoint = Checkpoint::from_note(&note).unwrap();
    let fresh = || MirrorClient::new(checkpoint.clone(), mirror_signer().cosigner_verifier().unwrap(), 0);
    let asked = Asked::Entries { start: 0 };
    let reply = |status, retry_after_s| ServerAnswer::Reply { status, body: b"", retry_after_s };
    let once = |status, retry| fresh().answered(asked, reply(status, retry)).action;
    assert_eq!(once(403, None), Action::Stop(Alarm::Refused));
    assert_eq!(once(404, None), Action::Stop(Alarm::Unknown));
    assert_eq!(once(429, Some(7)), Action::Wait { seconds: 7 });
    assert_eq!(once(503, None), Action::BackOff);
    assert_eq!(once(500, None), Action::BackOff);
    let mut client = fresh();
    assert_eq!(client.answered(asked, reply(401, None)).action, Action::RefreshAuthorisation);
    assert_eq!(client.answered(asked, reply(401, None)).action, Action::Stop(Alarm::Refused));
    let mut client = fresh();
    assert_eq!(client.answered(asked, reply(422, None)).action, Action::AskState);
    assert_eq!(client.answered(asked, reply(422, None)).action, Action::Stop(Alarm::Integrity));
    let mut client = fresh();
    for _ in 0..5 {
        assert_eq!(client.answered(asked, reply(413, None)).action, Action::AskState);
    }
    assert_eq!(client.answered(asked, reply(413, None)).action, Action::Stop(Alarm::TooLarge));
}

#[test]
fn s36_a_foreign_cosignature_is_not_a_receipt_and_alarms_after_three() {
    let note = signed(&entries(3));
    let checkpoint = Checkpoint::from_note(&note).unwrap();
    let mut client = MirrorClient::new(checkpoint.clone(), mirror_signer().cosigner_verifier().unwrap(), 0);
    let foreign = Ed25519Signer::from_seed("gateway.example/mirror", &[3; 32]).unwrap();
    let body = foreign.cosign(&checkpoint.note_text(), 5).unwrap().to_line().into_bytes();
    let mut answer = || {
        client.answered(
            Asked::Entries { start: 0 },
            ServerAnswer::Reply { status: 200, body: &body, retry_after_s: None },
        )
    };
    for _ in 0..2 {
        assert_eq!(answer(), Step { action: Action::BackOff, notice: Some(Notice::NotAReceipt) });
    }
    assert_eq!(answer().action, Action::Stop(Alarm::ForeignMirror));
}

#[test]
fn stored_parts_that_disagree_are_no_mirror() {
    let log = entries(3);
    let mut range = CompactRange::new();
    for entry in entries(4) {
        range.append(leaf_hash(&entry)).unwrap();
    }
    let ahead = MirrorState::from_parts(origin(), Some(signed(&log)), range.clone(), 0);
    assert_eq!(ahead.err(), Some(MirrorError::State));
    assert_eq!(MirrorState::from_parts(origin(), None, range, 0).err(), Some(MirrorError::State));
    let elsewhere = Origin::device("force.example", "e2").unwrap();
    let foreign = MirrorState::from_parts(elsewhere, Some(signed(&log)), CompactRange::new(), 0);
    assert_eq!(foreign.err(), Some(MirrorError::Malformed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_the_network_does_the_server_holds_a_prefix_and_the_sync_ends(
        size in 1_u64..700,
        faults in proptest::collection::vec(fault(), 0..20),
    ) {
        let log = entries(size);
        let mut gateway = Gateway::new();
        let action = sync(&mut gateway, &log, 0, &mut faults.into());
        prop_assert_eq!(&gateway.stored[..], &log[..gateway.stored.len()]);
        // Corruption twice in a row may stop the queue; nothing else may.
        match action {
            Action::Done(_) => prop_assert_eq!(gateway.stored, log),
            other => prop_assert_eq!(other, Action::Stop(Alarm::Integrity)),
        }
    }

    #[test]
    fn requests_never_panic_and_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(request) = AddCheckpoint::parse(&bytes) {
            prop_assert_eq!(request.encode(), bytes.clone());
        }
        if let Ok(info) = MirrorInfo::parse(&bytes) {
            prop_assert_eq!(info.encode().into_bytes(), bytes.clone());
        }
        let mut body = vec![0, 1, b'a'];
        body.extend_from_slice(&bytes);
        if let Ok(request) = AddEntries::parse(&body) && !request.partial {
            prop_assert_eq!(request.encode().unwrap(), body.clone());
        }
    }

    #[test]
    fn a_cut_upload_gives_its_whole_packages(size in 1_u64..600, cut in any::<usize>()) {
        let log = entries(size);
        let note = signed(&log);
        let all = Action::SendEntries { start: 0, end: size, ticket: vec![1, 2], max_packages: 32 };
        let (_, body) = request_body(&all, &log, &note);
        let whole = AddEntries::parse(&body).unwrap();
        prop_assert!(!whole.partial);
        prop_assert_eq!(whole.encode().unwrap(), body.clone());
        let cut = cut % body.len();
        match AddEntries::parse(&body[..cut]) {
            Ok(part) => prop_assert_eq!(&part.packages[..], &whole.packages[..part.packages.len()]),
            Err(_) => prop_assert!(cut < 64),
        }
    }
}
