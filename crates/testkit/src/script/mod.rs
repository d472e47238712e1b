//! Jobs made to measure: what a graph does when the fake runs it without a tape.
//!
//! A [`Script`] holds rules, by node id or by class; what no rule says is plausible for the class (samplers take their
//! `steps`, loaders their time, `Save*` nodes give files). The same graph and script always give the same messages.

mod classes;
mod perform;
mod stage;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use classes::{Namer, is_output};
pub(crate) use perform::{Cache, perform};

/// Rules for the nodes of any graph.
#[derive(Debug, Clone, Default)]
pub struct Script {
    nodes: HashMap<String, NodeScript>,
    classes: HashMap<String, NodeScript>,
    pub(crate) previews: bool,
    pub(crate) caching: bool,
    pub(crate) pace: Option<f64>,
}

impl Script {
    /// Plausible nodes, previews on, nothing cached from one job to the next.
    pub fn new() -> Self {
        Self { previews: true, ..Self::default() }
    }

    /// What the node with this id does; wins over a rule for its class.
    #[must_use]
    pub fn node(mut self, id: &str, rule: NodeScript) -> Self {
        self.nodes.insert(id.to_owned(), rule);
        self
    }

    /// What every node of this class does.
    #[must_use]
    pub fn class(mut self, class: &str, rule: NodeScript) -> Self {
        self.classes.insert(class.to_owned(), rule);
        self
    }

    #[must_use]
    pub fn previews(mut self, on: bool) -> Self {
        self.previews = on;
        self
    }

    /// Nodes whose result is known from an earlier job are cached, as `ComfyUI` does.
    #[must_use]
    pub fn caching(mut self) -> Self {
        self.caching = true;
        self
    }

    /// All plausible durations times this factor; durations that a rule gives stay.
    #[must_use]
    pub fn pace(mut self, factor: f64) -> Self {
        self.pace = Some(factor);
        self
    }

    pub(crate) fn rule(&self, id: &str, class: &str) -> NodeScript {
        self.nodes.get(id).or_else(|| self.classes.get(class)).cloned().unwrap_or_default()
    }
}

/// What one node does; all that is not said is as usual for its class.
#[derive(Debug, Clone, Default)]
pub struct NodeScript {
    pub(crate) lasts: Option<Duration>,
    pub(crate) steps: Option<u32>,
    pub(crate) rounds: Option<u32>,
    pub(crate) fails: Option<Failure>,
    pub(crate) hold: Option<u32>,
    pub(crate) deaf: bool,
    pub(crate) cached: bool,
    pub(crate) parallel: bool,
    pub(crate) blocked: Option<String>,
    pub(crate) children: Vec<Child>,
    pub(crate) output: Option<Value>,
    pub(crate) says: Option<String>,
    pub(crate) kills: Option<Duration>,
}

impl NodeScript {
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the node runs, all its steps together.
    #[must_use]
    pub fn lasting(mut self, time: Duration) -> Self {
        self.lasts = Some(time);
        self
    }

    /// The length of its progress bar; 0 is a silent node without one.
    #[must_use]
    pub fn steps(mut self, steps: u32) -> Self {
        self.steps = Some(steps);
        self
    }

    /// The bar runs this many times, as over the items of a list (section 6).
    #[must_use]
    pub fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = Some(rounds);
        self
    }

    #[must_use]
    pub fn failing(mut self, failure: Failure) -> Self {
        self.fails = Some(failure);
        self
    }

    /// The job stands still after this step (0: right after the node's start) until it is released or interrupted.
    #[must_use]
    pub fn held_at(mut self, step: u32) -> Self {
        self.hold = Some(step);
        self
    }

    /// An interruption takes effect only when the node is done.
    #[must_use]
    pub fn uninterruptible(mut self) -> Self {
        self.deaf = true;
        self
    }

    /// Served from the cache: listed in `execution_cached`, and not run.
    #[must_use]
    pub fn cached(mut self) -> Self {
        self.cached = true;
        self
    }

    /// An async node: others start while it runs.
    #[must_use]
    pub fn parallel(mut self) -> Self {
        self.parallel = true;
        self
    }

    /// Blocked with this message: `execution_error` of type `ExecutionBlocked`, and the job goes on. What depends on
    /// the node does not run.
    #[must_use]
    pub fn blocked(mut self, message: &str) -> Self {
        self.blocked = Some(message.to_owned());
        self
    }

    /// The node expands into these, which run one after another before it is done.
    #[must_use]
    pub fn expanding(mut self, children: Vec<Child>) -> Self {
        self.children = children;
        self
    }

    /// The node's UI output, files or anything else: `{"images": [{"filename", "subfolder", "type"}]}`.
    #[must_use]
    pub fn output(mut self, output: Value) -> Self {
        self.output = Some(output);
        self
    }

    /// A type 3 text frame, to everyone.
    #[must_use]
    pub fn saying(mut self, text: &str) -> Self {
        self.says = Some(text.to_owned());
        self
    }

    /// The whole server dies when the node starts, and is back after this time.
    #[must_use]
    pub fn killing(mut self, down: Duration) -> Self {
        self.kills = Some(down);
        self
    }
}

/// A node that another one expands into.
#[derive(Debug, Clone)]
pub struct Child {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) display: Option<String>,
    pub(crate) rule: NodeScript,
}

impl Child {
    /// Its id will be `{parent}.0.0.{name}`.
    pub fn new(name: &str, class: &str, rule: NodeScript) -> Self {
        Self { name: name.to_owned(), class: class.to_owned(), display: None, rule }
    }

    /// Shown as this node instead of the one that expanded, as the body of a loop is.
    #[must_use]
    pub fn shown_as(mut self, node: &str) -> Self {
        self.display = Some(node.to_owned());
        self
    }
}

/// How a node fails, and how often. Clones share the count, so a retry of the same graph can succeed.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(crate) exception: String,
    pub(crate) message: String,
    pub(crate) step: u32,
    left: Arc<AtomicU32>,
}

impl Failure {
    /// Raises this Python exception at its first step, every time.
    pub fn error(exception: &str, message: &str) -> Self {
        let left = Arc::new(AtomicU32::new(u32::MAX));
        Self { exception: exception.to_owned(), message: format!("{message}\n"), step: 0, left }
    }

    /// Runs out of GPU memory, in `ComfyUI`'s words (recording 08).
    pub fn out_of_memory() -> Self {
        let mut failure = Self::error(
            "torch.OutOfMemoryError",
            "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 23.64 GiB of which 1.21 GiB is free.",
        );
        failure.message.push_str(
            "This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked before you might have \
             accidentally set the batch_size to a large number.",
        );
        failure
    }

    /// After this step of the bar; 0 is before the first.
    #[must_use]
    pub fn at_step(mut self, step: u32) -> Self {
        self.step = step;
        self
    }

    /// Only the first `times` runs fail.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        self.left.store(times, Ordering::Relaxed);
        self
    }

    pub(crate) fn strikes(&self) -> bool {
        let less = |left: u32| {
            if left == u32::MAX { Some(left) } else { left.checked_sub(1) }
        };
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// An output of files, as the saving nodes give it: the key, and `(filename, subfolder, type)` of each.
pub fn files(key: &str, files: &[(&str, &str, &str)]) -> Value {
    let entries: Vec<_> = files
        .iter()
        .map(|(filename, subfolder, kind)| json!({"filename": filename, "subfolder": subfolder, "type": kind}))
        .collect();
    json!({ key: entries })
}
