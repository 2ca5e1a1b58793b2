//! Why the gateway could not be used.

use peel_domain::wire::ErrorBody;

/// A transport error. Texts read after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportError {
    /// No connection, a timeout, a reset, a reply that was cut off: the outcome is unknown.
    #[error("reach the gateway")]
    Unreachable,
    /// The certificate is not the one that the enrolment code names.
    #[error("trust the gateway's certificate")]
    Untrusted,
    /// The certificate is of the force's root, but its key is none of the two that this phone knows: it has missed more
    /// than one change of keys and must be enrolled again.
    #[error("know the gateway's key, which has changed more than once")]
    PinsOutdated,
    /// The gateway said no.
    #[error("get the gateway's agreement")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The gateway's code, where it gave a sound one.
        code: String,
    },
    /// The gateway asks to wait.
    #[error("be served by a busy gateway")]
    Busy {
        /// For so many seconds, where it says so.
        retry_after_s: Option<u64>,
    },
    /// The reply is not what it must be.
    #[error("read the gateway's reply")]
    Malformed,
    /// The reply is larger than it may be.
    #[error("take a reply that is too large")]
    TooLarge,
    /// The enrolment's own values do not make a connection.
    #[error("set the connection up")]
    SetUp,
}

impl TransportError {
    /// What a reply that is no success says.
    pub(crate) fn refused(status: u16, body: &[u8]) -> Self {
        let code = serde_json::from_slice::<ErrorBody>(body).ok().map(|error| error.code).filter(|code| is_code(code));
        Self::Refused { status, code: code.unwrap_or_else(|| format!("gateway.status_{status}")) }
    }

    /// A stable code.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Unreachable => "gateway.unreachable".to_owned(),
            Self::Untrusted => "gateway.untrusted".to_owned(),
            Self::PinsOutdated => "gateway.pins_outdated".to_owned(),
            Self::Refused { code, .. } => code.clone(),
            Self::Busy { .. } => "gateway.busy".to_owned(),
            Self::Malformed => "gateway.malformed".to_owned(),
            Self::TooLarge => "gateway.too_large".to_owned(),
            Self::SetUp => "gateway.set_up".to_owned(),
        }
    }

    /// Whether trying later may help.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Busy { .. })
            || matches!(self, Self::Refused { status, .. } if *status >= 500)
    }
}

/// Codes are short and plain; anything else is not repeated.
fn is_code(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_');
    !code.is_empty() && code.len() <= 64 && code.bytes().all(plain)
}
