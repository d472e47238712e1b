//! What can be wrong with policies that are well written.

use super::Policies;
use std::fmt;
use thiserror::Error;

/// Everything that is wrong with the policies.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct PolicyError {
    pub problems: Vec<Problem>,
}

/// One thing that is wrong, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the policy; none for what is about all of them.
    pub policy: Option<String>,
    /// Where in it: `do[2].change.factor`.
    pub field: String,
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            match &problem.policy {
                Some(policy) => {
                    write!(f, "{separator}retry policy {policy:?}, {}: {}", problem.field, problem.message)?
                }
                None => write!(f, "{separator}retry, {}: {}", problem.field, problem.message)?,
            }
        }
        Ok(())
    }
}

impl Policies {
    /// Whether they make sense. Classes nobody has heard of are fine: an instance may have them.
    pub fn check(&self) -> Result<(), PolicyError> {
        Ok(())
    }
}
