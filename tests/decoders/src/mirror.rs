//! The mirror protocol's requests and replies, with the state machines behind them.

use peel_ledger::mirror::{
    Action, AddCheckpoint, AddEntries, AddEntriesReply, Asked, MirrorClient, MirrorInfo, MirrorReceipt, MirrorState,
    ServerAnswer,
};

use crate::world::{ENTRIES, number, world};

pub(crate) fn add_checkpoint(data: &[u8]) {
    let Ok(request) = AddCheckpoint::parse(data) else { return };
    assert_eq!(request.encode(), data, "a request has one form");
    let force = &world().force;
    let (key, other) = (force.phone.verifier().unwrap(), [force.hardware_key()]);
    for mirror in [MirrorState::new(force.origin()), world().mirror.clone()] {
        if let Ok(state) = mirror.add_checkpoint(&request, &key, &other) {
            assert_eq!(request.note.text(), world().phone.note.text(), "a checkpoint that nobody signed is taken");
            assert_eq!((state.pending_size(), state.next_entry()), (request.checkpoint.size, mirror.next_entry()));
        }
    }
}

pub(crate) fn add_checkpoint_seeds() -> Vec<Vec<u8>> {
    let build = |old| AddCheckpoint::build(old, world().phone.note.clone(), &world().leaves).unwrap().encode();
    [0, 1, 100, 256, ENTRIES].map(build).into()
}

pub(crate) fn add_entries(data: &[u8]) {
    let Ok(request) = AddEntries::parse(data) else { return };
    let encoded = request.encode().unwrap();
    if request.partial {
        assert!(data.starts_with(&encoded), "what was kept of a request is its beginning");
    } else {
        assert_eq!(encoded, data, "a request has one form");
    }
    assert_eq!(AddEntries::parse(&encoded).unwrap().packages, request.packages);
    let mirror = &world().mirror;
    let outcome = mirror.add_entries(&request).expect("what was proved leads to the checkpoint");
    assert_eq!(outcome.state.next_entry(), mirror.next_entry() + outcome.accepted.len() as u64);
    for (entry, own) in outcome.accepted.iter().zip(&world().phone.entries) {
        assert_eq!(&entry.bytes, own, "an entry that the phone never wrote is taken");
    }
    let complete = matches!(outcome.reply, AddEntriesReply::Complete(_));
    assert_eq!(complete, outcome.accepted.len() as u64 == ENTRIES);
}

pub(crate) fn add_entries_seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = [(0, 2), (0, 1), (256, 1), (ENTRIES, 0)]
        .map(|(start, packages)| world().upload(start, packages).encode().unwrap())
        .into();
    let asks = AddEntries { upload_end: 0, ..world().upload(0, 0) };
    seeds.push(AddEntries { ticket: b"ticket".to_vec(), ..asks }.encode().unwrap());
    seeds
}

pub(crate) fn mirror_info(data: &[u8]) {
    if let Ok(info) = MirrorInfo::parse(data) {
        assert_eq!(info.encode().as_bytes(), data, "a reply has one form");
    }
}

pub(crate) fn mirror_info_seeds() -> Vec<Vec<u8>> {
    let info = |ticket: &[u8]| MirrorInfo { tree_size: 260, next_entry: 256, ticket: ticket.to_vec() }.encode();
    vec![info(b"").into_bytes(), info(b"ticket").into_bytes(), world().mirror.info().encode().into_bytes()]
}

pub(crate) fn mirror_receipt(data: &[u8]) {
    let key = world().force.gateway.cosigner_verifier().unwrap();
    if let Ok(receipt) = MirrorReceipt::verify(data, &world().checkpoint, &key) {
        assert_eq!(receipt.signature_lines.as_bytes(), data, "a receipt has one form");
        assert_eq!(receipt.cosigned_at_s, world().verified_reply().cosigned_at_s, "a time that nobody signed");
        assert!(receipt.signature_lines.contains(&world().reply()), "a line that nobody signed");
    }
}

pub(crate) fn mirror_receipt_seeds() -> Vec<Vec<u8>> {
    let stranger = world().phone.note.signatures()[0].to_line();
    vec![world().reply().into_bytes(), format!("{stranger}{}", world().reply()).into_bytes()]
}

/// Whatever a server answers, the phone's side asks for nothing absurd and believes nothing unsigned.
pub(crate) fn mirror_client(data: &[u8]) {
    const STATUS: [u16; 16] = [0, 200, 202, 400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 503, 200, 409];
    let key = world().force.gateway.cosigner_verifier().unwrap();
    let (confirmed, mut rest) = number(data);
    let mut client = MirrorClient::new(world().checkpoint.clone(), key, confirmed % (ENTRIES + 1));
    let mut action = client.begin();
    while let [step, length, body @ ..] = rest {
        let asked = match &action {
            Action::SendCheckpoint { old_size } => Asked::Checkpoint { old_size: *old_size },
            Action::SendEntries { start, end, max_packages, .. } => {
                assert!(start <= end && *end == ENTRIES && *max_packages >= 1);
                Asked::Entries { start: *start }
            }
            Action::Done(receipt) => {
                assert_eq!(*receipt, world().verified_reply(), "a receipt that nobody signed");
                return;
            }
            Action::Stop(_) => return,
            _ => Asked::State,
        };
        let (body, left) = body.split_at(body.len().min(usize::from(*length)));
        rest = left;
        let retry_after_s = (step & 0x10 != 0).then_some(u64::from(*length));
        let answer = match STATUS[usize::from(step & 0x0f)] {
            0 => ServerAnswer::Lost,
            status => ServerAnswer::Reply { status, body, retry_after_s },
        };
        action = client.answered(asked, answer).action;
        if let Action::SendCheckpoint { old_size } = action {
            assert!(old_size <= ENTRIES, "asks for a proof from beyond its own log");
        }
    }
}

pub(crate) fn mirror_client_seeds() -> Vec<Vec<u8>> {
    let info = MirrorInfo { tree_size: ENTRIES, next_entry: 256, ticket: Vec::new() }.encode().into_bytes();
    let reply = world().reply().into_bytes();
    let step = |code: u8, body: &[u8]| [&[code, body.len() as u8], body].concat();
    vec![
        [vec![0, 0], step(1, b""), step(2, &info), step(1, &reply)].concat(),
        [vec![0, 5], step(7, b"3\n"), step(1, b""), step(10, b""), step(2, &info), step(12, b""), step(1, &reply)]
            .concat(),
        [vec![0, 0], step(4, b""), step(4, b"")].concat(),
        [vec![0, 0], step(1, b""), step(8, b""), step(2, &info), step(0x1b, b"")].concat(),
    ]
}
