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
        if !officer.is_on_shift(now.utc_ms) {
            return Err(WorkflowError::OffShift);
        }
        if !officer.has_role(self.deployment_id, Role::EngagementOfficer) {
            return Err(WorkflowError::RoleMissing);
        }
        self.check_comparison(request.purpose)?;
        let allowed = match request.purpose {
            ComparisonPurpose::AlertProbe => policy.check.alert_probe,
            ComparisonPurpose::ClosePhotograph => policy.check.close_photograph,
        };
        if !allowed {
            return Err(WorkflowError::ComparisonOff);
        }
        if self.comparisons.contains(&request.comparison_id) {
            return Err(WorkflowError::Comparison);
        }
        if let (ComparisonPurpose::ClosePhotograph, Some(stop)) = (request.purpose, &self.stop) {
            identity::check_reason(stop, request.reason, policy)?;
        }
        Ok(ComparisonPermit::issue(self.alert_id, request.comparison_id, request.purpose))
    }
}
