//! Opens what is sealed to the reader's keys and hands it over, log by log, in order.
//!
//! Must never: keep a body. The ledger does not look into one; who opens also judges.

use zeroize::Zeroizing;

use super::dates::Bounds;
use super::logs::CheckedLog;
use super::report::{Problem, Report};
use crate::entry::{Entry, EntryHeader};
use crate::parallel::in_chunks;
use crate::seal::{RecipientPrivateKey, SealError, open_with_any};
use crate::{Hash, Origin};

/// How many bodies are open at one time.
const WINDOW: usize = 1024;
/// Fewer entries than this are not worth a thread.
const ENTRIES_A_THREAD: usize = 8;

/// One entry that the reader's keys open, or that needs none.
#[derive(Debug)]
pub struct OpenedEntry<'a> {
    /// Which log.
    pub origin: &'a Origin,
    /// Keys 2 to 6 of the entry.
    pub header: &'a EntryHeader,
    /// When it was made.
    pub bounds: Bounds,
    /// What it holds.
    pub content: Content,
}

/// What an entry holds. The ledger does not know what a body says.
#[derive(Debug)]
pub enum Content {
    /// The body.
    Body(Zeroizing<Vec<u8>>),
    /// The commitment to a person's receipt (class 5), which is in the clear.
    Receipt(Hash),
}

/// Opens a log's entries with whichever of the keys each is sealed to.
pub(super) fn open_log(
    log: &CheckedLog<'_>,
    keys: &[RecipientPrivateKey],
    on_entry: &mut dyn FnMut(OpenedEntry<'_>),
    report: &mut Report,
) {
    let name = log.origin.as_str();
    let (mut opened, mut foreign, mut index) = (0, 0_u64, 0_u64);
    let mut clear = log.entries.iter();
    for window in log.view.entries.chunks(WINDOW) {
        let bodies = in_chunks(window, ENTRIES_A_THREAD, |_, entries| {
            entries.iter().map(|bytes| open_one(bytes, &log.origin, keys)).collect::<Vec<_>>()
        });
        for (body, clear) in bodies.into_iter().flatten().zip(clear.by_ref()) {
            if let Some(clear) = clear {
                let bounds = usize::try_from(index).ok().and_then(|at| log.bounds.get(at)).copied().unwrap_or_default();
                let entry = |content| OpenedEntry { origin: &log.origin, header: &clear.header, bounds, content };
                match (clear.receipt, body) {
                    (Some(receipt), _) => on_entry(entry(Content::Receipt(receipt))),
                    (None, Ok(body)) => {
                        opened += 1;
                        on_entry(entry(Content::Body(body)));
                    }
                    (None, Err(SealError::NotARecipient)) => foreign += 1,
                    (None, Err(_)) => report.fail(Some(name), Some(index), Problem::Body),
                }
            }
            index += 1;
        }
    }
    report.checked(Some(name), "entries opened and their key commitment checked", opened);
    if foreign > 0 {
        report.not_checked(Some(name), format!("{foreign} entries are sealed to other keys"), true);
    }
}

fn open_one(bytes: &[u8], origin: &Origin, keys: &[RecipientPrivateKey]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    open_with_any(&Entry::decode(bytes)?, origin, keys)
}
