//! What to do about a failure.

use super::change::{Scene, counterpart};
use super::matching::policy_for;
use super::policy::{Another, Change, MAX_RETRIES, Policies, Policy, Step, WITHIN, Wait};
use super::words::{Doing, Said};
use super::{Circumstances, Decision, Failure, Tried};
use crate::comfy::graph::Graph;
use crate::time::Timestamp;
use crate::workflow::Classes;
use serde_json::Value;

/// How many retries ahead a decision tells.
const AHEAD: usize = 2;

/// What to do about a failure; `None` if no policy is for it, or nothing is left to do.
///
/// The same of the same, whenever it is asked.
pub fn decide(policies: &Policies, failure: &Failure, circumstances: &Circumstances) -> Option<Decision> {
    let Circumstances { workflow, classes, other_instance, tried, jitter } = *circumstances;
    let policy = policy_for(policies, failure)?;
    let course = Course { policies, policy, failure, classes, other_instance, jitter };
    let (mut decision, _) = course.next(workflow, tried, failure.at)?;
    decision.next = course.ahead(&decision, tried);
    Some(decision)
}

/// The classes a decision about this workflow asks for: its own, and those a step may put in their place.
pub fn needed_classes(policies: &Policies, workflow: &Value) -> Vec<String> {
    let Ok(graph) = Graph::from_value(workflow) else {
        return Vec::new();
    };
    let mut changes = policies.list.iter().flat_map(|policy| &policy.steps).flat_map(|step| &step.change);
    let in_tiles = changes.any(|change| *change == Change::TiledVae {});
    let mut classes: Vec<String> = Vec::new();
    for node in graph.nodes() {
        let other = counterpart(&node.class_type).filter(|_| in_tiles);
        classes.extend(std::iter::once(node.class_type.as_str()).chain(other).map(str::to_owned));
    }
    classes.sort_unstable();
    classes.dedup();
    classes
}

/// What a policy has to say to one failure.
struct Course<'a, 'c> {
    policies: &'a Policies,
    policy: &'a Policy,
    failure: &'a Failure,
    classes: &'a Classes<'c>,
    other_instance: bool,
    jitter: f64,
}

impl Course<'_, '_> {
    /// The next step that can be done within the limits, and what it says of its changes.
    fn next(&self, workflow: &Value, tried: &[Tried], at: Timestamp) -> Option<(Decision, Vec<Said>)> {
        let own: Vec<&Tried> = tried.iter().filter(|tried| tried.policy == self.policy.name).collect();
        let max_retries = self.max_retries(tried.len() - own.len());
        let retry_count = u32::try_from(tried.len()).ok()?.checked_add(1).filter(|count| *count <= max_retries)?;
        let last = own.last().map(|tried| tried.step);
        let in_a_row = own.iter().rev().take_while(|tried| Some(tried.step) == last).count();
        let done = |index| if last == Some(index) { in_a_row } else { 0 };
        let steps = self.policy.steps.iter().enumerate().skip(last.unwrap_or(0));
        let mut left = steps.filter(|(index, step)| done(*index) < step.times as usize && self.can_be_sent(step));
        let failed = self.failure.error.node_id.as_deref();
        let scene = Scene::new(workflow, self.classes, failed, self.jitter);
        let (index, step, changed) = left.find_map(|(index, step)| Some((index, step, scene.change(step)?)))?;
        let delay_ms = step.wait.map_or(0, |wait| wait.delay(done(index), self.jitter));
        if !self.in_time(tried, at, at.plus(delay_ms)) {
            return None;
        }
        let said = changed.said();
        let doing = self.doing(step, &said);
        let decision = Decision {
            policy: self.policy.name.clone(),
            step: index,
            retry_count,
            max_retries,
            delay_ms,
            free_memory: doing.free_memory,
            other_instance: doing.other_instance,
            change: doing.change(),
            next: None,
            workflow: changed.workflow,
        };
        Some((decision, said))
    }

    /// Whether there is an instance for the step.
    fn can_be_sent(&self, step: &Step) -> bool {
        self.other_instance || step.another_instance != Another::Must(true)
    }

    fn doing<'a>(&self, step: &Step, said: &'a [Said]) -> Doing<'a> {
        let other_instance = self.other_instance && step.another_instance != Another::Must(false);
        Doing { said, free_memory: step.free_memory, other_instance }
    }

    /// Retries this generation may have, of which `others` were by other policies.
    fn max_retries(&self, others: usize) -> u32 {
        let overall = self.policies.limits.max_retries.unwrap_or(MAX_RETRIES);
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        self.policy.limits.max_retries.map_or(overall, |own| overall.min(others.saturating_add(own)))
    }

    /// Whether a retry of what failed at `at` may still be sent at `sent`.
    fn in_time(&self, tried: &[Tried], at: Timestamp, sent: Timestamp) -> bool {
        let since = |first: Option<&Tried>| sent.since(first.map_or(at, |first| first.at.min(at)));
        let own = tried.iter().find(|tried| tried.policy == self.policy.name);
        since(tried.first()) <= self.policies.limits.within.unwrap_or(WITHIN).0
            && self.policy.limits.within.is_none_or(|within| since(own) <= within.0)
    }

    /// What comes if this fails too, in the same way: "batch size 1, then 768 × 768".
    fn ahead(&self, decision: &Decision, tried: &[Tried]) -> Option<String> {
        let mut words = Vec::new();
        let mut tried = tried.to_vec();
        let mut at = self.failure.at;
        let mut decision = decision.clone();
        while words.len() < AHEAD {
            tried.push(Tried { policy: decision.policy, step: decision.step, at });
            at = at.plus(decision.delay_ms);
            let Some((then, said)) = self.next(&decision.workflow, &tried, at) else {
                break;
            };
            words.push(self.doing(&self.policy.steps[then.step], &said).in_short());
            decision = then;
        }
        (!words.is_empty()).then(|| words.join(", then "))
    }
}

impl Wait {
    /// Milliseconds before a retry that has been done `done` times in a row.
    fn delay(self, done: usize, jitter: f64) -> u64 {
        let grown = self.first.0 as f64 * self.factor.powi(i32::try_from(done).unwrap_or(i32::MAX));
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
        (grown.min(self.max.0 as f64) * (1.0 + jitter / 2.0)) as u64
    }
}
