//! The one error type that a shell sees.
//!
//! Few variants, each something a shell can act on, each with a stable `reason` code for the words on the screen and
//! for the log. A reason never holds a name, a place, a score, a key or a path.

/// Why the core did not do what was asked. Texts read after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CoreError {
    /// The device is not enrolled: scan an enrolment code.
    #[error("use a device that is not enrolled ({reason})")]
    NotEnrolled {
        /// A stable code.
        reason: String,
    },
    /// No officer is signed in, or the shift is over: sign in again.
    #[error("act without a signed-in officer ({reason})")]
    SignInNeeded {
        /// A stable code.
        reason: String,
    },
    /// No such alert, stop, feed or deployment on this phone.
    #[error("find it on this phone ({reason})")]
    NotFound {
        /// A stable code.
        reason: String,
    },
    /// The order of steps does not allow it now; the code says what comes first.
    #[error("do this step now ({reason})")]
    NotAllowedNow {
        /// A stable code.
        reason: String,
    },
    /// A form or an argument is incomplete or malformed.
    #[error("take a malformed form ({reason})")]
    Invalid {
        /// A stable code.
        reason: String,
    },
    /// A decision on this alert stands already.
    #[error("decide twice ({reason})")]
    AlreadyDecided {
        /// A stable code.
        reason: String,
    },
    /// The gateway cannot be reached; what is recorded on the phone stays recorded.
    #[error("reach the gateway ({reason})")]
    Offline {
        /// A stable code.
        reason: String,
    },
    /// The gateway was reached and said no.
    #[error("get the gateway's agreement ({reason})")]
    Refused {
        /// A stable code.
        reason: String,
    },
    /// Something is not what it must be: a wrong certificate, signature, hash or log. Tell a supervisor.
    #[error("verify what was received or stored ({reason})")]
    Integrity {
        /// A stable code.
        reason: String,
    },
    /// The phone's storage is full: nothing was recorded. Free space.
    #[error("write to a full storage ({reason})")]
    StorageFull {
        /// A stable code.
        reason: String,
    },
    /// The key store refused, is locked, or lost a key.
    #[error("use a key of the device ({reason})")]
    KeyUnavailable {
        /// A stable code.
        reason: String,
    },
    /// It cannot be done with this input or on this device; the code says why.
    #[error("do what is not possible here ({reason})")]
    NotPossible {
        /// A stable code.
        reason: String,
    },
    /// A fault of the core.
    #[error("work as built ({reason})")]
    Internal {
        /// A stable code.
        reason: String,
    },
}

/// Why the key store did not do what was asked. Implementations of `KeyVault` and `DeviceClock` throw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum VaultError {
    /// The officer or the system refused the use of the key.
    #[error("use a key that was refused")]
    Refused,
    /// The key is gone for good.
    #[error("use a key that is lost")]
    Lost,
    /// Not now: locked, busy or timed out.
    #[error("use a key that is not available now")]
    Unavailable,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for VaultError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable
    }
}
