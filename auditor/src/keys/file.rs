//! The private key's file: for which period, the public half, the private half.
//!
//! A file that holds nothing but the private half, as earlier versions wrote it, is read too.

use std::str::FromStr;

use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey};
use zeroize::Zeroizing;

use super::Period;
use crate::error::AuditError;

const TITLE: &str = "peel auditor key 1";

/// A whole private key and what it is for.
#[derive(Debug)]
pub(crate) struct KeyFile {
    pub(crate) period: Option<Period>,
    pub(crate) key: RecipientPrivateKey,
}

impl KeyFile {
    /// The file's text.
    pub(crate) fn to_text(&self) -> Result<Zeroizing<String>, AuditError> {
        let secret = self.key.expose_text();
        let Some(period) = self.period else {
            return Ok(Zeroizing::new(format!("{}\n", *secret)));
        };
        let public = self.key.public_key().map_err(|_| AuditError::Key)?;
        Ok(Zeroizing::new(format!("{TITLE}\nperiod {period}\npublic {public}\nprivate {}\n", *secret)))
    }

    /// Reads a file's text; public and private half must belong together.
    pub(crate) fn parse(text: &str) -> Result<Self, AuditError> {
        let private = |text: &str| RecipientPrivateKey::from_str(text).map_err(|_| AuditError::Key);
        let Some(rest) = text.strip_prefix(TITLE) else {
            return Ok(Self { period: None, key: private(text.trim_end())? });
        };
        let mut lines = rest.trim_end().split('\n').skip(1);
        let mut field = |name: &str| lines.next().and_then(|line| line.strip_prefix(name)).ok_or(AuditError::Key);
        let period = field("period ")?.parse().map_err(|_| AuditError::Key)?;
        let public = RecipientPublicKey::from_str(field("public ")?).map_err(|_| AuditError::Key)?;
        let key = private(field("private ")?)?;
        let own = key.public_key().map_err(|_| AuditError::Key)?;
        if own == public && lines.next().is_none() {
            Ok(Self { period: Some(period), key })
        } else {
            Err(AuditError::Key)
        }
    }
}
