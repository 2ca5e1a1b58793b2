//! Moving the server to its next TLS key, so that no phone that comes once in between is locked out.
//!
//! In steps that can be taken again after a stop at any point: a third key and the statement of the pins after the
//! rotation are prepared; two people approve the statement (a leaf of the force log); the files move.
//! Must never: show phones a statement whose first pin the server does not have yet. Always: two pins are with phones.

use std::path::PathBuf;

use peel_ledger::Origin;
use peel_ledger::force_log::{Change, ForceLeaf};
use peel_ledger::pins::{PinStatement, split, statement_hash, with_approvals};

use super::tls::{new_key, pin_of, read_key};
use super::{ForceConfig, ForceDir, ForceError, ForceKeys, TlsFiles};
use crate::clock::real_now_s;
use crate::files;

/// A rotation in the force's directory.
#[derive(Clone, Debug)]
pub struct Rotation {
    files: TlsFiles,
    third_key: PathBuf,
    statement: PathBuf,
    approved: PathBuf,
}

fn present(text: &str, config: &ForceConfig) -> Result<PinStatement, ForceError> {
    let root = ForceConfig::vkey(&config.root_vkey)?;
    PinStatement::verify(split(text).0.as_bytes(), &config.force, &root).map_err(|_| ForceError::Tls)
}

/// Approved by those whose keys are at hand: where they are not enough, phones stay with the pins that they were enrolled
/// with, which these are.
fn approved_at_hand(note: &str, version: u64, keys: &ForceKeys) -> Result<String, ForceError> {
    let change = Change::PinChange { version, statement: statement_hash(note) };
    let force_log = Origin::new(keys.force_log.name()).map_err(|_| ForceError::Key)?;
    let mut leaf = ForceLeaf::change(change, force_log, real_now_s());
    keys.approvers.iter().try_for_each(|approver| leaf.approve(approver)).map_err(|_| ForceError::Key)?;
    Ok(with_approvals(note, &leaf))
}

impl Rotation {
    /// In this force's directory.
    pub fn of(dir: &ForceDir) -> Self {
        let tls = dir.tls();
        Self {
            files: TlsFiles::of(dir),
            third_key: tls.join("server-third.key"),
            statement: tls.join("pins-next.note"),
            approved: tls.join("pins-next.approved"),
        }
    }

    /// States the pins of a new force.
    pub(super) fn state_first(&self, keys: &ForceKeys, force: &str) -> Result<(), ForceError> {
        let statement = PinStatement { version: 1, pins: self.files.pins()? };
        let note = statement.sign(force, &keys.root).map_err(|_| ForceError::Tls)?.to_text();
        let text = approved_at_hand(&note, statement.version, keys)?;
        Ok(files::write_public(&self.files.pins, text.as_bytes())?)
    }

    /// States the pins of a force that was made before there were statements.
    pub fn state_where_missing(&self, keys: &ForceKeys, force: &str) -> Result<(), ForceError> {
        if self.files.pins.exists() { Ok(()) } else { self.state_first(keys, force) }
    }

    /// Makes the third key and the statement, where they are not made yet. Gives the change that two people approve.
    pub fn prepare(&self, config: &ForceConfig, keys: &ForceKeys) -> Result<Change, ForceError> {
        if self.approved.exists() {
            self.complete(&config.force)?;
        }
        let version = present(&files::read_text(&self.files.pins)?, config)?.version.saturating_add(1);
        if !self.statement.exists() {
            let third = new_key()?;
            files::write_private(&self.third_key, third.serialize_pem().as_bytes())?;
            let pins = [pin_of(&read_key(&self.files.next_key)?), pin_of(&third)];
            let note = PinStatement { version, pins }.sign(&config.force, &keys.root).map_err(|_| ForceError::Tls)?;
            files::write_public(&self.statement, note.to_text().as_bytes())?;
        }
        self.change(config)
    }

    /// The change that is prepared.
    pub fn change(&self, config: &ForceConfig) -> Result<Change, ForceError> {
        let text = files::read_text(&self.statement)?;
        let version = present(&text, config)?.version;
        Ok(Change::PinChange { version, statement: statement_hash(&text) })
    }

    /// Notes the change that stands in the force log, with its approvals, and moves the files.
    pub fn approve_and_complete(&self, force: &str, leaf: &ForceLeaf) -> Result<(), ForceError> {
        let note = files::read_text(&self.statement)?;
        files::write_public(&self.approved, with_approvals(&note, leaf).as_bytes())?;
        self.complete(force)
    }

    fn complete(&self, force: &str) -> Result<(), ForceError> {
        let TlsFiles { certificate, key, next_key, next_certificate, pins, .. } = &self.files;
        if self.third_key.exists() {
            if next_key.exists() {
                let pem = if next_certificate.exists() {
                    files::read_text(next_certificate)?
                } else {
                    self.files.issue(force, &read_key(next_key)?)?
                };
                // From here on the certificate is the next key's, and the server finds that key under either name.
                files::write_public(certificate, pem.as_bytes())?;
                std::fs::rename(next_key, key)?;
            }
            std::fs::rename(&self.third_key, next_key)?;
        }
        if next_certificate.exists() {
            std::fs::remove_file(next_certificate)?;
        }
        if self.statement.exists() {
            std::fs::remove_file(&self.statement)?;
        }
        // With its approvals it is what phones believe.
        Ok(std::fs::rename(&self.approved, pins)?)
    }
}
