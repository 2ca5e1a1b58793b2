//! The alert's way through an officer's hands, as pure transitions.
//!
//! For: [`decide`] checks a command and gives the events that it becomes; [`AlertState::apply`] moves the state by
//! events and by nothing else; [`due`], [`withdrawn`] and [`deployment_ended`] are what happens without an officer.
//! Must never: give a decision to anybody but a [`SignedInOfficer`] (S02), reveal before a blind judgement or its
//! logged skip (S05), turn time into "do not engage" (S03), or refuse to record a stop that is happening.
//! Always: what `decide` gives applies; an error leaves the state as it was; the same events give the same state.

mod actor;
mod command;
mod decide;
mod due;
mod error;
mod forms;
mod identity;
mod outcome;
mod permit;
mod phase;
mod state;
mod transition;

pub use crate::shift::SignedInOfficer;
pub(crate) use actor::may_do;
pub use command::{Command, FalseAlertForm, ReceiptForm};
pub use decide::{coordination, decide};
pub use due::{Due, DueMedia, deployment_ended, due, withdrawn};
pub use error::{WorkflowError, WorkflowErrorKind};
pub use permit::ComparisonRequest;
pub use phase::{DecisionKind, Phase};
pub use state::{AlertState, HeldMedia, Withdrawal};
