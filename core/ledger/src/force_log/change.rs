//! A change of the force log and its statement: what people approve, in one encoding.

use minicbor::Decoder;
use minicbor::data::Type;

use crate::cbor::{self, Malformed};
use crate::note::VerifierKey;
use crate::{Hash, Origin};

const APPROVAL_LABEL: &[u8] = b"peel/v1/force-log-approval\n";
const MAX_TEXT_BYTES: usize = 1024;

/// A change to who may write what, and under which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Kind 1: a log begins, with the keys that may sign it.
    Enrolment {
        /// The new log.
        origin: Origin,
        /// Its Ed25519 key.
        log_key: VerifierKey,
        /// Its hardware key, if the device has one.
        hardware_key: Option<VerifierKey>,
        /// The log of the same phone that it goes on from: what it carries of that one counts.
        replaces: Option<Origin>,
    },
    /// Kind 2: a log ends; no checkpoint of it may follow.
    Revocation {
        /// The log.
        origin: Origin,
        /// A short reason in the force's own words, without a person's name.
        reason: String,
    },
    /// Kind 3: a log goes on under other keys.
    KeyChange {
        /// The log.
        origin: Origin,
        /// Its new Ed25519 key.
        log_key: VerifierKey,
        /// Its new hardware key, if the device has one.
        hardware_key: Option<VerifierKey>,
    },
    /// Kind 7: a phone is given up for good, so that a deployment's record can be published without the rest of its log.
    /// What it still brings is taken all the same.
    GivenUp {
        /// Its log.
        origin: Origin,
        /// The deployment whose record waits for it.
        deployment: String,
        /// A short reason in the force's own words, without a person's name.
        reason: String,
        /// How many entries of the log the force had cosigned when it was given up.
        size: u64,
    },
    /// Kind 5: the gateway's TLS keys change.
    PinChange {
        /// The version of the pins.
        version: u64,
        /// SHA-256 of the signed statement of the pins ([`crate::pins`]).
        statement: Hash,
    },
    /// Kind 6: the force's store was put back from a backup, so its logs go on under other names. All leaves before this
    /// one are the former log's first ones.
    ForceLogEnded {
        /// The former force log.
        origin: Origin,
        /// The last size that is known of it.
        size: u64,
        /// Its root there, where it is known.
        root: Option<Hash>,
        /// The key of the events log from here on; its name is that log's origin.
        events: VerifierKey,
    },
    /// Kind 4: a policy comes into force.
    PolicyChange {
        /// The policy's version.
        version: u64,
        /// SHA-256 of the signed policy.
        policy: Hash,
    },
}

impl Change {
    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::Enrolment { .. } => 1,
            Self::Revocation { .. } => 2,
            Self::KeyChange { .. } => 3,
            Self::PolicyChange { .. } => 4,
            Self::PinChange { .. } => 5,
            Self::ForceLogEnded { .. } => 6,
            Self::GivenUp { .. } => 7,
        }
    }

    /// The statement's deterministic bytes: `[kind, at_s, fields, force log]`. This is what approvers sign.
    pub(super) fn statement(&self, at_s: u64, force_log: Option<&Origin>) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(3 + u64::from(force_log.is_some()))?.u8(self.kind())?.u64(at_s)?;
            match self {
                Self::Enrolment { origin, log_key, hardware_key, replaces } => {
                    e.array(if replaces.is_some() { 4 } else { 3 })?;
                    write_keys(e, origin, log_key, hardware_key.as_ref())?;
                    if let Some(replaces) = replaces {
                        e.str(replaces.as_str())?;
                    }
                }
                Self::KeyChange { origin, log_key, hardware_key } => {
                    write_keys(e.array(3)?, origin, log_key, hardware_key.as_ref())?;
                }
                Self::Revocation { origin, reason } => {
                    e.array(2)?.str(origin.as_str())?.str(reason)?;
                }
                Self::ForceLogEnded { origin, size, root, events } => {
                    e.array(4)?.str(origin.as_str())?.u64(*size)?;
                    match root {
                        Some(root) => e.bytes(root.as_bytes())?,
                        None => e.null()?,
                    };
                    e.str(&events.to_string())?;
                }
                Self::GivenUp { origin, deployment, reason, size } => {
                    e.array(4)?.str(origin.as_str())?.str(deployment)?.str(reason)?.u64(*size)?;
                }
                Self::PolicyChange { version, policy: hash } | Self::PinChange { version, statement: hash } => {
                    e.array(2)?.u64(*version)?.bytes(hash.as_bytes())?;
                }
            }
            if let Some(force_log) = force_log {
                e.str(force_log.as_str())?;
            }
            Ok(())
        })
    }

    pub(super) fn read(d: &mut Decoder<'_>) -> Result<Statement, Malformed> {
        let length = d.array()?.filter(|length| matches!(length, 3 | 4)).ok_or(Malformed)?;
        let kind = d.u8()?;
        let at_s = d.u64()?;
        let change = match kind {
            1 | 3 => {
                let fields = cbor::array_up_to(d, if kind == 1 { 4 } else { 3 })?;
                if fields < 3 {
                    return Err(Malformed);
                }
                let origin = read_origin(d)?;
                let log_key = read_key(d)?;
                let hardware_key = if d.datatype()? == Type::Null {
                    d.null()?;
                    None
                } else {
                    Some(read_key(d)?)
                };
                if kind == 1 {
                    let replaces = if fields == 4 { Some(read_origin(d)?) } else { None };
                    Self::Enrolment { origin, log_key, hardware_key, replaces }
                } else {
                    Self::KeyChange { origin, log_key, hardware_key }
                }
            }
            2 => {
                cbor::array(d, 2)?;
                Self::Revocation { origin: read_origin(d)?, reason: read_text(d)?.to_owned() }
            }
            4 => {
                cbor::array(d, 2)?;
                Self::PolicyChange { version: d.u64()?, policy: Hash::new(cbor::fixed(d)?) }
            }
            5 => {
                cbor::array(d, 2)?;
                Self::PinChange { version: d.u64()?, statement: Hash::new(cbor::fixed(d)?) }
            }
            6 => {
                cbor::array(d, 4)?;
                let (origin, size) = (read_origin(d)?, d.u64()?);
                let root = if d.datatype()? == Type::Null {
                    d.null()?;
                    None
                } else {
                    Some(Hash::new(cbor::fixed(d)?))
                };
                Self::ForceLogEnded { origin, size, root, events: read_key(d)? }
            }
            7 => {
                cbor::array(d, 4)?;
                let (origin, deployment) = (read_origin(d)?, read_text(d)?.to_owned());
                Self::GivenUp { origin, deployment, reason: read_text(d)?.to_owned(), size: d.u64()? }
            }
            _ => return Err(Malformed),
        };
        let force_log = if length == 4 { Some(read_origin(d)?) } else { None };
        Ok(Statement { change, at_s, force_log })
    }
}

/// What approvers sign, as it was read.
pub(super) struct Statement {
    pub(super) change: Change,
    pub(super) at_s: u64,
    pub(super) force_log: Option<Origin>,
}

/// What an approver's signature is over.
pub(super) fn message(change: &Change, at_s: u64, force_log: Option<&Origin>) -> Vec<u8> {
    [APPROVAL_LABEL, &change.statement(at_s, force_log)].concat()
}

/// A log and its keys.
fn write_keys<W: minicbor::encode::Write>(
    e: &mut minicbor::Encoder<W>,
    origin: &Origin,
    log_key: &VerifierKey,
    hardware_key: Option<&VerifierKey>,
) -> Result<(), minicbor::encode::Error<W::Error>> {
    e.str(origin.as_str())?.str(&log_key.to_string())?;
    match hardware_key {
        Some(key) => e.str(&key.to_string())?,
        None => e.null()?,
    };
    Ok(())
}

pub(super) fn read_text<'b>(d: &mut Decoder<'b>) -> Result<&'b str, Malformed> {
    let text = d.str()?;
    if text.len() <= MAX_TEXT_BYTES { Ok(text) } else { Err(Malformed) }
}

pub(super) fn read_origin(d: &mut Decoder<'_>) -> Result<Origin, Malformed> {
    Origin::new(read_text(d)?).map_err(|_| Malformed)
}

fn read_key(d: &mut Decoder<'_>) -> Result<VerifierKey, Malformed> {
    read_text(d)?.parse().map_err(|_| Malformed)
}
