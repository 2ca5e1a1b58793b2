//! The training exercise: the story that `cargo demo` plays.
//!
//! [`force`] sets the gateway's two processes up, [`cast`] is who plays, [`story`] is what happens, [`stops`] are the
//! officers' moves at a stop, [`ending`] closes the deployment and has everything verified.

pub mod cast;
pub mod director;
pub mod ending;
pub mod figures;
pub mod force;
pub mod overhead;
mod receipts;
pub mod stops;
pub mod story;
mod table;

/// How long a step may take on a machine that is busy with other things before the exercise says that something is wrong.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(90);

/// A step of the exercise failed; what it was doing is in the text.
#[derive(Debug, thiserror::Error)]
pub enum ExerciseError {
    /// The folder for the results holds something else.
    #[error("the folder for the results is neither empty nor left by an older demo: nothing in it was touched")]
    Occupied,
    /// A phone said no or has gone.
    #[error("{doing}: {source}")]
    Phone {
        /// The step.
        doing: &'static str,
        /// What the phone said.
        source: crate::phone::handle::PhoneError,
    },
    /// The ingest interface said no.
    #[error("{doing}: {source}")]
    Ingest {
        /// The step.
        doing: &'static str,
        /// What the gateway said.
        source: crate::lfr::IngestError,
    },
    /// A program of the force or the outsider failed.
    #[error("failed to run {program}: {said}")]
    Program {
        /// Which.
        program: String,
        /// The end of what it said.
        said: String,
    },
    /// A file could not be read or written.
    #[error("failed to read or write the exercise's files")]
    Files(#[from] std::io::Error),
    /// The faces are not enough.
    #[error("failed to {0}")]
    Faces(#[from] crate::faces::FacesError),
    /// A probe could not be made.
    #[error("failed to {0}")]
    Camera(#[from] crate::camera::CameraError),
    /// The product did not do what the exercise shows it does.
    #[error("the exercise expected that {0}")]
    Expected(String),
}

/// Names the step that a phone or the gateway failed in.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, ExerciseError>;
}

impl<T> Doing<T> for Result<T, crate::phone::handle::PhoneError> {
    fn doing(self, doing: &'static str) -> Result<T, ExerciseError> {
        self.map_err(|source| ExerciseError::Phone { doing, source })
    }
}

impl<T> Doing<T> for Result<T, crate::lfr::IngestError> {
    fn doing(self, doing: &'static str) -> Result<T, ExerciseError> {
        self.map_err(|source| ExerciseError::Ingest { doing, source })
    }
}

pub(crate) fn expect(holds: bool, what: impl Into<String>) -> Result<(), ExerciseError> {
    if holds { Ok(()) } else { Err(ExerciseError::Expected(what.into())) }
}
