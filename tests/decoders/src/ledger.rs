//! The trail's decoders: entries, notes, proofs, tiles, leaves, bundles, receipts.

use peel_ledger::bundle::{MANIFEST_PATH, Manifest, Trust, Verdict, VerifyOptions, verify};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{CipherSuite, Entry, EntryClass, EntryHeader, EntryTime};
use peel_ledger::force_log::{Change, ForceLeaf};
use peel_ledger::note::{Ed25519Signer, SignatureLine, SignedNote, VerifierKey};
use peel_ledger::receipt::{ReceiptCode, verify_receipt};
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey, SealError, open, seal};
use peel_ledger::tiles::{decode_entries, encode_entries, read_log, write_log};
use peel_ledger::tlog_proof::{LogTrust, TlogProof};
use peel_ledger::tree::{
    CompactRange, LeafHashes, consistency_proof, inclusion_proof, leaf_hash, subtree_root, verify_consistency,
    verify_inclusion, verify_subtree,
};
use peel_ledger::writer::WriterState;
use peel_ledger::{Hash, Origin};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::world::{RECEIPT, flipped, number, world};

const SUITES: [CipherSuite; 2] = [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm];

fn key_of(suite: CipherSuite) -> RecipientPrivateKey {
    RecipientPrivateKey::from_bytes(suite, &[7; 32]).unwrap()
}

fn header(seq: u64, class: EntryClass) -> EntryHeader {
    let time = EntryTime { wall_ms: -1, mono_ns: 1 << 40, boot: [2; 8], beacon: Some(Hash::of(&[b"b"])) };
    EntryHeader { seq, event_id: [1; 16], class, time, prior_root: Hash::of(&[b"root"]) }
}

fn origin() -> Origin {
    Origin::device("force.example", "e1").unwrap()
}

fn sealed_entry(suite: CipherSuite, body: &[u8], seed: u64) -> Entry {
    let recipients = [key_of(suite).public_key().unwrap()];
    let mut rng = StdRng::seed_from_u64(seed);
    seal(&header(seed, EntryClass::Event), &origin(), body, &recipients, &mut rng).unwrap()
}

pub(crate) fn entry(data: &[u8]) {
    let Ok(entry) = Entry::decode(data) else { return };
    assert_eq!(entry.encode(), data, "an entry has one encoding");
    let parts = (*entry.header(), entry.suite(), entry.recipients().to_vec(), entry.body().to_vec());
    let rebuilt = Entry::new(parts.0, parts.1, parts.2, parts.3, *entry.commitment());
    assert_eq!(rebuilt.as_ref(), Ok(&entry), "what decodes can be put together");
    let clear = entry.suite() == CipherSuite::Clear;
    assert_eq!(clear, entry.receipt_commitment().is_some());
    assert_eq!(clear, entry.header().class == EntryClass::Receipt);
    for suite in SUITES {
        let opened = open(&entry, &origin(), &key_of(suite));
        assert_eq!(matches!(opened, Err(SealError::Clear)), clear);
    }
}

pub(crate) fn entry_seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = SUITES.map(|suite| sealed_entry(suite, b"body", 3).encode()).into();
    seeds.push(Entry::receipt(header(300, EntryClass::Receipt), Hash::of(&[b"r"])).unwrap().encode());
    seeds.push(world().phone.entries[0].clone());
    seeds
}

/// A body goes in and comes out, and one changed bit anywhere in the entry keeps it shut.
pub(crate) fn sealed(data: &[u8]) {
    let (choice, body) = number(data);
    let body = &body[..body.len().min(2_000)];
    let suite = SUITES[usize::from(choice & 1 == 1)];
    let sealed = sealed_entry(suite, body, choice);
    assert_eq!(*open(&sealed, &origin(), &key_of(suite)).unwrap(), body);
    assert!(sealed.encode().len() <= body.len() + 256 + 16 + 450, "overhead");
    let mut bytes = sealed.encode();
    let bit = usize::try_from(choice).unwrap() * 31 % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    if let Ok(changed) = Entry::decode(&bytes) {
        assert!(open(&changed, &origin(), &key_of(suite)).is_err(), "a changed entry opens");
    }
    let elsewhere = Origin::device("force.example", "e2").unwrap();
    assert!(open(&sealed, &elsewhere, &key_of(suite)).is_err(), "an entry opens under another origin");
}

pub(crate) fn sealed_seeds() -> Vec<Vec<u8>> {
    [0_usize, 1, 254, 255, 256, 257].map(|length| vec![length as u8; length + 2]).into()
}

pub(crate) fn note(data: &[u8]) {
    let Ok(note) = SignedNote::parse(data) else { return };
    assert_eq!(note.to_text().as_bytes(), data, "a note has one form");
    let mut rebuilt = SignedNote::new(note.text()).unwrap();
    for line in note.signatures() {
        rebuilt.attach(line.clone()).unwrap();
    }
    assert_eq!(rebuilt, note);
    assert_eq!(SignatureLine::parse_lines(&note.signature_lines()).unwrap(), note.signatures());
    let phone = &world().phone.note;
    let mut keys = world().phone_keys();
    keys.push(world().force.gateway.cosigner_verifier().unwrap());
    if let Ok(verified) = note.verify(&keys) {
        assert_eq!(note.text(), phone.text(), "another text verifies");
        assert!(!verified.is_empty() && verified.len() <= note.signatures().len());
    }
}

pub(crate) fn note_seeds() -> Vec<Vec<u8>> {
    vec![
        world().phone.note.to_text().into_bytes(),
        world().bundle[MANIFEST_PATH].clone(),
        world().bundle["logs/log/checkpoint"].clone(),
    ]
}

pub(crate) fn checkpoint(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.note_text(), text, "a checkpoint has one text");
        assert_eq!(Origin::new(checkpoint.origin.as_str()), Ok(checkpoint.origin.clone()));
        let note = checkpoint.to_note().expect("a checkpoint is the text of a note");
        assert_eq!(Checkpoint::from_note(&note), Ok(checkpoint));
    }
}

pub(crate) fn checkpoint_seeds() -> Vec<Vec<u8>> {
    let zero = Checkpoint::of(origin(), &CompactRange::new()).note_text();
    vec![world().phone.note.text().as_bytes().to_vec(), zero.into_bytes()]
}

/// An offline proof: one text, and it proves its own leaf under the log's key alone.
pub(crate) fn tlog_proof(data: &[u8]) {
    let Ok(proof) = TlogProof::parse(data) else { return };
    assert_eq!(proof.to_text().as_bytes(), data, "a proof has one text");
    let (leaf, trust) = (leaf_hash(b"0"), proof_trust());
    if proof.verify(&leaf, &trust).is_ok() {
        assert_eq!(proof, proof_of(proof.index), "nobody else can have signed it");
        assert!(proof.verify(&flipped(leaf, 3), &trust).is_err());
    }
}

fn proof_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(origin().as_str(), &[8; 32]).unwrap()
}

fn proof_trust() -> LogTrust {
    let log_key = proof_signer().verifier().unwrap();
    LogTrust { origin: origin(), log_key, witnesses: Vec::new(), witnesses_needed: 0 }
}

/// Of a log in which every entry is the same.
fn proof_of(index: u64) -> TlogProof {
    let leaves = vec![leaf_hash(b"0"); 70];
    let mut range = CompactRange::new();
    for leaf in &leaves {
        range.append(*leaf).unwrap();
    }
    let note = Checkpoint::of(origin(), &range).sign(&proof_signer()).unwrap();
    TlogProof { index, hashes: inclusion_proof(&LeafHashes::new(leaves), index, 70).unwrap(), note }
}

pub(crate) fn tlog_proof_seeds() -> Vec<Vec<u8>> {
    [0, 63, 69].map(|index| proof_of(index).to_text().into_bytes()).to_vec()
}

/// Verifier keys and recipients' keys in their text forms.
pub(crate) fn verifier_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text, "a verifier key has one text");
        assert!(SignatureLine::new(key.name(), key.key_id(), vec![1]).is_ok(), "a key's name fits a line");
    }
    if let Ok(key) = text.parse::<RecipientPublicKey>() {
        assert_eq!(key.to_string(), text, "a recipient's key has one text");
        assert_eq!(RecipientPublicKey::from_bytes(key.suite(), &key.to_bytes()), Ok(key));
    }
    if let Ok(key) = text.parse::<RecipientPrivateKey>() {
        assert_eq!(*key.expose_text(), text, "a private key has one text");
        assert!(key.public_key().is_ok());
    }
}

pub(crate) fn verifier_key_seeds() -> Vec<Vec<u8>> {
    let mut texts: Vec<String> = world().phone_keys().iter().map(ToString::to_string).collect();
    texts.push(world().force.gateway.cosigner_verifier().unwrap().to_string());
    for suite in SUITES {
        texts.push(key_of(suite).public_key().unwrap().to_string());
        texts.push(key_of(suite).expose_text().to_string());
    }
    texts.into_iter().map(String::into_bytes).collect()
}

/// Spoils a proof, where it has what is to be spoilt.
type ProofChange = fn(&[Hash], usize) -> Option<Vec<Hash>>;

/// True proofs verify, changed ones do not, and no numbers make the verifiers stumble.
pub(crate) fn proof(data: &[u8]) {
    let (size, rest) = number(data);
    let (first, rest) = number(rest);
    let (second, rest) = number(rest);
    let (bit, rest) = number(rest);
    let size = size % 600 + 1;
    let leaves: Vec<Hash> = (0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect();
    let nodes = LeafHashes::new(leaves.clone());
    let root = subtree_root(&nodes, 0, size).unwrap();
    let (index, old) = (first % size, second % size + 1);
    let leaf = leaves[index as usize];
    let bit = bit as usize;
    let audit = inclusion_proof(&nodes, index, size).unwrap();
    let old_root = subtree_root(&nodes, 0, old).unwrap();
    let consistency = consistency_proof(&nodes, old, size).unwrap();
    assert_eq!(verify_inclusion(index, size, &leaf, &audit, &root), Ok(()));
    assert_eq!(verify_consistency(old, size, &old_root, &consistency, &root), Ok(()));
    assert!(verify_inclusion(index, size, &flipped(leaf, bit), &audit, &root).is_err());
    assert!(verify_consistency(old, size, &flipped(old_root, bit), &consistency, &root).is_err());
    let changes: [ProofChange; 4] = [
        |proof, bit| {
            let at = bit.checked_rem(proof.len())?;
            let mut proof = proof.to_vec();
            proof[at] = flipped(proof[at], bit);
            Some(proof)
        },
        |proof, _| proof.split_last().map(|(_, fewer)| fewer.to_vec()),
        |proof, bit| Some([proof, &[Hash::of(&[&bit.to_be_bytes()])]].concat()),
        |proof, _| proof.split_first().map(|(_, fewer)| fewer.to_vec()),
    ];
    for change in changes {
        if let Some(audit) = change(&audit, bit) {
            assert!(verify_inclusion(index, size, &leaf, &audit, &root).is_err(), "a changed audit path holds");
        }
        if let Some(proof) = change(&consistency, bit) {
            assert!(verify_consistency(old, size, &old_root, &proof, &root).is_err(), "a changed proof holds");
        }
    }
    hostile_proof(rest, &leaf, &root);
}

fn hostile_proof(data: &[u8], leaf: &Hash, root: &Hash) {
    let mut numbers = [0_u64; 3];
    let mut rest = data;
    for number in &mut numbers {
        if let Some((bytes, left)) = rest.split_first_chunk::<8>() {
            (*number, rest) = (u64::from_be_bytes(*bytes), left);
        }
    }
    let hashes: Vec<Hash> = rest.chunks_exact(32).map(|bytes| Hash::from_slice(bytes).unwrap()).collect();
    let [start, end, size] = numbers;
    let _ = verify_subtree(start, end, size, leaf, &hashes, root);
    let _ = verify_consistency(start, end, leaf, &hashes, root);
    let _ = verify_inclusion(start, size, leaf, &hashes, root);
}

pub(crate) fn proof_seeds() -> Vec<Vec<u8>> {
    let far =
        [&[1, 1, 0, 200, 0, 3, 0, 9][..], &u64::MAX.to_be_bytes(), &[0; 8], &(1_u64 << 63).to_be_bytes(), &[7; 96]];
    vec![vec![0; 8], vec![0, 255, 0, 254, 0, 128, 0, 1], far.concat()]
}

/// What a log's writer keeps between two starts.
pub(crate) fn range(data: &[u8]) {
    if let Ok(range) = CompactRange::from_bytes(data) {
        assert_eq!(range.to_bytes(), data, "a range has one form");
        let parts = CompactRange::from_parts(range.size(), range.roots().to_vec());
        assert_eq!(parts.as_ref(), Ok(&range));
        if let Ok(tail) = range.tail(range.size() / 256 * 256) {
            assert_eq!(tail.size(), range.size() % 256);
        }
        let mut next = range.clone();
        if next.append(leaf_hash(b"x")).is_ok() {
            assert_eq!(next.size(), range.size() + 1);
        }
    }
    if let Ok(state) = WriterState::from_bytes(data) {
        assert_eq!(state.to_bytes(), data, "a writer's state has one form");
        assert_eq!(state.size(), state.range().size());
        assert!(state.self_check(None).is_ok() == (state.size() == 0));
    }
}

pub(crate) fn range_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut range = CompactRange::new();
    let mut state = WriterState::new();
    let mut rng = StdRng::seed_from_u64(5);
    for index in 0_u64..7 {
        seeds.push(range.to_bytes());
        seeds.push(state.to_bytes());
        range.append(leaf_hash(&index.to_be_bytes())).unwrap();
        let time = EntryTime { wall_ms: 0, mono_ns: index, boot: [0; 8], beacon: None };
        state = state.append_receipt(time, Hash::of(&[b"c"]), &mut rng).unwrap().state;
    }
    seeds
}

/// Entry bundles have one form; a log written as tiles reads back, and a changed tile does not.
pub(crate) fn tiles(data: &[u8]) {
    let (choice, bundle) = number(data);
    let width = choice % 257;
    let Ok(entries) = decode_entries(bundle, width) else { return };
    assert_eq!(encode_entries(&entries).unwrap(), bundle, "an entry bundle has one form");
    let mut files: std::collections::BTreeMap<_, _> = write_log(&entries).unwrap().into_iter().collect();
    let log = read_log(width, &files).unwrap();
    assert_eq!(log.entries, entries);
    assert!(width <= 1 || read_log(width - 1, &files).is_err());
    assert!(read_log(width + 1, &files).is_err());
    let at = usize::try_from(choice).unwrap() % files.len().max(1);
    if let Some(bytes) = files.values_mut().nth(at).filter(|bytes| !bytes.is_empty()) {
        let bit = usize::try_from(choice).unwrap() % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read_log(width, &files).is_err(), "a changed tile reads");
    }
}

pub(crate) fn tiles_seeds() -> Vec<Vec<u8>> {
    let seed = |count: u16| {
        let entries: Vec<Vec<u8>> = (0..count).map(|index| index.to_be_bytes().to_vec()).collect();
        [count.to_be_bytes().to_vec(), encode_entries(&entries).unwrap()].concat()
    };
    [0, 1, 3, 255, 256].map(seed).into()
}

pub(crate) fn force_leaf(data: &[u8]) {
    let Ok(leaf) = ForceLeaf::decode(data) else { return };
    assert_eq!(leaf.encode(), data, "a leaf has one encoding");
    let approvers = &world().trust.approvers;
    if leaf.check_approvals(approvers, 2).is_ok() && !matches!(leaf, ForceLeaf::Checkpoint(_)) {
        assert!(force_leaf_seeds().iter().any(|seed| seed == data), "a change that nobody approved is approved");
    }
}

pub(crate) fn force_leaf_seeds() -> Vec<Vec<u8>> {
    let mut force = crate::force::Force::new();
    let keys = world().phone_keys();
    let key_change = |hardware_key| Change::KeyChange { origin: origin(), log_key: keys[0].clone(), hardware_key };
    force.approve(Change::Revocation { origin: origin(), reason: "lost".to_owned() }, 60);
    force.approve(key_change(None), 61);
    force.approve(key_change(Some(keys[1].clone())), 62);
    force.approve(Change::PolicyChange { version: 3, policy: Hash::of(&[b"p"]) }, 63);
    let change = Change::PolicyChange { version: 4, policy: Hash::of(&[b"p"]) };
    let old = ForceLeaf::Change { change, force_log: None, at_s: 64, approvals: Vec::new() };
    force.leaves.push(force.approved(old, 0..2));
    force.leaves.extend(world().force.leaves.iter().take(3).cloned());
    force.leaves
}

pub(crate) fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(manifest) = Manifest::parse(text) else { return };
    assert_eq!(manifest.note_text(), text, "a manifest has one text");
    for path in manifest.files.keys() {
        assert!(!path.starts_with('/') && !path.split('/').any(|part| matches!(part, "" | "." | "..")), "unsafe path");
        assert!(!path.contains(['\\', ':', '\0']));
    }
}

pub(crate) fn manifest_seeds() -> Vec<Vec<u8>> {
    let note = SignedNote::parse(&world().bundle[MANIFEST_PATH]).unwrap();
    vec![note.text().as_bytes().to_vec()]
}

pub(crate) fn trust(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(trust) = Trust::parse(text) {
        assert!(trust.witnesses_required <= trust.witnesses.len());
        assert_eq!(Trust::parse(&trust.to_toml()), Ok(trust), "a trust file reads back");
    }
}

pub(crate) fn trust_seeds() -> Vec<Vec<u8>> {
    let alone = Trust { logs: Vec::new(), approvers: Vec::new(), approvals_required: 0, ..world().trust.clone() };
    vec![world().trust.to_toml().into_bytes(), alone.to_toml().into_bytes()]
}

/// A sound bundle in which one file is replaced: it is never good again, whoever signs the manifest.
pub(crate) fn bundle(data: &[u8]) {
    let (choice, content) = number(data);
    let mut files = world().bundle.clone();
    let at = usize::try_from(choice).unwrap() % files.len();
    let (path, bytes) = files.iter_mut().nth(at).unwrap();
    let same = bytes == content;
    let is_manifest = path == MANIFEST_PATH;
    *bytes = content.to_vec();
    if choice & 0x8000 != 0 && !is_manifest {
        files.remove(MANIFEST_PATH);
        let signer = &world().force.manifest;
        let made = Manifest::of(signer.name(), 2000, &files);
        let mut note = SignedNote::new(made.note_text()).unwrap();
        note.attach(signer.sign(note.text()).unwrap()).unwrap();
        files.insert(MANIFEST_PATH.to_owned(), note.to_text().into_bytes());
    }
    let options = VerifyOptions { open: std::slice::from_ref(&world().force.auditor), last_seen: None };
    let report = verify(&files, &world().trust, options, &mut |_| {});
    assert_eq!(report.verdict == Verdict::Good, same, "{report:?}");
}

pub(crate) fn bundle_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (at, bytes) in world().bundle.values().enumerate() {
        for mode in [0_u16, 0x8000] {
            // The choice is taken modulo the number of files.
            let count = world().bundle.len() as u16;
            let choice = (0..count).map(|extra| mode + extra).find(|choice| usize::from(choice % count) == at).unwrap();
            seeds.push([&choice.to_be_bytes()[..], bytes].concat());
        }
    }
    seeds
}

pub(crate) fn receipt(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(code) = ReceiptCode::parse_text(text)
    {
        assert_eq!(code.to_text(), text, "a receipt's text has one form");
    }
    let Ok(code) = ReceiptCode::decode(data) else { return };
    assert_eq!(code.encode(), data, "a receipt has one encoding");
    assert_eq!(ReceiptCode::parse_text(&code.to_text()).as_ref(), Ok(&code));
    if let Ok(verified) = verify_receipt(&code, &world().phone_keys()) {
        assert_eq!(verified.receipt, RECEIPT, "a receipt that nobody gave is proved");
        assert_eq!(code, world().receipt);
    }
}

pub(crate) fn receipt_seeds() -> Vec<Vec<u8>> {
    vec![world().receipt.encode(), world().receipt.to_text().into_bytes()]
}
