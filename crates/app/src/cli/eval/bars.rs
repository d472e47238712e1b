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

#[cfg(test)]
mod tests {
    use super::super::made::{Made, sampling};
    use super::*;
    use serde_json::json;

    /// In thousandths.
    fn at(line: &Line, t: f64) -> u32 {
        (line.iter().rfind(|(when, _)| *when <= t).unwrap().1 * 1_000.0).round() as u32
    }

    #[test]
    fn each_bar_counts_what_its_own_program_counts() {
        let mut made = Made::new();
        made.begin(1.0, "p", &sampling(), &["1", "2"]).node(2.0, "p", "3");
        made.progress(3.0, "p", "3", 1, 4).progress(4.0, "p", "3", 2, 4).node(5.0, "p", "4").executed(6.0, "p", "4");
        let bars = bars(&made.end(7.0, "p").session(), 0);
        let shown = [1.0, 2.0, 4.0, 5.0, 6.0]
            .map(|t| [&bars.page, &bars.krita, &bars.steps, &bars.nodes].map(|line| at(line, t)));
        let node = 200 / 5;
        assert_eq!(shown[0], [500, 2 * node, 0, 500], "two nodes were cached");
        assert_eq!(shown[1], [500, 3 * node, 0, 500], "the sampler began");
        assert_eq!(shown[2], [500, 3 * node + 400, 500, 500], "half of its steps are done");
        assert_eq!(shown[3], [500, 4 * node + 400, 0, 750], "the saver began");
        assert_eq!(shown[4], [750, 4 * node + 400, 0, 750], "and told of its output");
    }

    #[test]
    fn steps_of_a_sampler_without_them_are_those_of_its_scheduler() {
        let mut made = Made::new();
        let graph = json!({
            "1": {"class_type": "BasicScheduler", "inputs": {"steps": 20, "scheduler": "normal"}},
            "2": {"class_type": "SamplerCustomAdvanced", "inputs": {"sigmas": ["1", 0]}},
        });
        made.begin(0.0, "p", &graph, &[]).end(1.0, "p");
        let session = made.session();
        assert!(samples(&session, &graph));
        assert!((all_steps(&session, &graph) - 20.0).abs() < 1e-9);
        assert!((all_steps(&session, &sampling()) - 4.0).abs() < 1e-9);
    }
}
