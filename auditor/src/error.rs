//! Why a command could not be carried out. No error names a path or a key.

use crate::{EXIT_TAMPERED, EXIT_USAGE};

/// Each reads after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuditError {
    #[error("read the bundle: the folder cannot be read")]
    BundleUnreadable,
    #[error("read the bundle: it holds something that is not a plain file or folder")]
    BundleNotPlain,
    #[error("read the bundle: it is larger than this tool takes")]
    BundleTooLarge,
    #[error("read the bundle: no bundle here (no manifest.note)")]
    NoBundle,
    #[error("read the bundle: no bundle here (no manifest.note), but in a folder inside")]
    BundleInside,
    #[error("read the trust file: it cannot be read")]
    TrustUnreadable,
    #[error("{0}")]
    Trust(#[from] peel_ledger::bundle::TrustError),
    #[error("read the key: it cannot be read or is no private key of an auditor")]
    Key,
    #[error("{0}")]
    Share(#[from] crate::keys::ShareError),
    #[error("read the checkpoint of the last visit: it cannot be read or is not signed by the trusted force log")]
    Since,
    #[error("read the receipt: the file cannot be read or is too long")]
    ReceiptUnreadable,
    #[error("read the receipt: this is not a receipt code (expected {}...)", peel_ledger::receipt::TEXT_PREFIX)]
    NotACode,
    #[error("open the image: this key is not the one that it is sealed to")]
    NotTheKey,
    #[error("read the sealed image: the file cannot be read or is too long")]
    EvidenceUnreadable,
    #[error("write the image: the file exists or cannot be written")]
    ImageNotWritten,
    #[error("write the private key: the file exists or cannot be written")]
    KeyNotWritten,
    #[error("print the findings")]
    Print,
}

impl AuditError {
    /// A bundle that is not made of plain files was tampered with; everything else is wrong use.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::BundleNotPlain => EXIT_TAMPERED,
            _ => EXIT_USAGE,
        }
    }
}
