//! What to do about a failure.

use super::policy::Policies;
use super::{Circumstances, Decision, Failure};
use serde_json::Value;

/// What to do about a failure; `None` if nothing is left to do.
pub fn decide(_policies: &Policies, _failure: &Failure, _circumstances: &Circumstances) -> Option<Decision> {
    None
}

/// The classes a decision about this workflow asks for: its own, and those a step may put in their place.
pub fn needed_classes(_policies: &Policies, _workflow: &Value) -> Vec<String> {
    Vec::new()
}
