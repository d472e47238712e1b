//! The policies that come with the program.

use super::policy::{Limits, Policies};

impl Policies {
    /// The policies in force where nobody writes others.
    pub fn shipped() -> Self {
        Self { limits: Limits::default(), list: Vec::new() }
    }

    /// No automatic retries.
    pub fn none() -> Self {
        Self { limits: Limits::default(), list: Vec::new() }
    }
}
