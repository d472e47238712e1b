//! What `run` knows of its job: a fold of the frames.

use crate::client::frames::{Body, Frame, RunningNode};
use monitor_core::event::{Eta, NodeState};
use monitor_core::generation::{Generation, Status};
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Job {
    pub(super) message: String,
    pub(super) percentage: f64,
    pub(super) eta: Option<Eta>,
    pub(super) over_ms: Option<u64>,
    pub(super) running: Vec<RunningNode>,
    pub(super) end: Option<Status>,
    sequence: u64,
    /// In line.
    place: Option<u32>,
    stalled: bool,
    /// Human names by node id.
    names: HashMap<String, String>,
}

/// What a reader who sees only lines wants to be told.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    Message(String),
    /// There is no sign of life; told once.
    Stalled(String),
    Started {
        node: String,
        message: String,
    },
    Finished {
        node: String,
        duration_ms: Option<u64>,
        cached: bool,
    },
    Ended(String),
}

impl Job {
    /// Takes a frame in, and says what is new. Frames that are older than what is known change nothing.
    pub(super) fn apply(&mut self, frame: &Frame) -> Vec<News> {
        if let Some(sequence) = frame.header.sequence {
            if sequence < self.sequence {
                return Vec::new();
            }
            self.sequence = sequence;
        }
        match &frame.body {
            Body::Snapshot { generation: Some(generation), .. } => self.restart(generation),
            Body::JobQueued(place) | Body::QueueUpdate(place) => self.wait(place.queue_position, &place.message),
            Body::JobProgress { nodes, overall_percentage, eta, over_ms, critical_node_id, message } => {
                self.percentage = *overall_percentage;
                (self.eta, self.over_ms) = (*eta, *over_ms);
                let mut news = self.run(nodes, critical_node_id.as_deref());
                news.extend(self.stall(message.as_deref()));
                news
            }
            Body::NodeExecuted { display_node_id, duration_ms, cached } => {
                let node =
                    self.names.get(display_node_id).cloned().unwrap_or_else(|| format!("node {display_node_id}"));
                vec![News::Finished { node, duration_ms: *duration_ms, cached: *cached }]
            }
            Body::JobRetry { message } => {
                self.percentage = 0.0;
                (self.eta, self.over_ms, self.place, self.stalled) = (None, None, None, false);
                self.running.clear();
                self.say(message)
            }
            Body::Completed { message } => self.finish(Status::Completed, message),
            Body::JobFailed { message, .. } => self.finish(Status::Failed, message),
            Body::JobInterrupted { message } => self.finish(Status::Interrupted, message),
            _ => Vec::new(),
        }
    }

    /// What the terminal itself has to say, such as that `ComfyUI` is away.
    pub(super) fn say(&mut self, message: &str) -> Vec<News> {
        if message.is_empty() || self.message == message {
            return Vec::new();
        }
        message.clone_into(&mut self.message);
        vec![News::Message(message.to_owned())]
    }

    /// A wait that grows shorter is nothing to be told of by itself; a place that changes is.
    fn wait(&mut self, place: Option<u32>, message: &str) -> Vec<News> {
        if place.is_some() && place == self.place {
            message.clone_into(&mut self.message);
            return Vec::new();
        }
        self.place = place;
        self.say(message)
    }

    /// `message`: that there is no sign of life, and for how long.
    fn stall(&mut self, message: Option<&str>) -> Option<News> {
        let begins = !self.stalled;
        self.stalled = message.is_some();
        let message = message?;
        message.clone_into(&mut self.message);
        begins.then(|| News::Stalled(message.to_owned()))
    }

    fn restart(&mut self, generation: &Generation) -> Vec<News> {
        self.sequence = generation.sequence;
        self.percentage = generation.overall_percentage;
        (self.eta, self.over_ms) = (generation.eta, generation.over_ms);
        self.names = generation.nodes.iter().map(|node| (node.node_id.clone(), node.title.clone())).collect();
        let running = generation.nodes.iter().filter(|node| node.state == NodeState::Running);
        let running: Vec<_> = running
            .map(|node| RunningNode {
                node_id: node.node_id.clone(),
                display_node_id: node.display_node_id.clone(),
                current_node: node.title.clone(),
                value: node.value,
                max: node.max,
                percentage: node.percentage,
                message: String::new(),
                elapsed_ms: node.elapsed_ms.unwrap_or(0),
            })
            .collect();
        let mut news = self.run(&running, generation.critical_node_id.as_deref());
        let message = generation.message.clone().unwrap_or_default();
        if generation.status.is_ended() {
            news.extend(self.finish(generation.status, &message));
        } else if generation.stalled_since.is_some() {
            news.extend(self.stall(Some(&message)));
        } else {
            self.stalled = false;
            news.extend(self.wait(generation.queue_position, &message));
        }
        news
    }

    /// `critical`: of several, the one that decides when the job ends.
    fn run(&mut self, nodes: &[RunningNode], critical: Option<&str>) -> Vec<News> {
        let known = |node: &&RunningNode| self.running.iter().any(|known| known.node_id == node.node_id);
        let started: Vec<_> = nodes.iter().filter(|node| !known(node)).collect();
        let news: Vec<_> = started
            .into_iter()
            .map(|node| News::Started { node: node.current_node.clone(), message: node.message.clone() })
            .collect();
        for node in nodes {
            self.names.insert(node.display_node_id.clone(), node.current_node.clone());
        }
        self.running = nodes.to_vec();
        let critical = nodes.iter().find(|node| critical == Some(node.node_id.as_str()));
        if let Some(node) = critical.or(nodes.first()).filter(|node| !node.message.is_empty()) {
            self.message.clone_from(&node.message);
        }
        news
    }

    fn finish(&mut self, status: Status, message: &str) -> Vec<News> {
        if self.end.is_some() {
            return Vec::new();
        }
        self.end = Some(status);
        self.running.clear();
        if status == Status::Completed {
            self.percentage = 100.0;
        }
        message.clone_into(&mut self.message);
        vec![News::Ended(message.to_owned())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn hear(job: &mut Job, frame: &Value) -> Vec<News> {
        job.apply(&Frame::parse(frame.to_string()).unwrap())
    }

    fn progress(sequence: u64, value: u64) -> Value {
        let node = json!({"nodeId": "3", "displayNodeId": "3", "currentNode": "K-Sampler", "kind": "sampler",
                          "value": value, "max": 20, "nodeState": "running", "elapsedMs": 5,
                          "message": format!("Generating image using K-Sampler: {value}/20 steps")});
        json!({"type": "job_progress", "sequence": sequence, "progressType": "node_progress", "nodes": [node],
               "overallPercentage": value * 5, "elapsedMs": 5})
    }

    #[test]
    fn a_job_is_followed_to_its_end() {
        let mut job = Job::default();
        let queued = json!({"type": "job_queued", "sequence": 1, "queuePosition": 2, "message": "2nd in line"});
        assert_eq!(hear(&mut job, &queued), [News::Message("2nd in line".into())]);
        let message = "Generating image using K-Sampler: 1/20 steps".to_owned();
        assert_eq!(hear(&mut job, &progress(2, 1)), [News::Started { node: "K-Sampler".into(), message }]);
        assert_eq!(hear(&mut job, &progress(3, 2)), []);
        assert_eq!(job.message, "Generating image using K-Sampler: 2/20 steps");
        let executed = json!({"type": "node_executed", "sequence": 4, "nodeId": "3", "displayNodeId": "3",
                              "durationMs": 900, "cached": false});
        let finished = News::Finished { node: "K-Sampler".into(), duration_ms: Some(900), cached: false };
        assert_eq!(hear(&mut job, &executed), [finished]);
        let completed = json!({"type": "completed", "sequence": 5, "outputs": [], "message": "Done"});
        assert_eq!(hear(&mut job, &completed), [News::Ended("Done".into())]);
        assert_eq!((job.end, job.running.len()), (Some(Status::Completed), 0));
        assert_eq!(hear(&mut job, &completed), []);
    }

    #[test]
    fn a_place_in_line_is_news_and_a_wait_that_changes_is_not() {
        let mut job = Job::default();
        let place = |sequence: u64, place: u32, message: &str| json!({"type": "queue_update", "sequence": sequence, "queuePosition": place, "message": message});
        let third = "3rd in line, starts in about 2 min";
        assert_eq!(hear(&mut job, &place(1, 3, third)), [News::Message(third.into())]);
        assert_eq!(hear(&mut job, &place(1, 3, "3rd in line, starts in about 1 min")), []);
        assert_eq!(job.message, "3rd in line, starts in about 1 min");
        let second = "2nd in line, starts in about 40 s";
        assert_eq!(hear(&mut job, &place(1, 2, second)), [News::Message(second.into())]);
    }

    #[test]
    fn a_job_without_a_sign_of_life_is_news_once_and_again_after_one() {
        let mut job = Job::default();
        hear(&mut job, &progress(2, 4));
        let stalled = |message: Option<&str>| {
            let mut frame = progress(2, 4);
            frame["message"] = json!(message);
            frame
        };
        let (one, two) = ("No word from K-Sampler for 1:12", "No word from K-Sampler for 1:13");
        assert_eq!(hear(&mut job, &stalled(Some(one))), [News::Stalled(one.into())]);
        assert_eq!(hear(&mut job, &stalled(Some(two))), []);
        assert_eq!(job.message, two);
        assert_eq!(hear(&mut job, &stalled(None)), []);
        assert_eq!(job.message, "Generating image using K-Sampler: 4/20 steps");
        assert_eq!(hear(&mut job, &stalled(Some(one))), [News::Stalled(one.into())]);
    }

    #[test]
    fn of_several_nodes_the_message_is_that_of_the_one_that_decides() {
        let mut job = Job::default();
        let mut frame = progress(2, 4);
        let mut other = frame["nodes"][0].clone();
        (other["nodeId"], other["message"]) = (json!("7"), json!("Upscaling with Upscale Image"));
        frame["nodes"].as_array_mut().unwrap().push(other);
        frame["criticalNodeId"] = json!("7");
        hear(&mut job, &frame);
        assert_eq!(job.message, "Upscaling with Upscale Image");
    }

    #[test]
    fn what_is_older_than_what_is_known_changes_nothing() {
        let mut job = Job::default();
        hear(&mut job, &progress(7, 10));
        assert_eq!(hear(&mut job, &progress(6, 9)), []);
        assert!((job.percentage - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_snapshot_of_an_ended_job_is_its_end() {
        let mut job = Job::default();
        let generation = json!({
            "queueId": uuid::Uuid::nil(), "promptId": "p", "instanceId": "i", "origin": "submitted", "status": "failed",
            "title": "T", "createdAt": "2026-11-24T16:39:04.974Z", "overallPercentage": 10.0, "nodes": [], "outputs": [],
            "attempts": [], "retryCount": 0, "sequence": 7, "message": "out of memory",
        });
        let snapshot = json!({"type": "snapshot", "queueId": "q", "sequence": 7, "generation": generation});
        assert_eq!(hear(&mut job, &snapshot), [News::Ended("out of memory".into())]);
        assert_eq!(job.end, Some(Status::Failed));
    }

    #[test]
    fn another_attempt_begins_at_zero() {
        let mut job = Job::default();
        hear(&mut job, &progress(2, 10));
        let retry = json!({"type": "job_retry", "sequence": 3, "retryCount": 1, "maxRetries": 3, "retryDelay": 10,
                           "error": {"type": "E", "message": "m"}, "message": "Trying again in 10 s"});
        assert_eq!(hear(&mut job, &retry), [News::Message("Trying again in 10 s".into())]);
        assert_eq!((job.percentage, job.running.len(), job.end), (0.0, 0, None));
    }
}
