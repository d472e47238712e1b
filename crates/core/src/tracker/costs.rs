//! What the tracker knows of costs: the history of its instance, what the server computes on, which weights it has
//! loaded, and what its cache holds.

use super::plan::Plan;
use crate::cost::{Device, Expected, Guess, History, Loop, Model, Run, Standing, Work, drivers, loops, means};
use crate::event::{self, Event};
use crate::names::NodeKind;
use crate::progress::{Course, Leg};
use crate::time::{Now, Timestamp};
use std::collections::{BTreeMap, HashSet};

/// Files of weights that are remembered as loaded.
const MAX_LOADED: usize = 1_000;
/// How sure the time of a loop is that is made up of its rounds (standard deviation of the logarithm).
const LOOP_SIGMA: f64 = 0.4;

#[derive(Debug, Default)]
pub(super) struct Costs {
    pub history: History,
    standings: BTreeMap<String, Standing>,
    device: Device,
    /// Files of weights that this server has loaded since we know it.
    loaded: HashSet<String>,
    /// What the server's cache holds: the nodes of the job that ran last, by signature (`ComfyUI`
    /// `comfy_execution/caching.py`: by default the cache keeps what the newest prompt has).
    kept: HashSet<u64>,
}

/// A job's course, and what stands behind its legs, in the order of the plan.
#[derive(Debug)]
pub(super) struct Charted {
    pub course: Course,
    pub works: Vec<Work>,
    pub expected: Vec<Option<Expected>>,
}

impl Costs {
    pub fn new(history: History) -> Costs {
        Costs { history, ..Costs::default() }
    }

    pub fn connected(&mut self, devices: &[event::Device], wall: Timestamp) {
        let cpu = devices.iter().any(|device| device.r#type.as_deref() == Some("cpu"));
        self.device = if cpu { Device::Cpu } else { Device::Gpu };
        let classes: Vec<String> = self.history.classes().map(str::to_owned).collect();
        for class in classes {
            self.stand(&class, wall);
        }
    }

    /// The server has started anew: nothing is loaded, nothing is cached.
    pub fn restarted(&mut self) {
        self.loaded.clear();
        self.kept.clear();
    }

    /// The nodes of a plan that the cache will serve, when it runs after what ran last, or after a job whose nodes have
    /// these signatures.
    pub fn will_be_cached(&self, plan: &Plan, after: Option<&HashSet<u64>>) -> HashSet<String> {
        let kept = after.unwrap_or(&self.kept);
        let cached = plan.nodes.iter().zip(&plan.signatures).filter(|(_, signature)| kept.contains(signature));
        cached.map(|(node, _)| node.node_id.clone()).collect()
    }

    /// The course of a job with this plan, of which these nodes come from the cache.
    pub fn chart(&self, plan: &Plan, cached: &HashSet<String>, wall: Timestamp, started: u64) -> Charted {
        let model = self.model(wall);
        let graph: Vec<_> = plan.graph.iter().collect();
        let mut works = Vec::with_capacity(plan.nodes.len());
        let mut legs = Vec::with_capacity(plan.nodes.len());
        let all = drivers(&graph, cached, &|file| self.loaded.contains(file), &|id| plan.items.get(id).copied());
        for (place, (node, drivers)) in plan.nodes.iter().zip(all).enumerate() {
            let work =
                Work { class_type: node.class_type.clone(), kind: node.kind, drivers, load_ms: None, rounds: None };
            let guess = model.guess(&work);
            let rounds = model.rounds(&work).unwrap_or(plan.items.get(&node.node_id).copied().unwrap_or(1.0));
            let idle = cached.contains(&node.node_id) || !plan.is_needed(&node.node_id);
            let loads = work.drivers.cold && work.kind == NodeKind::Sampler;
            legs.push(Leg {
                guess,
                load_ms: if loads { model.load_ms(&work).min(guess.median() * 0.8) } else { 0.0 },
                steps: work.drivers.steps.filter(|_| work.kind == NodeKind::Sampler),
                rounds,
                sources: plan.sources(place),
                means: means(node.kind),
                idle,
            });
            works.push(work);
        }
        for Loop { close, again, body } in loops(&graph) {
            // Where it ran before, that says more than its body does.
            if self.history.of_class(&works[close].class_type).next().is_none() && !body.is_empty() {
                let round: f64 = body.iter().map(|at| legs[*at].guess.median()).sum();
                legs[close].guess = Guess::of_ms(round * again, LOOP_SIGMA);
                legs[close].rounds = again.max(1.0);
            }
        }
        let expected = legs.iter().map(|leg| {
            let ms = |part: f64| leg.guess.quantile(part).min(1e12) as u64;
            (!leg.idle).then(|| Expected { ms: ms(0.5), low_ms: ms(0.1), high_ms: ms(0.9) })
        });
        let expected = expected.collect();
        Charted { course: Course::new(legs, started), works, expected }
    }

    /// What is expected of a node now.
    pub fn guess(&self, work: &Work, wall: Timestamp) -> Guess {
        self.model(wall).guess(work)
    }

    fn model(&self, now: Timestamp) -> Model<'_> {
        Model { history: &self.history, standings: &self.standings, device: self.device, now }
    }

    fn stand(&mut self, class_type: &str, now: Timestamp) {
        match Model::standing(&self.history, class_type, self.device, now) {
            Some(standing) => self.standings.insert(class_type.to_owned(), standing),
            None => self.standings.remove(class_type),
        };
    }

    /// What a job has just told: history is made of it. True if there was something to learn.
    pub fn learn(&mut self, now: Now, event: &Event) -> bool {
        let Some((work, run)) = Run::of(event) else { return false };
        self.history.learn(work, run);
        self.stand(&work.class_type, now.wall);
        if let (NodeKind::Loader, Some(model)) = (work.kind, &work.drivers.model)
            && self.loaded.len() < MAX_LOADED
        {
            self.loaded.insert(model.clone());
        }
        true
    }

    /// A job has run: its nodes are what the cache holds now.
    pub fn ran(&mut self, plan: &Plan) {
        self.kept = plan.signatures.iter().copied().collect();
    }
}
