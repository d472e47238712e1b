//! Facts about node classes, asked class by class: while the server makes the whole `/object_info` no message leaves
//! it.

use crate::comfy::Comfy;
use futures::{StreamExt, stream};
use monitor_core::comfy::rest::QueueItem;
use monitor_core::tracker::{Class, Snapshot};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Asked for at once; the rest comes with the next graph.
const MAX_AT_ONCE: usize = 512;
/// No server has more classes, and no more prompts are remembered as looked through.
const MAX_KNOWN: usize = 20_000;
const IN_PARALLEL: usize = 4;
const MAX_NAME: usize = 256;

/// Which classes have been asked for since the server started.
#[derive(Debug, Default)]
pub(super) struct Classes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    classes: HashSet<String>,
    prompts: HashSet<String>,
}

impl Classes {
    /// The server may be another one now: with other extensions, other names.
    pub(super) fn forget(&self) {
        *self.known() = Known::default();
    }

    /// What is not yet known of the classes of these jobs. What does not come within `patience` is asked for again
    /// another time.
    pub(super) async fn of_snapshot(
        &self,
        comfy: &dyn Comfy,
        snapshot: &Snapshot,
        patience: Duration,
    ) -> Vec<(String, Class)> {
        let ended = snapshot.history.iter().filter_map(|entry| entry.job.as_ref());
        let jobs: Vec<&QueueItem> = snapshot.running.iter().chain(&snapshot.pending).chain(ended).collect();
        let new: Vec<&QueueItem> = {
            let known = self.known();
            jobs.into_iter().filter(|job| !known.prompts.contains(&job.prompt_id)).collect()
        };
        let mut names = Vec::new();
        for job in &new {
            names.extend(serde_json::from_str(job.graph.json()).map(|graph| class_names(&graph)).unwrap_or_default());
        }
        let (classes, all) = self.fetch(comfy, names, patience).await;
        if all {
            let mut known = self.known();
            if known.prompts.len() + new.len() > MAX_KNOWN {
                known.prompts.clear();
            }
            known.prompts.extend(new.into_iter().map(|job| job.prompt_id.clone()));
        }
        classes
    }

    /// The same for a graph that is about to be sent.
    pub(super) async fn of_graph(&self, comfy: &dyn Comfy, graph: &Value, patience: Duration) -> Vec<(String, Class)> {
        self.fetch(comfy, class_names(graph), patience).await.0
    }

    async fn fetch(&self, comfy: &dyn Comfy, names: Vec<String>, patience: Duration) -> (Vec<(String, Class)>, bool) {
        let unknown: HashSet<String> = {
            let known = self.known();
            let new = names.into_iter().filter(|name| !known.classes.contains(name));
            new.take(MAX_AT_ONCE).collect()
        };
        let mut left = unknown.len();
        let mut classes = Vec::new();
        let ask = |name: String| async move {
            let answer = comfy.class_info(&name).await;
            (name, answer)
        };
        let mut answers = stream::iter(unknown).map(ask).buffer_unordered(IN_PARALLEL);
        let deadline = tokio::time::Instant::now() + patience;
        while let Ok(Some((name, answer))) = tokio::time::timeout_at(deadline, answers.next()).await {
            let Ok(answer) = answer else { continue };
            left -= 1;
            let mut known = self.known();
            if known.classes.len() < MAX_KNOWN {
                known.classes.insert(name.clone());
            }
            drop(known);
            classes.extend(answer.map(|info| (name, Class::from(&info))));
        }
        (classes, left == 0)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn class_names(graph: &Value) -> Vec<String> {
    let nodes = graph.as_object().into_iter().flat_map(|nodes| nodes.values());
    let names = nodes.filter_map(|node| node.get("class_type")?.as_str());
    names.filter(|name| name.len() <= MAX_NAME).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::Stage;
    use super::*;
    use serde_json::json;

    fn graph(classes: &[&str]) -> Value {
        let node = |(id, class): (usize, &&str)| (id.to_string(), json!({"class_type": class, "inputs": {}}));
        Value::Object(classes.iter().enumerate().map(node).collect())
    }

    #[tokio::test]
    async fn each_class_is_asked_for_once_until_the_server_may_have_changed() {
        let (stage, classes, patience) = (Stage::default(), Classes::default(), Duration::from_secs(5));
        let found = classes.of_graph(&stage, &graph(&["A", "B", "A", "Unknown"]), patience).await;
        assert_eq!(found.len(), 2);
        assert!(classes.of_graph(&stage, &graph(&["B", "A", "Unknown"]), patience).await.is_empty());
        assert_eq!(stage.asked().len(), 3);
        classes.forget();
        assert_eq!(classes.of_graph(&stage, &graph(&["A"]), patience).await.len(), 1);
    }

    #[tokio::test]
    async fn what_is_no_graph_has_no_classes() {
        let (stage, classes) = (Stage::default(), Classes::default());
        let long = "x".repeat(MAX_NAME + 1);
        for odd in [Value::Null, json!([1]), json!({"1": 2}), json!({"1": {"class_type": 3}}), graph(&[&long])] {
            assert!(classes.of_graph(&stage, &odd, Duration::from_secs(5)).await.is_empty());
        }
        assert!(stage.asked().is_empty());
    }
}
