//! The phone's side: given what was asked and how the server answered, what to do next.
//!
//! Never assumes an outcome: after a lost reply it asks, and continues from the index given. Never skips
//! an entry. Only a verified cosignature ends an upload. A server that is ahead of this log, or holds
//! another root for its size, freezes the sync: the evidence stays, nothing more is signed.

use super::{MAX_PACKAGES, MirrorInfo, MirrorReceipt};
use crate::checkpoint::{Checkpoint, parse_decimal};
use crate::note::VerifierKey;

/// Which request an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `add-checkpoint` with this old size.
    Checkpoint {
        /// The old size that was sent.
        old_size: u64,
    },
    /// `add-entries` from this index on.
    Entries {
        /// The `upload_start` that was sent.
        start: u64,
    },
    /// The question for the mirror's state: `add-entries` over the empty interval `[0, 0)`.
    State,
}

/// How the server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerAnswer<'a> {
    /// Timeout, reset, truncated reply: the outcome is unknown.
    Lost,
    /// A whole reply.
    Reply {
        /// HTTP status.
        status: u16,
        /// Body.
        body: &'a [u8],
        /// Retry-After in seconds, if given.
        retry_after_s: Option<u64>,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send `add-checkpoint` with the consistency proof from this size.
    SendCheckpoint {
        /// The size that the mirror holds.
        old_size: u64,
    },
    /// Send `add-entries` over `[start, end)`, at most `max_packages` packages of it.
    SendEntries {
        /// `upload_start`.
        start: u64,
        /// `upload_end`: the checkpoint's size.
        end: u64,
        /// To be handed back.
        ticket: Vec<u8>,
        /// How many packages to send at most.
        max_packages: u64,
    },
    /// Send `add-entries` over `[0, 0)` without packages, to learn where the mirror stands.
    AskState,
    /// Everything is durably logged.
    Done(MirrorReceipt),
    /// Get a new access token and repeat the request.
    RefreshAuthorisation,
    /// Wait so long, then [`Action::AskState`].
    Wait {
        /// Seconds, as the server asked.
        seconds: u64,
    },
    /// Wait by the back-off, then [`Action::AskState`].
    BackOff,
    /// Stop this queue and raise the alarm.
    Stop(Alarm),
}

/// Why a sync stopped for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alarm {
    /// The server refuses this device.
    Refused,
    /// The server does not know this device: it must be enrolled again.
    Unknown,
    /// The server holds more than this log, or another root at its size: freeze, keep evidence.
    RolledBack,
    /// The same package was refused twice although its proof verifies here.
    Integrity,
    /// Three replies in a row were not a cosignature by the known mirror.
    ForeignMirror,
    /// The server refuses even a single package as too large.
    TooLarge,
    /// The server refuses the form of the request.
    Protocol,
}

/// Something to record although the sync goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The server once cosigned up to `confirmed` and now holds less: it was restored from an old
    /// backup. What is unpruned is sent again; the stored receipts prove the loss.
    ServerLostHistory {
        /// What it once confirmed.
        confirmed: u64,
        /// What it holds now.
        holds: u64,
    },
    /// A reply that should have been a receipt was not by the known mirror.
    NotAReceipt,
}

/// The next action and what is worth recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub action: Action,
    /// What to record.
    pub notice: Option<Notice>,
}

impl From<Action> for Step {
    fn from(action: Action) -> Self {
        Self { action, notice: None }
    }
}

const BAD_COSIGNATURES_BEFORE_ALARM: u8 = 3;

/// The sync of one checkpoint.
#[derive(Debug, Clone)]
pub struct MirrorClient {
    checkpoint: Checkpoint,
    mirror: VerifierKey,
    /// The largest size that a stored receipt confirms.
    confirmed: u64,
    max_packages: u64,
    refreshed: bool,
    unprocessable: u8,
    bad_cosignatures: u8,
    last_next: Option<u64>,
    stalled: u8,
    lost_noticed: bool,
}

impl MirrorClient {
    /// Begins to sync `checkpoint` (signed already); `confirmed` is the size of the last receipt, or 0.
    pub const fn new(checkpoint: Checkpoint, mirror: VerifierKey, confirmed: u64) -> Self {
        Self {
            checkpoint,
            mirror,
            confirmed,
            max_packages: MAX_PACKAGES,
            refreshed: false,
            unprocessable: 0,
            bad_cosignatures: 0,
            last_next: None,
            stalled: 0,
            lost_noticed: false,
        }
    }

    /// The first request.
    pub const fn begin(&self) -> Action {
        Action::SendCheckpoint { old_size: self.confirmed }
    }

    /// Takes an answer and says what is next.
    pub fn answered(&mut self, asked: Asked, answer: ServerAnswer<'_>) -> Step {
        let ServerAnswer::Reply { status, body, retry_after_s } = answer else {
            return Action::BackOff.into();
        };
        if !matches!(status, 401 | 429) && status < 500 {
            self.refreshed = false;
        }
        match (asked, status) {
            (_, 401) if self.refreshed => Action::Stop(Alarm::Refused).into(),
            (_, 401) => {
                self.refreshed = true;
                Action::RefreshAuthorisation.into()
            }
            (_, 403) => Action::Stop(Alarm::Refused).into(),
            (_, 404) => Action::Stop(Alarm::Unknown).into(),
            (_, 429 | 503) => retry_after_s.map_or(Action::BackOff, |seconds| Action::Wait { seconds }).into(),
            (_, 500..) => Action::BackOff.into(),
            (Asked::Checkpoint { .. }, 200) => self.entries(self.confirmed, Vec::new()).into(),
            (Asked::Checkpoint { old_size }, 409) => self.checkpoint_conflict(old_size, body),
            (Asked::Entries { .. } | Asked::State, 200) => self.complete(body),
            (Asked::Entries { .. } | Asked::State, 202 | 409) => self.informed(body),
            (Asked::Entries { .. }, 413) => self.halve().into(),
            (_, 422) => self.refused_package().into(),
            _ => Action::Stop(Alarm::Protocol).into(),
        }
    }

    fn entries(&self, start: u64, ticket: Vec<u8>) -> Action {
        Action::SendEntries { start, end: self.checkpoint.size, ticket, max_packages: self.max_packages }
    }

    fn checkpoint_conflict(&mut self, old_size: u64, body: &[u8]) -> Step {
        let text = std::str::from_utf8(body).ok().and_then(|text| text.strip_suffix('\n'));
        let Some(size) = text.and_then(parse_decimal) else { return Action::BackOff.into() };
        // Ahead of us, or our own size with another root: this log is not the one the server knows.
        if size > self.checkpoint.size || (size == old_size && size == self.checkpoint.size) {
            return Action::Stop(Alarm::RolledBack).into();
        }
        if size == old_size {
            return Action::BackOff.into();
        }
        let notice = self.notice_loss(size);
        Step { action: Action::SendCheckpoint { old_size: size }, notice }
    }

    fn informed(&mut self, body: &[u8]) -> Step {
        let Some(info) = MirrorInfo::parse(body).ok().filter(|info| info.next_entry <= info.tree_size) else {
            return Action::BackOff.into();
        };
        if info.tree_size > self.checkpoint.size {
            return Action::Stop(Alarm::RolledBack).into();
        }
        let notice = self.notice_loss(info.next_entry);
        if info.tree_size < self.checkpoint.size {
            return Step { action: Action::SendCheckpoint { old_size: info.tree_size }, notice };
        }
        // Progress resets every count; standing still does not go on for ever.
        if self.last_next == Some(info.next_entry) {
            self.stalled += 1;
        } else {
            (self.stalled, self.unprocessable) = (0, 0);
        }
        self.last_next = Some(info.next_entry);
        let action = if self.stalled > 2 {
            self.stalled = 0;
            Action::BackOff
        } else {
            self.entries(info.next_entry, info.ticket)
        };
        Step { action, notice }
    }

    fn notice_loss(&mut self, holds: u64) -> Option<Notice> {
        if holds >= self.confirmed || self.lost_noticed {
            return None;
        }
        self.lost_noticed = true;
        Some(Notice::ServerLostHistory { confirmed: self.confirmed, holds })
    }

    fn complete(&mut self, body: &[u8]) -> Step {
        if let Ok(receipt) = MirrorReceipt::verify(body, &self.checkpoint, &self.mirror) {
            self.bad_cosignatures = 0;
            return Action::Done(receipt).into();
        }
        self.bad_cosignatures += 1;
        let alarm = self.bad_cosignatures >= BAD_COSIGNATURES_BEFORE_ALARM;
        let action = if alarm { Action::Stop(Alarm::ForeignMirror) } else { Action::BackOff };
        Step { action, notice: Some(Notice::NotAReceipt) }
    }

    const fn halve(&mut self) -> Action {
        if self.max_packages <= 1 {
            return Action::Stop(Alarm::TooLarge);
        }
        self.max_packages /= 2;
        Action::AskState
    }

    const fn refused_package(&mut self) -> Action {
        self.unprocessable += 1;
        if self.unprocessable > 1 { Action::Stop(Alarm::Integrity) } else { Action::AskState }
    }
}
