//! Degraded copies of photographs, as a street camera or a hurried officer makes them: so that anyone can repeat a table
//! of error rates by condition.
//!
//! Must never: enlarge a picture, or change one without a seed that makes the same change again.
//! Always: pixel sizes of blurs are counted at [`EYES_PX`] between the eyes, so that a condition means the same in every
//! photograph; pixels are wiped on drop.

mod conditions;
mod picture;

pub use conditions::{Condition, EYES_PX, Face, degrade};
pub use picture::{Encoded, Picture};
