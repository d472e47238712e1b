//! What a submitted graph is answered with: a recorded job that is the same, or one made from the graph.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::graph::{self, Graph};
use crate::script::Script;
use crate::tape::{Refusal, Tape, TapeJob};

/// Where the messages of a job come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Tape(Arc<TapeJob>),
    Script(Arc<Script>),
}

pub(crate) struct Repertoire {
    jobs: Vec<(Arc<TapeJob>, AtomicU64)>,
    refusals: Vec<Refusal>,
    script: Arc<Script>,
}

impl Repertoire {
    pub(crate) fn new(tapes: &[Arc<Tape>], script: Script) -> Self {
        let jobs = tapes.iter().flat_map(|tape| &tape.jobs).filter(|job| job.play.is_some());
        Self {
            jobs: jobs.map(|job| (Arc::new(job.clone()), AtomicU64::new(0))).collect(),
            refusals: tapes.iter().flat_map(|tape| tape.refusals.clone()).collect(),
            script: Arc::new(script),
        }
    }

    /// The recorded answer to a body that `ComfyUI` refused, client and prompt id apart.
    pub(crate) fn refusal(&self, body: &Value) -> Option<&Refusal> {
        let asked = |body: &Value| {
            (body["prompt"].clone(), body["partial_execution_targets"].clone(), body["prompt_id"].clone())
        };
        let wanted = asked(body);
        self.refusals.iter().find(|refusal| {
            let (graph, targets, prompt_id) = asked(&refusal.request);
            // A prompt id matters only where it was the reason.
            let same_id = refusal.answer["error"]["type"] != "invalid_prompt_id" || prompt_id == wanted.2;
            graph == wanted.0 && targets == wanted.1 && same_id
        })
    }

    /// The recorded job whose graph is closest, if its nodes and links are the same; of equals the one played least, so
    /// that the runs of one graph follow each other as recorded.
    pub(crate) fn choose(&self, graph: &Graph, targets: Option<&Value>) -> Source {
        let alike = self.jobs.iter().filter(|(job, _)| job.body.get("partial_execution_targets") == targets);
        let rated = alike.filter_map(|entry| Some((graph::likeness(graph, entry.0.graph()?)?, entry)));
        let best = rated.max_by(|(likeness, (_, played)), (other, (_, more))| {
            let fewer = more.load(Ordering::Relaxed).cmp(&played.load(Ordering::Relaxed));
            // `max_by` takes the last of equals; the first recorded comes first.
            likeness.cmp(other).then(fewer).then(std::cmp::Ordering::Greater)
        });
        match best {
            Some((_, (job, played))) => {
                played.fetch_add(1, Ordering::Relaxed);
                Source::Tape(Arc::clone(job))
            }
            None => Source::Script(Arc::clone(&self.script)),
        }
    }
}
