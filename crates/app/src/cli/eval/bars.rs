//! Simple bars of others, to compare with.

use super::session::{Session, What};
use monitor_core::comfy::message::{self, Message};
use monitor_core::names::{self, NodeKind};
use serde_json::Value;
use std::collections::HashSet;

/// From this second on, this share of 1.
pub(super) type Line = Vec<(f64, f64)>;

/// What others would have shown of one job.
#[derive(Debug, Default)]
pub(super) struct Bars {
    /// `ComfyUI`'s own page: nodes flagged by `executed` or `execution_cached`, of all nodes.
    pub page: Line,
    /// Of krita-ai-diffusion (`comfy_client.py`, `Progress`): 0.2 times nodes begun or cached, of one more than there
    /// are, and 0.8 times `progress` messages, of all steps of the samplers.
    pub krita: Line,
    /// The steps of the running node: full, then empty again with the next.
    pub steps: Line,
    /// Nodes that are done or cached, of all nodes.
    pub nodes: Line,
}

/// Whether a graph samples, which is what bars that count steps were made for.
pub(super) fn samples(session: &Session, graph: &Value) -> bool {
    nodes(graph).any(|node| is_sampler(session, node))
}

fn nodes(graph: &Value) -> impl Iterator<Item = &Value> {
    graph.as_object().into_iter().flat_map(|nodes| nodes.values())
}

fn is_sampler(session: &Session, node: &Value) -> bool {
    let class_type = node["class_type"].as_str().unwrap_or_default();
    let category = session.classes.get(class_type).and_then(|class| class.category.as_deref());
    names::kind(class_type, category) == NodeKind::Sampler
}

/// The steps of all samplers; of those without an input for it the schedulers' in the same graph.
fn all_steps(session: &Session, graph: &Value) -> f64 {
    let steps = |node: &Value| node["inputs"]["steps"].as_f64();
    let own: f64 = nodes(graph).filter(|node| is_sampler(session, node)).filter_map(steps).sum();
    if own > 0.0 || !samples(session, graph) { own } else { nodes(graph).filter_map(steps).sum() }
}

pub(super) fn bars(session: &Session, at: usize) -> Bars {
    let job = &session.jobs[at];
    let total = job.graph.as_object().map_or(1, serde_json::Map::len).max(1) as f64;
    let all_steps = all_steps(session, &job.graph);
    let in_graph = |id: &String| job.graph.get(id).is_some();
    let mut bars = Bars::default();
    let mut flagged: HashSet<String> = HashSet::new();
    let mut done: HashSet<String> = HashSet::new();
    let mut running: Option<String> = None;
    let (mut begun, mut sampled, mut newest) = (0.0, 0.0, 0.0);
    let window = job.start.unwrap_or(0.0)..=job.end.unwrap_or(f64::MAX);
    for step in session.steps.iter().filter(|step| window.contains(&step.t)) {
        let What::Text(text) = &step.what else { continue };
        let message = message::parse(text).message;
        if message.prompt_id() != Some(&job.prompt_id) {
            continue;
        }
        match message {
            Message::ExecutionCached(cached) => {
                begun += cached.nodes.len() as f64;
                flagged.extend(cached.nodes.iter().cloned());
                done.extend(cached.nodes);
            }
            Message::Executing(executing) => {
                let Some(node) = executing.node else { continue };
                begun += 1.0;
                done.extend(running.replace(node));
                newest = 0.0;
            }
            Message::Executed(executed) => {
                flagged.insert(executed.node);
            }
            Message::Progress(progress) => {
                sampled += 1.0;
                if let (Some(value), Some(max)) = (progress.value, progress.max)
                    && max > 0.0
                {
                    newest = (value / max).clamp(0.0, 1.0);
                }
            }
            _ => continue,
        }
        let of_all = |ids: &HashSet<String>| ids.iter().filter(|id| in_graph(id)).count() as f64 / total;
        let steps_part = (sampled / all_steps.max(1.0)).min(1.0);
        let add = |line: &mut Line, share: f64| line.push((step.t, share));
        add(&mut bars.page, of_all(&flagged));
        add(&mut bars.krita, (0.2 * begun / (total + 1.0) + 0.8 * steps_part).min(1.0));
        add(&mut bars.steps, newest);
        add(&mut bars.nodes, of_all(&done));
    }
    bars
}
