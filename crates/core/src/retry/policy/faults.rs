//! What can be wrong with policies that are well written.

use super::{Another, Change, Limits, Match, Millis, Pattern, Policies, Policy, Step, Wait};
use std::fmt;
use thiserror::Error;

/// More is a loop, not a retry.
const MAX_TIMES: u32 = 100;
const MAX_WITHIN: Millis = Millis(7 * 86_400_000);
const MAX_WAIT: Millis = Millis(86_400_000);
/// In characters.
const MAX_TEXT: usize = 200;
const MAX_STARS: usize = 8;

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
    /// Where in it, counted from 0: `do[2].change[0].factor`.
    pub field: String,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Some(policy) => write!(f, "retry policy {policy:?}, {}: {}", self.field, self.message),
            None => write!(f, "retry, {}: {}", self.field, self.message),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Policies {
    /// Whether they make sense. Classes nobody has heard of are fine: an instance may have them.
    pub fn check(&self) -> Result<(), PolicyError> {
        let mut found = Found { policy: None, problems: Vec::new() };
        found.limits(&self.limits);
        for (index, policy) in self.list.iter().enumerate() {
            found.policy = Some(policy.name.clone());
            found.policy(policy);
            if self.list[..index].iter().any(|earlier| earlier.name == policy.name) {
                found.say("name", "two policies have this name. Give one of them another");
            }
        }
        if found.problems.is_empty() { Ok(()) } else { Err(PolicyError { problems: found.problems }) }
    }
}

struct Found {
    policy: Option<String>,
    problems: Vec<Problem>,
}

impl Found {
    fn say(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { policy: self.policy.clone(), field: field.into(), message: message.into() });
    }

    fn unless(&mut self, is_fine: bool, field: &str, message: &str) {
        if !is_fine {
            self.say(field, message);
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let retries = limits.max_retries.is_none_or(|max| (1..=MAX_TIMES).contains(&max));
        self.unless(retries, "limits.max_retries", "is from 1 to 100. To try nothing again, write never = true");
        let within = limits.within.is_none_or(|within| within.0 > 0 && within <= MAX_WITHIN);
        self.unless(within, "limits.within", "is more than 0 and at most 168h");
    }

    fn policy(&mut self, policy: &Policy) {
        let named = !policy.name.trim().is_empty() && policy.name.chars().count() <= MAX_TEXT;
        self.unless(named, "name", "is empty or very long. Write a few words, as people will read them");
        self.limits(&policy.limits);
        self.unless(!policy.on.is_empty(), "match", "is empty. Say which failures: match = { status = … }");
        for (index, on) in policy.on.iter().enumerate() {
            self.on(&format!("match[{index}]"), on);
        }
        match (policy.never, policy.steps.is_empty()) {
            (true, false) => self.say("never", "contradicts do. Leave out one of them"),
            (false, true) => self.say("do", "is empty. Write what to do, or never = true"),
            _ => {}
        }
        for (index, step) in policy.steps.iter().enumerate() {
            self.step(&format!("do[{index}]"), step);
        }
    }

    fn on(&mut self, field: &str, on: &Match) {
        let is_open = *on == Match::default();
        self.unless(!is_open, field, "fits every failure. Name a status, error, message, class or kind");
        self.patterns(&format!("{field}.error"), &on.error);
        self.patterns(&format!("{field}.message"), &on.message);
        self.patterns(&format!("{field}.class"), &on.class);
    }

    fn patterns(&mut self, field: &str, patterns: &[Pattern]) {
        for Pattern(text) in patterns {
            if text.trim().is_empty() || text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
                self.say(
                    field,
                    format!("{text:?} is empty, very long or of several lines. Write a name or a few words"),
                );
            } else if text.matches('*').count() > MAX_STARS {
                self.say(field, format!("{text:?} has more than {MAX_STARS} stars. Each stands for anything already"));
            }
        }
    }

    fn step(&mut self, field: &str, step: &Step) {
        let acts = step.wait.is_some()
            || step.free_memory
            || step.another_instance != Another::Must(false)
            || !step.change.is_empty();
        self.unless(acts, field, "does nothing. Write wait, free_memory, another_instance or change");
        let times = (1..=MAX_TIMES).contains(&step.times);
        self.unless(times, &format!("{field}.times"), "is from 1 to 100. Leave the step out to skip it");
        let on = step.on == super::Nodes::default() || !step.change.is_empty();
        self.unless(
            on,
            &format!("{field}.on"),
            "is for nodes to change, and there is no change. Add one or leave it out",
        );
        self.patterns(&format!("{field}.on.class"), &step.on.class);
        if let Some(wait) = step.wait {
            self.wait(&format!("{field}.wait"), wait);
        }
        for (index, change) in step.change.iter().enumerate() {
            self.change(&format!("{field}.change[{index}]"), *change);
        }
    }

    fn wait(&mut self, field: &str, wait: Wait) {
        self.unless(wait.first.0 > 0, &format!("{field}.first"), "is 0. Leave wait out to send it at once");
        let factor = (1.0..=100.0).contains(&wait.factor);
        self.unless(factor, &format!("{field}.factor"), "is from 1 (always the same) to 100");
        let max = wait.max >= wait.first && wait.max <= MAX_WAIT;
        self.unless(max, &format!("{field}.max"), "is at least first, and at most 24h");
    }

    fn change(&mut self, field: &str, change: Change) {
        let floored = match change {
            Change::NewSeed {} | Change::TiledVae {} => return,
            Change::Precision { floor } => {
                let bits = (1..=16).contains(&floor);
                return self.unless(bits, &format!("{field}.floor"), "is in bits, from 1 to 16, such as 8");
            }
            Change::Batch { factor, floor } | Change::Frames { factor, floor } => (factor, floor),
            Change::Size { factor, round, floor } => {
                let rounds = round.is_multiple_of(8) && (8..=256).contains(&round);
                self.unless(rounds, &format!("{field}.round"), "is a multiple of 8 up to 256, such as 8 or 64");
                (factor, floor)
            }
        };
        let (factor, floor) = floored;
        let less = factor > 0.0 && factor < 1.0;
        self.unless(less, &format!("{field}.factor"), "is between 0 and 1, such as 0.5: it makes things smaller");
        let floor = (1..=1_000_000).contains(&floor);
        self.unless(floor, &format!("{field}.floor"), "is the least that may be left, at least 1");
    }
}
