//! Licences, banned crates, and the arrows, from the resolved dependency graph of all platforms.

use crate::arrows;
use crate::context::Context;
use crate::crates::{self, Policy};
use crate::error::VerifyError;
use crate::metadata::Metadata;
use crate::parts::Outcome;

/// Checks every rule; each counts as one.
pub(super) fn run(context: &Context) -> Result<Outcome, VerifyError> {
    let policy = Policy::load(context)?;
    let metadata = Metadata::load(context)?;
    let mut outcome = Outcome::default();
    let licences = policy.licence_violations(&metadata)?;
    outcome.check(context, "a licence is not allowed by deny.toml", &licences);
    outcome.check(context, "a banned crate is in the tree", &policy.banned(&metadata));
    outcome.check(context, "a crate comes from elsewhere", &crates::foreign_sources(&metadata));
    outcome.check(context, "a forbidden arrow between our crates", &arrows::violations(&metadata));
    outcome.check(context, "input or output in a pure crate", &arrows::impurities(&metadata));
    outcome.check(context, "a crate without our lints", &crates::without_lints(&metadata)?);
    let exports = crates::exports_outside_the_door(&metadata)?;
    outcome.check(context, "an export to the shells outside the door", &exports);
    Ok(outcome)
}
