//! Outside witnesses (C2SP tlog-witness) of the force log: asked in the background, published with the checkpoint.
//!
//! For: a server's administrator who drops or rewrites history must then also turn outsiders. Must never: stand on the
//! path of a reply to a phone, take a line that does not verify, or send a witness backwards. Always: what a witness may
//! take of time, bytes and tries is bounded; the cosignatures of one round are over one checkpoint.

mod http;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::mirror::AddCheckpoint;
use peel_ledger::note::{SignatureLine, SignedNote, VerifierKey};
use peel_ledger::tree::{LeafHashes, leaf_hash};
use peel_ledger::witness::{WitnessAnswer, judge, with_cosignatures};
use rand::Rng as _;
use tokio::sync::Mutex;

use crate::force::{ForceConfig, ForceDir, ForceError};
use crate::service::{Authority, ServiceError};
use crate::storage::{self, CosignatureRow, Db, LogStore as _, Logs, Tx};

/// The force log's short name in the store.
const FORCE_LOG: &str = "log";
/// Entries read at a time.
const CHUNK: u64 = 1_024;
/// Tries with one witness in a round: it may name another size twice.
const TRIES: u32 = 3;
/// The first ceiling of a wait after a failure, and the last.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_mins(15);

/// What came of asking one witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has cosigned this size, now or before.
    Cosigned {
        /// The size.
        size: u64,
    },
    /// It is not due yet after an earlier failure.
    NotDue,
    /// It does not know the force log.
    Unknown,
    /// It has seen a longer force log than there is.
    Ahead {
        /// How long.
        size: u64,
    },
    /// It refuses the force log's history or signature.
    Refused,
    /// It was not reached, is busy, or failed.
    Later,
    /// Its answer is not one.
    Malformed,
}

/// When a witness may be asked again.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: Option<Instant>,
    ceiling: Duration,
    /// The longer force log that it said it had seen when it was last asked.
    ahead: Option<u64>,
}

impl Due {
    const fn now() -> Self {
        Self { at: None, ceiling: FIRST_WAIT, ahead: None }
    }

    /// Full jitter below a ceiling that doubles; not before `least`.
    fn after_failure(self, now: Instant, least: Duration) -> Self {
        let ceiling = u64::try_from(self.ceiling.as_millis()).unwrap_or(u64::MAX);
        let wait = Duration::from_millis(rand::rng().next_u64() % (ceiling + 1)).max(least).min(LAST_WAIT);
        Self { at: Some(now + wait), ceiling: (self.ceiling * 2).min(LAST_WAIT), ..self }
    }
}

struct Witness {
    key: VerifierKey,
    http: http::Client,
    due: Mutex<Due>,
}

/// The force's witnesses, and as much of the force log as proofs need.
pub struct Witnesses {
    all: Vec<Witness>,
    leaves: Mutex<LeafHashes>,
}

impl std::fmt::Debug for Witnesses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witnesses").field("count", &self.all.len()).finish_non_exhaustive()
    }
}

impl Witnesses {
    /// The witnesses of a force's configuration.
    pub fn new(config: &ForceConfig, dir: &ForceDir) -> Result<Self, ServiceError> {
        let mut all = Vec::with_capacity(config.witnesses.len());
        for witness in &config.witnesses {
            let key = ForceConfig::vkey(&witness.vkey)?;
            all.push(Witness { key, http: http::Client::new(witness, dir)?, due: Mutex::new(Due::now()) });
        }
        Ok(Self { all, leaves: Mutex::default() })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Asks each witness that is due for its cosignature over the newest checkpoint, all at the same time, and keeps
    /// what they give. One outcome a witness, in the configuration's order.
    pub async fn round(&self, authority: &Authority, db: &Db) -> Result<Vec<Outcome>, ServiceError> {
        let newest = {
            let (signed, origins) = (authority.signed.clone(), authority.origins());
            db.read(move |tx| {
                signed.cover([&origins[0], &origins[1]], tx)?;
                newest(tx)
            })
            .await?
        };
        let Some((size, note)) = newest.filter(|_| !self.is_empty()) else { return Ok(Vec::new()) };
        self.catch_up(db, size).await?;
        let asked = self.all.iter().map(|witness| self.ask(witness, authority, db, size, &note));
        futures_util::future::join_all(asked).await.into_iter().collect()
    }

    /// A longer force log that so many witnesses say they have seen that no checkpoint could have enough cosignatures any
    /// more: the store was put back from a backup. One outsider alone stops no force that asks several.
    pub async fn ahead(&self, required: usize) -> Option<u64> {
        let mut said = Vec::new();
        // A refusal is not signed: it is somebody's word only where nobody can speak in the witness's place.
        for witness in self.all.iter().filter(|witness| witness.http.is_authentic()) {
            said.extend(witness.due.lock().await.ahead);
        }
        let spared = self.all.len().checked_sub(required.max(1))?;
        said.sort_unstable();
        // The longest that more than the spared ones have seen.
        said.into_iter().rev().nth(spared)
    }

    async fn catch_up(&self, db: &Db, size: u64) -> Result<(), ServiceError> {
        let mut leaves = self.leaves.lock().await;
        while leaves.size() < size {
            let (from, count) = (leaves.size(), CHUNK.min(size - leaves.size()));
            let read =
                move |tx: &Tx| Logs(tx).read_entries(FORCE_LOG, from, count, usize::MAX).map_err(ServiceError::from);
            let entries = db.read(read).await?;
            if entries.is_empty() {
                return Err(ServiceError::Internal);
            }
            for entry in &entries {
                leaves.push(leaf_hash(entry));
            }
        }
        Ok(())
    }

    async fn ask(
        &self,
        witness: &Witness,
        authority: &Authority,
        db: &Db,
        size: u64,
        note: &SignedNote,
    ) -> Result<Outcome, ServiceError> {
        let mut due = witness.due.lock().await;
        let name = witness.key.name().to_owned();
        let known = db.read(move |tx| storage::witnessed_size(tx, &name).map_err(ServiceError::from)).await?;
        // Another process of the force may have been quicker, even with a longer log.
        if known >= size {
            return Ok(Outcome::Cosigned { size: known });
        }
        let now = Instant::now();
        if due.at.is_some_and(|at| at > now) {
            return Ok(Outcome::NotDue);
        }
        let answer = self.exchange(witness, note, known).await?;
        let (outcome, least) = match answer {
            WitnessAnswer::Cosigned { line, .. } => {
                self.keep(witness, authority, db, size, note, &line).await?;
                *due = Due::now();
                return Ok(Outcome::Cosigned { size });
            }
            WitnessAnswer::Later { retry_after_s } => {
                (Outcome::Later, Duration::from_secs(retry_after_s.unwrap_or(0)).min(LAST_WAIT))
            }
            // Another process may have shown it what was stored since this round began.
            WitnessAnswer::Ahead { size } if held(db).await? >= size => return Ok(Outcome::Later),
            // Somebody must act first: ask seldom.
            WitnessAnswer::Ahead { size } => {
                due.ahead = Some(size);
                (Outcome::Ahead { size }, LAST_WAIT)
            }
            WitnessAnswer::Refused => (Outcome::Refused, LAST_WAIT),
            WitnessAnswer::Unknown => (Outcome::Unknown, LAST_WAIT),
            WitnessAnswer::Malformed | WitnessAnswer::Resend { .. } => (Outcome::Malformed, Duration::ZERO),
        };
        *due = due.after_failure(now, least);
        Ok(outcome)
    }

    async fn exchange(
        &self,
        witness: &Witness,
        note: &SignedNote,
        mut old_size: u64,
    ) -> Result<WitnessAnswer, ServiceError> {
        let mut answer = WitnessAnswer::Malformed;
        for _ in 0..TRIES {
            let request = {
                let leaves = self.leaves.lock().await;
                AddCheckpoint::build(old_size, note.clone(), &*leaves).map_err(|_| ServiceError::Internal)?
            };
            let Some(reply) = witness.http.add_checkpoint(request.encode()).await else {
                return Ok(WitnessAnswer::Later { retry_after_s: None });
            };
            let (status, wait) = (reply.status, reply.retry_after_s);
            answer = judge(&request.checkpoint, old_size, &witness.key, status, &reply.body, wait);
            let WitnessAnswer::Resend { old_size: named } = answer else { break };
            old_size = named;
        }
        Ok(answer)
    }

    async fn keep(
        &self,
        witness: &Witness,
        authority: &Authority,
        db: &Db,
        size: u64,
        note: &SignedNote,
        line: &SignatureLine,
    ) -> Result<(), ServiceError> {
        let row =
            CosignatureRow { witness: witness.key.name().to_owned(), size, note: note.to_text(), line: line.to_line() };
        let (now_ms, config) = (authority.clock.now_ms(), authority.config.clone());
        db.write(move |tx| {
            storage::put_cosignature(tx, &row, now_ms)?;
            // What is older than the published one is of no more use.
            if let Some(published) = published_note(&config, tx, config.witnesses_required.max(1))? {
                storage::prune_cosignatures(tx, checkpoint_size(&published)?)?;
            }
            Ok::<_, ServiceError>(())
        })
        .await
    }
}

/// The force log's newest checkpoint.
fn newest(tx: &Tx) -> Result<Option<(u64, SignedNote)>, ServiceError> {
    let committed = Logs(tx).log(FORCE_LOG)?.and_then(|row| row.committed);
    let note = |text: &str| SignedNote::parse(text.as_bytes()).map_err(|_| ServiceError::Internal);
    committed.map(|committed| Ok((committed.size, note(&committed.note)?))).transpose()
}

/// The force log's size now.
async fn held(db: &Db) -> Result<u64, ServiceError> {
    db.read(|tx| Ok::<_, ServiceError>(Logs(tx).log(FORCE_LOG)?.map_or(0, |row| row.next_index))).await
}

fn checkpoint_size(note: &SignedNote) -> Result<u64, ServiceError> {
    Ok(Checkpoint::from_note(note).map_err(|_| ServiceError::Internal)?.size)
}

/// A checkpoint of the force log with the lines of those of the configured witnesses that cosigned it, and how many.
fn with_lines(config: &ForceConfig, tx: &Tx, note: SignedNote) -> Result<(SignedNote, usize), ServiceError> {
    let keys = config.witnesses.iter().map(|witness| ForceConfig::vkey(&witness.vkey));
    let keys = keys.collect::<Result<Vec<_>, ForceError>>()?;
    let mut lines = Vec::new();
    for row in storage::cosignatures(tx, checkpoint_size(&note)?)? {
        let Some(key) = keys.iter().find(|key| key.name() == row.witness) else { continue };
        let line = SignatureLine::parse_lines(&row.line).map_err(|_| ServiceError::Internal)?.pop();
        // A witness may have changed its key since, and a store from a backup may have held another log of this size.
        if let Some(line) = line.filter(|line| line.key_id() == key.key_id() && row.note == note.to_text()) {
            lines.push((key.clone(), line));
        }
    }
    let count = lines.len();
    Ok((with_cosignatures(note, lines).map_err(|_| ServiceError::Internal)?, count))
}

/// A checkpoint of the force log with the lines of those of the configured witnesses that cosigned it.
pub(crate) fn cosigned(authority: &Authority, tx: &Tx, note: SignedNote) -> Result<SignedNote, ServiceError> {
    Ok(with_lines(&authority.config, tx, note)?.0)
}

/// The largest checkpoint that so many of the configured witnesses cosigned, with their lines. Others do not count:
/// neither a witness that is configured no more nor a line of a key that is.
fn published_note(config: &ForceConfig, tx: &Tx, required: usize) -> Result<Option<SignedNote>, ServiceError> {
    for (size, _) in storage::cosigned_sizes(tx)?.into_iter().filter(|(_, count)| *count >= required) {
        let notes: BTreeSet<String> = storage::cosignatures(tx, size)?.into_iter().map(|row| row.note).collect();
        for note in notes {
            let note = SignedNote::parse(note.as_bytes()).map_err(|_| ServiceError::Internal)?;
            let (note, count) = with_lines(config, tx, note)?;
            if count >= required {
                return Ok(Some(note));
            }
        }
    }
    Ok(None)
}

/// The checkpoint to publish: the newest that enough witnesses cosigned, else the newest with what it has.
pub(crate) fn published(authority: &Authority, tx: &Tx) -> Result<Option<SignedNote>, ServiceError> {
    let required = authority.config.witnesses_required;
    if required > 0
        && let Some(note) = published_note(&authority.config, tx, required)?
    {
        return Ok(Some(note));
    }
    newest(tx)?.map(|(_, note)| cosigned(authority, tx, note)).transpose()
}
