//! Leave for one comparison by the secondary face check (S14, S18).

use crate::deployment::Role;
use crate::id::ComparisonId;
use crate::permit::{ComparisonPermit, ComparisonPurpose};
use crate::policy::Policy;
use crate::shift::SignedInOfficer;
use crate::time::Moment;
use crate::workflow::error::WorkflowError;
use crate::workflow::identity;
use crate::workflow::state::AlertState;

/// An officer's request for a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparisonRequest<'a> {
    /// A new identifier.
    pub comparison_id: ComparisonId,
    /// Which two images: the purpose (S18).
    pub purpose: ComparisonPurpose,
    /// Why a close photograph is compared although two documents support the identity (S51).
    pub reason: Option<&'a str>,
}

impl AlertState {
    /// Leave for one comparison: a signed-in officer, an open and revealed alert, for a close photograph a running
    /// stop, and a policy that allows it. The permit is used up by `peel_face`.
    pub fn comparison_permit(
        &self,
        request: ComparisonRequest<'_>,
        officer: &SignedInOfficer,
        policy: &Policy,
        now: Moment,
    ) -> Result<ComparisonPermit, WorkflowError> {
        self.may_compare(request.purpose, request.reason, officer, policy, now)?;
        if self.comparisons.contains(&request.comparison_id) {
            return Err(WorkflowError::Comparison);
        }
        Ok(ComparisonPermit::issue(self.alert_id, request.comparison_id, request.purpose))
    }

    /// Whether a close photograph may be taken now: exactly when it could be compared. It is asked before a camera's frame
    /// is looked at and before a photograph is held; leave to compare is another thing.
    pub fn photograph_allowed(
        &self,
        reason: Option<&str>,
        officer: &SignedInOfficer,
        policy: &Policy,
        now: Moment,
    ) -> Result<(), WorkflowError> {
        self.may_compare(ComparisonPurpose::ClosePhotograph, reason, officer, policy, now)
    }

    fn may_compare(
        &self,
        purpose: ComparisonPurpose,
        reason: Option<&str>,
        officer: &SignedInOfficer,
        policy: &Policy,
        now: Moment,
    ) -> Result<(), WorkflowError> {
        if !officer.is_on_shift(now.utc_ms) {
            return Err(WorkflowError::OffShift);
        }
        if !officer.has_role(self.deployment_id, Role::EngagementOfficer) {
            return Err(WorkflowError::RoleMissing);
        }
        self.check_comparison(purpose)?;
        let allowed = match purpose {
            ComparisonPurpose::AlertProbe => policy.check.alert_probe,
            ComparisonPurpose::ClosePhotograph => policy.check.close_photograph,
        };
        if !allowed {
            return Err(WorkflowError::ComparisonOff);
        }
        match (purpose, &self.stop) {
            (ComparisonPurpose::ClosePhotograph, Some(stop)) => identity::check_reason(stop, reason, policy),
            _ => Ok(()),
        }
    }
}
