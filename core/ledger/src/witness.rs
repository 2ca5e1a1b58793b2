//! An outside witness (C2SP tlog-witness), as the log that wants its cosignature sees it.
//!
//! Must never: take a line that does not verify over the checkpoint that was sent, or send a witness backwards. Always:
//! whatever a witness answers is one of [`WitnessAnswer`]'s cases, and its bytes are bounded.

use crate::checkpoint::{Checkpoint, parse_decimal};
use crate::note::{SignatureLine, SignatureType, SignedNote, VerifierKey};

/// The most bytes of a witness's reply that are read.
pub const MAX_REPLY_BYTES: usize = 16 * 1024;

/// What a witness's reply to `add-checkpoint` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// It cosigned: its line, and the time that it states in seconds since 1970-01-01 UTC.
    Cosigned {
        /// The line.
        line: SignatureLine,
        /// When.
        at_s: u64,
    },
    /// It last cosigned another size: send the proof from there.
    Resend {
        /// That size.
        old_size: u64,
    },
    /// It has cosigned a longer log than there is: this log was rolled back, or another one speaks in its name.
    Ahead {
        /// The size that it knows.
        size: u64,
    },
    /// It holds that the log is not consistent with what it has seen, or signed with an unknown key: somebody must look.
    Refused,
    /// It does not know this log: somebody must tell it.
    Unknown,
    /// Later, after so many seconds where it says so.
    Later {
        /// Seconds.
        retry_after_s: Option<u64>,
    },
    /// Not an answer of the protocol, or a cosignature that does not verify.
    Malformed,
}

/// Judges the reply of the witness with this key to a request for this checkpoint from `old_size` on.
pub fn judge(
    checkpoint: &Checkpoint,
    old_size: u64,
    witness: &VerifierKey,
    status: u16,
    body: &[u8],
    retry_after_s: Option<u64>,
) -> WitnessAnswer {
    match status {
        200 => cosigned(checkpoint, witness, body).unwrap_or(WitnessAnswer::Malformed),
        409 => match known_size(body) {
            Some(size) if size > checkpoint.size => WitnessAnswer::Ahead { size },
            Some(size) if size != old_size => WitnessAnswer::Resend { old_size: size },
            _ => WitnessAnswer::Malformed,
        },
        404 => WitnessAnswer::Unknown,
        403 | 422 => WitnessAnswer::Refused,
        429 | 500..=599 => WitnessAnswer::Later { retry_after_s },
        _ => WitnessAnswer::Malformed,
    }
}

fn known_size(body: &[u8]) -> Option<u64> {
    parse_decimal(std::str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

/// The witness's own line among those of the reply; others are not asked for and not kept.
fn cosigned(checkpoint: &Checkpoint, witness: &VerifierKey, body: &[u8]) -> Option<WitnessAnswer> {
    if body.len() > MAX_REPLY_BYTES || witness.signature_type() != SignatureType::CosignatureV1 {
        return None;
    }
    let lines = SignatureLine::parse_lines(std::str::from_utf8(body).ok()?).ok()?;
    let own = |line: &&SignatureLine| line.name() == witness.name() && line.key_id() == witness.key_id();
    let line = lines.iter().find(own)?.clone();
    let mut note = checkpoint.to_note().ok()?;
    note.attach(line.clone()).ok()?;
    let at_s = note.verify(std::slice::from_ref(witness)).ok()?.first()?.cosigned_at_s?;
    Some(WitnessAnswer::Cosigned { line, at_s })
}

/// A log's checkpoint with the cosignatures that were made over it; a line over another text is refused.
pub fn with_cosignatures(
    mut note: SignedNote,
    lines: impl IntoIterator<Item = (VerifierKey, SignatureLine)>,
) -> Result<SignedNote, crate::note::NoteError> {
    for (key, line) in lines {
        note.attach(line)?;
        note.verify(std::slice::from_ref(&key))?;
    }
    Ok(note)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::note::Ed25519Signer;
    use crate::tree::CompactRange;
    use crate::{Hash, Origin};

    fn checkpoint(size: u64) -> Checkpoint {
        let mut range = CompactRange::new();
        for index in 0..size {
            range.append(Hash::of(&[&index.to_be_bytes()])).unwrap();
        }
        Checkpoint::of(Origin::force_log("force.example").unwrap(), &range)
    }

    fn witness(seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed("witness.example/w1", &[seed; 32]).unwrap()
    }

    fn judged(status: u16, body: &[u8]) -> WitnessAnswer {
        judge(&checkpoint(9), 4, &witness(1).cosigner_verifier().unwrap(), status, body, Some(7))
    }

    #[test]
    fn the_witnesss_own_line_over_this_checkpoint_counts_and_nothing_else_does() {
        let line = witness(1).cosign(&checkpoint(9).note_text(), 77).unwrap();
        let other = witness(2).cosign(&checkpoint(9).note_text(), 78).unwrap();
        let both = format!("{}{}", other.to_line(), line.to_line());
        assert_eq!(judged(200, both.as_bytes()), WitnessAnswer::Cosigned { line: line.clone(), at_s: 77 });
        for bad in [
            String::new(),
            other.to_line(),
            line.to_line().trim_end().to_owned(),
            witness(1).cosign(&checkpoint(8).note_text(), 77).unwrap().to_line(),
            witness(1).sign(&checkpoint(9).note_text()).unwrap().to_line(),
            "x".repeat(MAX_REPLY_BYTES + 1),
        ] {
            assert_eq!(judged(200, bad.as_bytes()), WitnessAnswer::Malformed, "{bad}");
        }
    }

    #[test]
    fn every_status_has_its_meaning() {
        assert_eq!(judged(409, b"3\n"), WitnessAnswer::Resend { old_size: 3 });
        assert_eq!(judged(409, b"9\n"), WitnessAnswer::Resend { old_size: 9 });
        assert_eq!(judged(409, b"10\n"), WitnessAnswer::Ahead { size: 10 });
        for bad in [&b"4\n"[..], b"03\n", b"3", b"-1\n", b"", b"\xff\n"] {
            assert_eq!(judged(409, bad), WitnessAnswer::Malformed, "the size that was sent, or none");
        }
        assert_eq!(judged(404, b""), WitnessAnswer::Unknown);
        for status in [403, 422] {
            assert_eq!(judged(status, b""), WitnessAnswer::Refused);
        }
        for status in [429, 500, 503] {
            assert_eq!(judged(status, b""), WitnessAnswer::Later { retry_after_s: Some(7) });
        }
        for status in [201, 302, 400] {
            assert_eq!(judged(status, b""), WitnessAnswer::Malformed);
        }
    }

    #[test]
    fn a_cosignature_over_another_checkpoint_is_not_attached() {
        let key = witness(1).cosigner_verifier().unwrap();
        let log = Ed25519Signer::from_seed("force.example/peel/log", &[5; 32]).unwrap();
        let note = checkpoint(9).sign(&log).unwrap();
        let line = witness(1).cosign(note.text(), 77).unwrap();
        let whole = with_cosignatures(note.clone(), [(key.clone(), line)]).unwrap();
        assert_eq!(whole.verify_every_line(&[key.clone(), log.verifier().unwrap()]).unwrap().len(), 2);
        let foreign = witness(1).cosign(&checkpoint(8).note_text(), 77).unwrap();
        assert!(with_cosignatures(note, [(key, foreign)]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_reply_makes_the_judge_fall_over_or_pass_for_a_cosignature(status in 0_u16..700, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let passed = matches!(judged(status, &body), WitnessAnswer::Cosigned { .. });
            prop_assert!(!passed);
        }
    }
}
