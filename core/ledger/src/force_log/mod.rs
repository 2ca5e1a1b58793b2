//! The leaves of the force log: accepted checkpoints, and changes that two people signed.
//!
//! A checkpoint leaf is `[origin, size, root, cosign time, SHA-256 of the signature lines]`; every other
//! leaf is `[kind, statement, approvals]`. A leaf has one encoding. A statement names the force log that it is for, so
//! that what people approve for one force counts for no other; those of the first version did not, and are still read.
//! A change without the approvals that the reader's trust asks for counts for nothing; see
//! [`ForceLeaf::check_approvals`].

mod change;

use std::collections::BTreeSet;

use minicbor::Decoder;

use crate::cbor::{self, Malformed};
use crate::mirror::MirrorReceipt;
use crate::note::{Ed25519Signer, VerifierKey};
use crate::{Hash, Origin};

pub use change::Change;
use change::{Statement, message, read_origin, read_text};

/// The longest leaf, in bytes.
pub const MAX_LEAF_BYTES: usize = 16 * 1024;
/// The most approvals that a change carries.
pub const MAX_APPROVALS: usize = 8;
/// How old a change may be when it is appended, in seconds: people who approve are not at one desk. A checkpoint leaf is
/// appended at once.
pub const MAX_CHANGE_AGE_S: u64 = 7 * 24 * 3600;

/// Why bytes are not a leaf of the force log, or a change is not approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForceLogError {
    /// Not a leaf in its one form.
    #[error("read force log leaf: not a leaf in canonical form")]
    Malformed,
    /// Longer than [`MAX_LEAF_BYTES`].
    #[error("read force log leaf: too long")]
    TooLong,
    /// Fewer distinct known people signed than asked for.
    #[error("verify force log leaf: not approved by enough people")]
    Approvals,
    /// The same person approved already.
    #[error("approve force log change: approved by this person already")]
    Repeated,
    /// A known approver's signature does not verify.
    #[error("verify force log leaf: approval does not verify")]
    Signature,
    /// A statement about another force's log.
    #[error("verify force log leaf: it is for another force's log")]
    OtherForce,
    /// A key in it is not in its one form.
    #[error("read force log leaf: not a verifier key")]
    Key,
}

impl From<Malformed> for ForceLogError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// An accepted checkpoint of a device or of the gateway's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointLeaf {
    /// Which log.
    pub origin: Origin,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// When the gateway cosigned, in seconds since 1970-01-01 UTC.
    pub cosigned_at_s: u64,
    /// SHA-256 of the reply's signature lines: the beacon (`mirror::beacon`).
    pub lines: Hash,
}

impl From<&MirrorReceipt> for CheckpointLeaf {
    fn from(receipt: &MirrorReceipt) -> Self {
        Self {
            origin: receipt.checkpoint.origin.clone(),
            size: receipt.checkpoint.size,
            root: receipt.checkpoint.root,
            cosigned_at_s: receipt.cosigned_at_s,
            lines: receipt.beacon,
        }
    }
}

/// One person's signature over a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The approver's key name.
    pub name: String,
    /// The approver's short key id.
    pub key_id: [u8; 4],
    /// Ed25519 over the label, the time and the statement.
    pub signature: [u8; 64],
}

/// A leaf of the force log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a leaf lives while it is read; boxing would only hide its fields")]
pub enum ForceLeaf {
    /// An accepted checkpoint.
    Checkpoint(CheckpointLeaf),
    /// A change, when it was made (seconds since 1970-01-01 UTC), and who approved it.
    Change {
        /// What changes.
        change: Change,
        /// The force log that it is for; nothing in a statement of the first version, which named none.
        force_log: Option<Origin>,
        /// When.
        at_s: u64,
        /// Who approved, ascending by name and key id.
        approvals: Vec<Approval>,
    },
}

impl ForceLeaf {
    /// A change of this force log that nobody has approved yet; see [`Self::approve`].
    pub fn change(change: Change, force_log: Origin, at_s: u64) -> Self {
        Self::Change { change, force_log: Some(force_log), at_s, approvals: Vec::new() }
    }

    /// SHA-256 of a change's statement, whoever approved it: a change is there once. Nothing for a checkpoint.
    pub fn statement_hash(&self) -> Option<Hash> {
        let Self::Change { change, force_log, at_s, .. } = self else { return None };
        Some(Hash::of(&[&change.statement(*at_s, force_log.as_ref())]))
    }

    /// Checks that a change is for this force log. One of the first version says of none.
    pub fn check_force_log(&self, own: &Origin) -> Result<(), ForceLogError> {
        match self {
            Self::Change { force_log: Some(force_log), .. } if force_log != own => Err(ForceLogError::OtherForce),
            _ => Ok(()),
        }
    }

    /// The leaf's deterministic bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            match self {
                Self::Checkpoint(leaf) => {
                    e.array(5)?.str(leaf.origin.as_str())?.u64(leaf.size)?.bytes(leaf.root.as_bytes())?;
                    e.u64(leaf.cosigned_at_s)?.bytes(leaf.lines.as_bytes())?;
                }
                Self::Change { change, force_log, at_s, approvals } => {
                    e.array(3)?.u8(change.kind())?.bytes(&change.statement(*at_s, force_log.as_ref()))?;
                    e.array(approvals.len() as u64)?;
                    for approval in approvals {
                        e.array(3)?.str(&approval.name)?.bytes(&approval.key_id)?.bytes(&approval.signature)?;
                    }
                }
            }
            Ok(())
        })
    }

    /// Reads a leaf in its one form.
    pub fn decode(bytes: &[u8]) -> Result<Self, ForceLogError> {
        if bytes.len() > MAX_LEAF_BYTES {
            return Err(ForceLogError::TooLong);
        }
        let leaf = cbor::decode(bytes, Self::read)?;
        if leaf.encode() == bytes { Ok(leaf) } else { Err(ForceLogError::Malformed) }
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, Malformed> {
        match d.array()? {
            Some(5) => Ok(Self::Checkpoint(CheckpointLeaf {
                origin: read_origin(d)?,
                size: d.u64()?,
                root: Hash::new(cbor::fixed(d)?),
                cosigned_at_s: d.u64()?,
                lines: Hash::new(cbor::fixed(d)?),
            })),
            Some(3) => {
                let kind = d.u8()?;
                let Statement { change, at_s, force_log } = cbor::decode(d.bytes()?, Change::read)?;
                if change.kind() != kind {
                    return Err(Malformed);
                }
                Ok(Self::Change { change, force_log, at_s, approvals: Self::read_approvals(d)? })
            }
            _ => Err(Malformed),
        }
    }

    fn read_approvals(d: &mut Decoder<'_>) -> Result<Vec<Approval>, Malformed> {
        let count = cbor::array_up_to(d, MAX_APPROVALS)?;
        let mut approvals: Vec<Approval> = Vec::with_capacity(count);
        for _ in 0..count {
            cbor::array(d, 3)?;
            let name = read_text(d)?.to_owned();
            approvals.push(Approval { name, key_id: cbor::fixed(d)?, signature: cbor::fixed(d)? });
        }
        let ascending = approvals.is_sorted_by(|a, b| (&a.name, a.key_id) < (&b.name, b.key_id));
        if ascending { Ok(approvals) } else { Err(Malformed) }
    }

    /// Checks that at least `required` distinct people among `approvers` signed a change; every
    /// approval must be by one of them and verify. A checkpoint leaf needs none. Which force the change is for is
    /// [`Self::check_force_log`]'s question.
    pub fn check_approvals(&self, approvers: &[VerifierKey], required: usize) -> Result<(), ForceLogError> {
        let Self::Change { change, force_log, at_s, approvals } = self else { return Ok(()) };
        let message = message(change, *at_s, force_log.as_ref());
        let (mut people, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for approval in approvals {
            let known = approvers.iter().find(|key| key.name() == approval.name && key.key_id() == approval.key_id);
            let key = known.ok_or(ForceLogError::Approvals)?;
            key.verify_detached(&message, &approval.signature).map_err(|_| ForceLogError::Signature)?;
            people.insert(key.name());
            keys.insert(key.key_bytes());
        }
        // One key under two names is one person.
        if people.len().min(keys.len()) >= required { Ok(()) } else { Err(ForceLogError::Approvals) }
    }

    /// Adds one person's approval to a change; the same person twice is refused.
    pub fn approve(&mut self, approver: &Ed25519Signer) -> Result<(), ForceLogError> {
        let Self::Change { change, force_log, at_s, approvals } = self else { return Err(ForceLogError::Malformed) };
        let key = approver.verifier().map_err(|_| ForceLogError::Key)?;
        let signature = approver.sign_detached(&message(change, *at_s, force_log.as_ref()));
        let approval = Approval { name: key.name().to_owned(), key_id: key.key_id(), signature };
        // An Ed25519 signature has one value for a key and a message: the same key under another name shows here too.
        let same = |known: &Approval| known.name == approval.name || known.signature == approval.signature;
        if approvals.iter().any(same) {
            return Err(ForceLogError::Repeated);
        }
        if approvals.len() >= MAX_APPROVALS {
            return Err(ForceLogError::TooLong);
        }
        approvals.push(approval);
        approvals.sort_by(|a, b| (&a.name, a.key_id).cmp(&(&b.name, b.key_id)));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
