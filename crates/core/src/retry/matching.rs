//! Which policy is for a failure.

use super::Failure;
use super::policy::Policies;

/// Whether a policy may answer this failure with a retry. Cheap: looks at no workflow.
pub fn matches(_policies: &Policies, _failure: &Failure) -> bool {
    false
}
