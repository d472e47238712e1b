//! From a graph and a script to a play, on a clock of its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::classes::{self, Namer, Usual};
use super::stage::{Actor, Stage};
use super::{Failure, NodeScript, Script};
use crate::graph::{self, Graph};
use crate::play::{Action, Ending, Play};

/// Results known from earlier jobs: what a node depends on, and its UI output (null without one).
pub(crate) type Cache = HashMap<u64, Value>;

/// The play of this graph, run for these output nodes.
pub(crate) fn perform(
    script: &Script,
    prompt_id: &str,
    graph: &Graph,
    targets: &[String],
    namer: &mut Namer,
    cache: &mut Cache,
) -> Play {
    let order = graph::order(graph, targets);
    let signatures = if script.caching { graph::signatures(graph, &order) } else { HashMap::new() };
    let mut performer = Performer {
        script,
        graph,
        targets,
        namer,
        stage: Stage::new(prompt_id),
        beats: BTreeMap::new(),
        count: 0,
        done: HashSet::new(),
        executed: Vec::new(),
        muted: HashSet::new(),
        shown: HashMap::new(),
    };
    let known = |id: &str| signatures.get(id).and_then(|signature| cache.get(signature)).cloned();
    let cached: HashMap<String, Value> = graph
        .keys()
        .filter_map(|id| {
            let rule = performer.rule(id);
            let class = graph::class(graph, id);
            let forced = rule.cached.then(|| performer.output(id, &class, &rule).unwrap_or_default());
            Some((id.clone(), known(id).or(forced)?))
        })
        .collect();
    let ending = match performer.run(order, &cached) {
        ControlFlow::Break(ending) => ending,
        ControlFlow::Continue(()) => Ending::Success,
    };
    for (id, signature) in &signatures {
        if performer.executed.contains(id) {
            cache.insert(*signature, performer.shown.remove(id).unwrap_or_default());
        }
    }
    Play {
        prompt_id: prompt_id.to_owned(),
        cached: graph.keys().filter(|id| cached.contains_key(*id)).cloned().collect(),
        cached_at: Duration::ZERO,
        ends_at: performer.stage.now,
        steps: performer.stage.steps,
        ending,
        history: None,
    }
}

/// What a running node does at one moment.
enum Beat {
    Bar { value: u32, preview: bool },
    Hold,
    Fail(Failure),
    Finish,
}

struct Run {
    actor: Actor,
    rule: NodeScript,
    /// The length of the bar, 0 without one.
    steps: u32,
}

/// A bar's message is sent only if this much time and this share of it have passed since the last; the first and the
/// last are sent always (0.9.2+).
#[derive(Default)]
struct Throttle {
    last: Option<(Duration, u32)>,
}

impl Throttle {
    const PAUSE: Duration = Duration::from_millis(100);
    const SHARE: f64 = 0.005;

    fn lets_pass(&self, at: Duration, value: u32, max: u32) -> bool {
        let apart = self.last.is_none_or(|(then, sent)| {
            at.saturating_sub(then) >= Self::PAUSE && f64::from(value.abs_diff(sent)) >= f64::from(max) * Self::SHARE
        });
        apart || value == 1 || value == max
    }

    fn sent(&mut self, at: Duration, value: u32) {
        self.last = Some((at, value));
    }
}

struct Performer<'a> {
    script: &'a Script,
    graph: &'a Graph,
    targets: &'a [String],
    namer: &'a mut Namer,
    stage: Stage,
    /// What running nodes will do, by time and order of entry.
    beats: BTreeMap<(Duration, u64), (Arc<Run>, Beat)>,
    count: u64,
    done: HashSet<String>,
    executed: Vec<String>,
    /// Nodes behind a blocked one: they start and end without a word.
    muted: HashSet<String>,
    shown: HashMap<String, Value>,
}

impl Performer<'_> {
    fn rule(&self, id: &str) -> NodeScript {
        self.script.rule(id, &graph::class(self.graph, id))
    }

    fn output(&mut self, id: &str, class: &str, rule: &NodeScript) -> Option<Value> {
        rule.output.clone().or_else(|| classes::output(self.graph, id, class, self.namer))
    }

    fn run(&mut self, mut waiting: Vec<String>, cached: &HashMap<String, Value>) -> ControlFlow<Ending> {
        // A cached node's own inputs are not needed, unless another node uses them.
        let needed = self.needed(cached);
        waiting.retain(|id| needed.contains(id));
        while !waiting.is_empty() || !self.beats.is_empty() {
            let ready = waiting.iter().position(|id| cached.contains_key(id) || self.ready(id));
            let Some(ready) = ready else {
                if self.beats.is_empty() {
                    return ControlFlow::Continue(());
                }
                self.drive(None)?;
                continue;
            };
            let id = waiting.remove(ready);
            let actor = Actor::of_graph(&id, graph::class(self.graph, &id));
            if let Some(output) = cached.get(&id) {
                self.done.insert(id.clone());
                if self.targets.contains(&id) {
                    self.stage.cached(&actor, output);
                }
                continue;
            }
            let rule = self.rule(&id);
            let parallel = rule.parallel;
            self.start(actor, rule)?;
            if !parallel {
                self.drive(Some(&id))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn needed(&self, cached: &HashMap<String, Value>) -> HashSet<String> {
        let mut needed = HashSet::new();
        let mut stack: Vec<String> = self.targets.to_vec();
        while let Some(id) = stack.pop() {
            if needed.insert(id.clone()) && !cached.contains_key(&id) {
                stack.extend(graph::parents(self.graph, &id).map(str::to_owned));
            }
        }
        needed
    }

    fn ready(&self, id: &str) -> bool {
        // A link into nowhere, or back to a node that waits itself, was let through by whoever asked for no validation.
        graph::parents(self.graph, id).all(|parent| self.done.contains(parent) || !self.graph.contains_key(parent))
    }

    fn start(&mut self, actor: Actor, rule: NodeScript) -> ControlFlow<Ending> {
        if let Some(down) = rule.kills {
            self.stage.act(Action::Kill { down });
            return ControlFlow::Break(Ending::Lost);
        }
        self.stage.start(&actor);
        if let Some(text) = &rule.says {
            self.stage.say(&actor, text);
        }
        for child in &rule.children {
            let id = format!("{}.0.0.{}", actor.id, child.name);
            let child_actor = Actor {
                id: id.clone(),
                class: child.class.clone(),
                display: child.display.clone().unwrap_or_else(|| actor.display.clone()),
                parent: Some(actor.id.clone()),
                real: actor.real.clone(),
            };
            self.start(child_actor, child.rule.clone())?;
            self.drive(Some(&id))?;
        }
        self.schedule(actor, rule);
        ControlFlow::Continue(())
    }

    fn schedule(&mut self, actor: Actor, rule: NodeScript) {
        let Usual { lasts, steps, previews } = classes::usual(self.graph, &actor.id, &actor.class);
        let lasts = rule.lasts.unwrap_or_else(|| lasts.mul_f64(self.script.pace.unwrap_or(1.0)));
        let steps = rule.steps.unwrap_or(steps);
        let rounds = rule.rounds.unwrap_or(1).max(1);
        let failure = rule.fails.clone().filter(Failure::strikes);
        let run = Arc::new(Run { actor, rule, steps });
        let pause = lasts / steps.saturating_mul(rounds).max(1);
        let began = self.stage.now;
        // What happens at a step besides its bar; a node without a bar holds at its start and fails at its end.
        self.special(&run, began, 0, failure.as_ref().filter(|_| steps > 0));
        let mut throttle = Throttle::default();
        for round in 0..rounds {
            for value in 1..=steps {
                let at = began + pause * (round * steps + value);
                let preview = previews && self.script.previews;
                if throttle.lets_pass(at, value, steps) || preview {
                    throttle.sent(at, value);
                    self.beat(at, &run, Beat::Bar { value, preview });
                }
                if round == 0 {
                    self.special(&run, at, value, failure.as_ref());
                }
            }
        }
        if let Some(failure) = failure.filter(|_| steps == 0) {
            self.beat(began + lasts, &run, Beat::Fail(failure));
        }
        self.beat(began + lasts, &run, Beat::Finish);
    }

    fn special(&mut self, run: &Arc<Run>, at: Duration, step: u32, failure: Option<&Failure>) {
        if run.rule.hold == Some(step) {
            self.beat(at, run, Beat::Hold);
        }
        if let Some(failure) = failure.filter(|failure| failure.step.min(run.steps) == step) {
            self.beat(at, run, Beat::Fail(failure.clone()));
        }
    }

    fn beat(&mut self, at: Duration, run: &Arc<Run>, beat: Beat) {
        self.count += 1;
        self.beats.insert((at, self.count), (Arc::clone(run), beat));
    }

    /// Lets time pass until `node` has finished, or until any node has.
    fn drive(&mut self, node: Option<&str>) -> ControlFlow<Ending> {
        while let Some(((at, _), (run, beat))) = self.beats.pop_first() {
            self.stage.now = self.stage.now.max(at);
            self.stage.deaf = run.rule.deaf && node.is_some_and(|id| id == run.actor.id);
            match beat {
                Beat::Bar { value, preview } => {
                    self.stage.bar(&run.actor, value, run.steps, preview);
                }
                Beat::Hold => self.stage.act(Action::Hold),
                Beat::Fail(failure) => {
                    return ControlFlow::Break(Ending::Error(self.error(&run.actor, &failure)));
                }
                Beat::Finish => {
                    self.finish(&run);
                    if node.is_none_or(|id| id == run.actor.id) {
                        break;
                    }
                }
            }
        }
        self.stage.deaf = false;
        ControlFlow::Continue(())
    }

    fn finish(&mut self, Run { actor, rule, steps }: &Run) {
        let behind = graph::parents(self.graph, &actor.id).any(|parent| self.muted.contains(parent));
        let output = if behind || rule.blocked.is_some() { None } else { self.output(&actor.id, &actor.class, rule) };
        if let Some(message) = &rule.blocked {
            self.stage.blocked(actor, &self.executed, message);
        }
        if behind || rule.blocked.is_some() {
            self.muted.insert(actor.id.clone());
        }
        self.stage.finish(actor, (*steps > 0).then_some(*steps), output.as_ref());
        self.shown.extend(output.map(|output| (actor.id.clone(), output)));
        self.executed.push(actor.id.clone());
        self.done.insert(actor.id.clone());
    }

    fn error(&self, actor: &Actor, failure: &Failure) -> Value {
        let inputs: Map<String, Value> = self
            .graph
            .get(&actor.real)
            .and_then(|node| node["inputs"].as_object())
            .into_iter()
            .flatten()
            .filter(|(_, value)| graph::link(value).is_none())
            .map(|(name, value)| (name.clone(), json!([value])))
            .collect();
        let class = graph::class(self.graph, &actor.real);
        let traceback = [
            "  File \"/comfyui/execution.py\", line 545, in execute\n    output_data, output_ui, has_subgraph, has_pending_tasks = await get_output_data(prompt_id, unique_id, obj, input_data_all)\n".to_owned(),
            format!("  File \"/comfyui/nodes.py\", line 1, in {class}\n"),
        ];
        json!({"prompt_id": self.stage.prompt_id, "node_id": actor.real, "node_type": class, "executed": self.executed,
               "exception_message": failure.message, "exception_type": failure.exception, "traceback": traceback,
               "current_inputs": inputs, "current_outputs": self.executed})
    }
}
