//! The person's receipt: on record before it is handed over, and provable offline.
//!
//! Must never: need a name, a telephone or an e-mail, or leave the salt on the phone. Always: the class 5 entry with the
//! commitment and the event that it was offered are one transaction.

use peel_domain::id::AlertId;
use peel_domain::stop::ReceiptChannel;
use peel_domain::time::Clock as _;
use peel_domain::workflow::{Command, ReceiptForm};
use peel_journal::trail::Item;
use peel_ledger::receipt::{ReceiptCode, commitment, new_salt};
use peel_ledger::tree::inclusion_proof;
use rand_core::Rng as _;

use super::error::EngineError;
use super::state::State;
use super::{Engine, persist};
use crate::ffi::{ReceiptLine, ReceiptView};
use crate::store::Batch;
use crate::trail;

/// Crockford's base 32: no letter that is mistaken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a paper code and of a reference.
const CODE_CHARACTERS: u32 = 10;
/// The version of the receipt's form.
const VERSION: u8 = 1;

/// What the receipt says, in the order in which it is encoded.
type Canonical<'a> = (u8, &'a str, &'a str, i64, &'a str, &'a [&'a str]);

/// Codes that the receipt of every engagement carries: began with an LFR alert, how to complain, ask for data, contact
/// oversight (S48).
const ALWAYS: [&str; 4] = ["began_with_lfr_alert", "how_to_complain", "how_to_ask_for_data", "how_to_reach_oversight"];

/// The first fifty bits as ten characters.
fn code_of(bytes: &[u8]) -> String {
    let bits = bytes.iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    (1..=CODE_CHARACTERS)
        .map(|position| {
            let index = usize::try_from((bits >> (64 - 5 * position)) & 31).unwrap_or(0);
            char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
        })
        .collect()
}

impl Engine {
    /// Makes a receipt and records that it was offered. Blocks.
    pub(crate) fn offer_receipt(&self, alert_id: AlertId, channel: ReceiptChannel) -> Result<ReceiptView, EngineError> {
        let mut rng = rand::rng();
        let mut random = [0; 8];
        rng.fill_bytes(&mut random);
        let (reference, salt) = (code_of(&random), new_salt(&mut rng));
        let (receipt, lines, committed_hash, index, entry) = {
            let mut state = self.lock();
            let (receipt, lines) = receipt_text(&state, alert_id, &reference)?;
            let hash = commitment(&salt, &receipt);
            let form = ReceiptForm { reference: reference.clone(), channel, commitment: hash.to_bytes() };
            let events = self.decided(&state, alert_id, &Command::OfferReceipt(form))?;
            // One moment for the commitment and for what offers it.
            let at = events.first().map_or_else(|| self.clock.now(), |event| event.at);
            let mut items = vec![Item::Receipt(hash, trail::stamp(&at))];
            for event in &events {
                items.push(trail::item(event)?);
            }
            let committed = self.commit(&mut state, &items, Batch::new())?;
            for event in &events {
                state.apply(event);
            }
            let entry = committed.entries.into_iter().next().ok_or(EngineError::Task)?;
            (receipt, lines, hash, committed.first, entry)
        };
        self.bump();
        self.urgent.notify_one();
        let (checkpoint, note) = self.signed_checkpoint()?;
        let proof = inclusion_proof(&self.store, index, checkpoint.size)?;
        let code = ReceiptCode::build(&receipt, salt, &entry, proof, &note)?;
        Ok(ReceiptView {
            reference,
            lines,
            qr_payload: code.encode(),
            qr_text: code.to_text(),
            paper_code: code_of(committed_hash.as_bytes()),
        })
    }
}

/// The canonical bytes and the lines for the screen: reference, place, time, officer, reason, and what always stands.
fn receipt_text(state: &State, alert_id: AlertId, reference: &str) -> Result<(Vec<u8>, Vec<ReceiptLine>), EngineError> {
    let held = state.held(alert_id)?;
    let stop = held.state.stop().ok_or(EngineError::NotFound("stop.none"))?;
    let place = state.deployment()?.record.card.location_text.as_str();
    let officer = state.officer()?.officer_id().as_str();
    let at_ms = stop.started().utc_ms;
    let canonical: Canonical<'_> = (VERSION, reference, place, at_ms, officer, &ALWAYS);
    let line = |code: &str, value: &str| ReceiptLine { code: code.to_owned(), value: value.to_owned() };
    let mut lines = vec![
        line("reference", reference),
        line("place", place),
        line("time_ms", &at_ms.to_string()),
        line("officer", officer),
    ];
    lines.extend(ALWAYS.iter().map(|code| line(code, "")));
    Ok((persist::encode(&canonical)?, lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paper_code_is_the_first_fifty_bits() {
        let mut bytes = [0; 32];
        bytes[0] = 0b0000_1000;
        bytes[6] = 0b0100_0000;
        assert_eq!(code_of(&bytes), "1000000001");
        assert_eq!(code_of(&[0xFF; 32]), "ZZZZZZZZZZ");
    }
}
