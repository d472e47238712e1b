//! `[retry]`: the policies, and how much of it an instance is given.

use monitor_core::retry::Policies;
use monitor_pipeline::retry::{BreakerSettings, Settings};
use std::time::Duration;

/// Where the origin of the policies is kept.
pub(super) const POLICIES: &str = "retry.policy";
/// Of the keys in `[retry]` those that are about policies.
pub(super) const IN_POLICIES: [&str; 3] = ["limits", "shipped", "policy"];
/// As a person may mean them, for hints.
pub(super) const KEYS: [&str; 3] = ["retry.limits", "retry.shipped", "retry.policy"];

#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    pub enabled: bool,
    pub policies: Policies,
    /// Retries that one instance is sent within any minute.
    pub per_minute: u32,
    /// A retry that cannot go so long after it was to, because of its instance, is given up.
    pub longest_wait: Duration,
    /// So many generations in a row that an instance loses make its retries pause.
    pub pause_after: u32,
    /// For so long at first, longer each time.
    pub pause: Duration,
}

impl Default for Retry {
    fn default() -> Retry {
        let settings = Settings::new(Policies::shipped());
        Retry {
            enabled: true,
            policies: settings.policies,
            per_minute: settings.per_minute,
            longest_wait: Duration::from_millis(settings.longest_wait),
            pause_after: settings.breaker.failures,
            pause: Duration::from_millis(settings.breaker.pause),
        }
    }
}

impl Retry {
    /// As the pipeline wants it.
    pub fn settings(&self) -> Settings {
        let policies = if self.enabled { self.policies.clone() } else { Policies::none() };
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let defaults = Settings::new(policies);
        Settings {
            per_minute: self.per_minute,
            longest_wait: millis(self.longest_wait),
            breaker: BreakerSettings {
                failures: self.pause_after,
                pause: millis(self.pause),
                longest_pause: defaults.breaker.longest_pause.max(millis(self.pause)),
            },
            ..defaults
        }
    }
}
