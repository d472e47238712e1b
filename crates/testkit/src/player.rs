//! Jobs that begin by themselves: a tape played through, or an endless varied programme.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::files;
use crate::graph::Graph;
use crate::script::Script;
use crate::server::Source;
use crate::tape::Tape;

/// Whose jobs they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// Those of the clients on the tape: everybody connected sees other people's jobs.
    Recorded,
    /// Those of the tape's first client become this one's, connected or not; other clients' jobs stay theirs.
    Client(String),
    /// The same for whoever connected last, at the time of each job.
    Connected,
}

/// One job to come.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// How long after the one before.
    pub after: Duration,
    /// Begins only when nothing runs or waits.
    pub waits: bool,
    /// A job of the client that the addressee stands for.
    leads: bool,
    body: Map<String, Value>,
    pub source: Source,
}

impl Act {
    /// The body as posted in this round: in every round but the first with other seeds.
    pub(crate) fn body(&self, round: u64, client: Option<&str>) -> Map<String, Value> {
        let mut body = self.body.clone();
        if let Some(client) = client.filter(|_| self.leads) {
            body.insert("client_id".into(), json!(client));
        }
        let nodes =
            body.get_mut("prompt").and_then(Value::as_object_mut).into_iter().flat_map(|graph| graph.values_mut());
        for input in nodes.filter(|_| round > 0).filter_map(|node| node.get_mut("inputs")?.as_object_mut()) {
            for (name, value) in input.iter_mut().filter(|(name, value)| name.contains("seed") && value.is_u64()) {
                *value = json!(files::seed(&format!("{name} {value} {round}")) >> 12);
            }
        }
        body
    }
}

/// Jobs that follow each other.
#[derive(Debug, Clone)]
pub struct Programme {
    pub(crate) acts: Vec<Act>,
    pub(crate) to: Addressee,
    pub(crate) looping: bool,
}

impl Default for Programme {
    fn default() -> Self {
        Self { acts: Vec::new(), to: Addressee::Recorded, looping: false }
    }
}

impl Programme {
    pub fn new() -> Self {
        Self::default()
    }

    /// The jobs of a tape, each as long after the one before as it was recorded.
    #[must_use]
    pub fn tape(mut self, tape: &Tape) -> Self {
        let mut before = tape.jobs.first().map_or(Duration::ZERO, |job| job.at);
        for job in &tape.jobs {
            let source = Source::Tape(Arc::new(job.clone()));
            let after = job.at.saturating_sub(before);
            self.acts.push(Act {
                after,
                waits: false,
                leads: job.client_id.is_some() && job.client_id.as_deref() == tape.lead(),
                body: job.body.clone(),
                source,
            });
            before = job.at;
        }
        self
    }

    /// The first job of a tape, this long after all before it is done.
    #[must_use]
    pub fn job_of(mut self, tape: &Tape, pause: Duration) -> Self {
        if let Some(job) = tape.jobs.first() {
            let source = Source::Tape(Arc::new(job.clone()));
            self.acts.push(Act { after: pause, waits: true, leads: true, body: job.body.clone(), source });
        }
        self
    }

    /// A graph and what it does, this long after all before it is done.
    #[must_use]
    pub fn scripted(mut self, graph: Graph, script: Script, pause: Duration) -> Self {
        let mut body = Map::new();
        body.insert("prompt".into(), graph.into());
        body.insert("client_id".into(), json!("another-client"));
        self.acts.push(Act { after: pause, waits: true, leads: true, body, source: Source::Script(Arc::new(script)) });
        self
    }

    #[must_use]
    pub fn addressed_to(mut self, to: Addressee) -> Self {
        self.to = to;
        self
    }

    /// Begins again at its end, for ever.
    #[must_use]
    pub fn looping(mut self) -> Self {
        self.looping = true;
        self
    }
}
