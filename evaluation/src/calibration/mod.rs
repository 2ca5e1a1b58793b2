//! From scores after an alert to a calibration: fitted on one half of the people, judged on the other.
//!
//! Must never: let one person be fitted on and judged, claim a ratio that so few people cannot carry, give a rate without
//! its counts and interval, or make bands less strict than those that it is told to keep.
//! Always: the same table gives the same numbers; what is judged is the map as the document holds it.

mod error;
mod fit;
mod judge;
mod logistic;
mod rates;
mod rows;
mod words;

use serde::Serialize;

pub use error::FitError;
pub use fit::{Asked, Fitted, Keep, Place, fit};
pub use judge::{Cost, Covariate, Judgement, Measured, judge};
pub use logistic::{Logistic, Targets};
pub use rates::{Cell, JudgedRate, Rates};
pub use rows::{Pair, Pairs, Selection, Side, Study, read};
pub use words::sentence;

/// Everything that was found out about one use.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// `alert_probe` or `close_photograph`.
    pub purpose: String,
    /// The table of scores: lower-case hexadecimal SHA-256.
    pub scores_sha256: String,
    /// What was fitted.
    pub fitted: Fitted,
    /// What the other half says of it.
    pub judgement: Judgement,
    /// What an officer may be told.
    pub sentence: String,
}
