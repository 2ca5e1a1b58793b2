//! What proves somebody: proofs of possession, statements of pins, witnesses' replies.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::wire::dpop::{DpopProof, DpopRequest, ProofDraft, Thumbprint, normalised_htu};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::force_log::{Change, ForceLeaf};
use peel_ledger::note::Ed25519Signer;
use peel_ledger::pins::{PinStatement, split, statement_hash, with_approvals};
use peel_ledger::witness::{WitnessAnswer, judge};
use peel_ledger::{Hash, Origin};

const REQUEST: DpopRequest<'_> =
    DpopRequest { method: "GET", address: "https://gateway.example/v1/policy", token: Some("token") };
const FORCE: &str = "force.example";

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_slice(&[6; 32]).unwrap());
static SPKI: LazyLock<Vec<u8>> = LazyLock::new(|| KEY.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec());

fn proof() -> String {
    let draft = ProofDraft::new(&SPKI, REQUEST, [1; 16], 0, Some("nonce")).unwrap();
    let signature: Signature = KEY.sign(draft.signing_input());
    draft.finish(signature.to_der().as_bytes()).unwrap()
}

fn kept(proof: &DpopProof) {
    assert!(!proof.jti().is_empty() && proof.nonce() != Some(""));
    // One proof is good for one method, whatever it says.
    let good = ["GET", "POST"].map(|method| proof.check(DpopRequest { method, token: None, ..REQUEST }).is_ok());
    assert_ne!(good, [true, true]);
}

/// The header's value as it comes; and, behind the signature, any header and claims that the key signs.
pub(crate) fn dpop_proof(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(proof) = DpopProof::parse(text) {
        kept(&proof);
    }
    if let Some(address) = normalised_htu(text) {
        assert_eq!(normalised_htu(&address), Some(address.clone()), "an address has one normal form");
    }
    let mut parts = text.split('\n').map(|part| URL_SAFE_NO_PAD.encode(part));
    let input = format!("{}.{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let signature: Signature = KEY.sign(input.as_bytes());
    if let Ok(proof) = DpopProof::parse(&format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))) {
        assert_eq!(proof.thumbprint(), Thumbprint::of_spki(&SPKI).unwrap());
        kept(&proof);
    }
}

pub(crate) fn dpop_proof_seeds() -> Vec<Vec<u8>> {
    let text = proof();
    let inner = text.split('.').take(2).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let inner = inner.map(|part| String::from_utf8(part).unwrap()).collect::<Vec<_>>().join("\n");
    vec![text.into_bytes(), inner.into_bytes(), b"https://H:443/a%7e?b#c".to_vec()]
}

fn root() -> Ed25519Signer {
    Ed25519Signer::from_seed("force.example/peel/root", &[7; 32]).unwrap()
}

fn approver(number: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&format!("force.example/peel/approver-{number}"), &[number; 32]).unwrap()
}

/// A statement of pins has one form, whatever the root key may have signed.
pub(crate) fn pins(data: &[u8]) {
    let key = root().verifier().unwrap();
    let read = |bytes: &[u8]| {
        if let Ok(statement) = PinStatement::verify(bytes, FORCE, &key) {
            let note = statement.sign(FORCE, &root()).unwrap().to_text();
            assert_eq!(note.as_bytes(), bytes, "a statement is taken in another form than was signed");
            assert!(statement.version > 0 && statement.pins[0] != statement.pins[1]);
        }
    };
    read(data);
    let approvers = [1, 2].map(|number| approver(number).verifier().unwrap());
    if PinStatement::verify_approved(data, FORCE, &key, &approvers, 0).is_ok() {
        let text = std::str::from_utf8(data).unwrap();
        let (note, leaf) = split(text);
        assert_eq!(with_approvals(note, &leaf.unwrap().unwrap()), text, "an approved statement has another form");
    }
    let text = String::from_utf8_lossy(data);
    if let Ok(mut note) = peel_ledger::note::SignedNote::new(text) {
        note.attach(root().sign(note.text()).unwrap()).unwrap();
        read(note.to_text().as_bytes());
    }
}

pub(crate) fn pins_seeds() -> Vec<Vec<u8>> {
    let note = PinStatement { version: 3, pins: [[1; 32], [2; 32]] }.sign(FORCE, &root()).unwrap();
    let change = Change::PinChange { version: 3, statement: statement_hash(&note.to_text()) };
    let mut leaf = ForceLeaf::change(change, Origin::force_log(FORCE).unwrap(), 7);
    for number in [1, 2] {
        leaf.approve(&approver(number)).unwrap();
    }
    let approved = with_approvals(&note.to_text(), &leaf);
    vec![note.to_text().into_bytes(), note.text().as_bytes().to_vec(), approved.into_bytes()]
}

fn witness() -> Ed25519Signer {
    Ed25519Signer::from_seed("witness.example/w1", &[9; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: Origin::force_log(FORCE).unwrap(), size: 9, root: Hash::of(&[b"root"]) }
}

/// A status and a body: whatever they are, a cosignature is the witness's own over this checkpoint.
pub(crate) fn witness_reply(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk::<2>() else { return };
    let key = witness().cosigner_verifier().unwrap();
    for status in [u16::from_be_bytes(*status), 200, 409] {
        match judge(&checkpoint(), 4, &key, status, body, None) {
            WitnessAnswer::Cosigned { line, at_s } => {
                assert_eq!(witness().cosign(&checkpoint().note_text(), at_s).unwrap(), line);
            }
            WitnessAnswer::Resend { old_size } => assert!(old_size != 4 && old_size <= 9),
            WitnessAnswer::Ahead { size } => assert!(size > 9),
            _ => {}
        }
    }
}

pub(crate) fn witness_reply_seeds() -> Vec<Vec<u8>> {
    let line = witness().cosign(&checkpoint().note_text(), 77).unwrap().to_line();
    let reply = |status: u16, body: &str| [&status.to_be_bytes(), body.as_bytes()].concat();
    vec![reply(200, &line), reply(409, "3\n"), reply(409, "12\n"), reply(503, "")]
}
