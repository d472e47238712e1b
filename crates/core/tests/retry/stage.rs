//! A workflow, a failure and the server they happen on.

use monitor_core::event::JobError;
use monitor_core::retry::{Cause, Circumstances, Decision, Failure, Policies, Tried, decide};
use monitor_core::time::Timestamp;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

pub fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The node classes of a real server, and those of the test nodes the recordings were made with.
pub static OBJECT_INFO: LazyLock<Value> = LazyLock::new(|| {
    let mut all = json_file(&fixtures().join("object_info-0.33.0.json"));
    for tape in std::fs::read_dir(fixtures().join("tapes")).unwrap() {
        let path = tape.unwrap().path().join("object_info.json");
        if path.exists()
            && let Value::Object(classes) = json_file(&path)
        {
            for (class, info) in classes {
                all.as_object_mut().unwrap().entry(class).or_insert(info);
            }
        }
    }
    all
});

pub fn known(class: &str) -> Option<&'static Value> {
    OBJECT_INFO.get(class)
}

pub fn policies(toml: &str) -> Policies {
    let policies: Policies = toml::from_str(toml).unwrap_or_else(|error| panic!("{error}"));
    policies.check().unwrap_or_else(|error| panic!("{error}"));
    policies
}

/// One policy for every exception, with these steps.
pub fn doing(steps: &str) -> Policies {
    policies(&format!(
        "shipped = false\nlimits = {{ max_retries = 50 }}\n[[policy]]\nname = \"test\"\n\
         match = {{ status = \"execution_error\" }}\ndo = {steps}"
    ))
}

pub fn error(name: &str, node_id: Option<&str>) -> Failure {
    let error = JobError {
        r#type: name.to_owned(),
        message: "Allocation on device".to_owned(),
        node_id: node_id.map(str::to_owned),
        ..JobError::default()
    };
    Failure { cause: Cause::ExecutionError, error, kind: None, at: Timestamp(1_000_000) }
}

pub fn out_of_memory(node_id: &str) -> Failure {
    error("torch.OutOfMemoryError", Some(node_id))
}

/// What happens when every attempt fails in the same way.
pub struct Course {
    pub policies: Policies,
    pub failure: Failure,
    pub workflow: Value,
    pub tried: Vec<Tried>,
    pub other_instance: bool,
    pub jitter: f64,
}

impl Course {
    pub fn new(policies: Policies, failure: Failure, workflow: Value) -> Self {
        Self { policies, failure, workflow, tried: Vec::new(), other_instance: false, jitter: 0.0 }
    }

    pub fn ask(&self) -> Option<Decision> {
        let circumstances = Circumstances {
            workflow: &self.workflow,
            classes: &|class| known(class),
            other_instance: self.other_instance,
            tried: &self.tried,
            jitter: self.jitter,
        };
        decide(&self.policies, &self.failure, &circumstances)
    }

    /// The next retry; it fails after `millis`.
    pub fn fail_after(&mut self, millis: u64) -> Option<Decision> {
        let decision = self.ask()?;
        let at = self.failure.at;
        self.tried.push(Tried { policy: decision.policy.clone(), step: decision.step, at });
        self.failure.at = at.plus(decision.delay_ms).plus(millis);
        self.workflow = decision.workflow.clone();
        Some(decision)
    }

    pub fn changes(mut self) -> Vec<Option<String>> {
        std::iter::from_fn(|| self.fail_after(1_000)).map(|decision| decision.change).collect()
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the inputs are written where they are used")]
pub fn node(class: &str, inputs: Value) -> Value {
    json!({ "class_type": class, "inputs": inputs })
}

/// Text to picture, as most workflows are: 5 is the latent, 3 the sampler, 8 the decoder.
pub fn txt2img(width: u64, height: u64, batch: u64) -> Value {
    let mut prompt = json_file(&fixtures().join("tapes/02-txt2img/prompt.json"));
    let mut graph = prompt["prompt"].take();
    graph["5"]["inputs"] = json!({ "width": width, "height": height, "batch_size": batch });
    graph
}

/// The inputs of the nodes that differ.
pub fn difference(before: &Value, after: &Value) -> Value {
    let mut differing = Map::new();
    for (id, node) in after.as_object().unwrap() {
        if before[id]["class_type"] != node["class_type"] {
            differing.insert(format!("{id}.class"), node["class_type"].clone());
        }
        for (input, value) in node["inputs"].as_object().unwrap() {
            if before[id]["inputs"].get(input) != Some(value) {
                differing.insert(format!("{id}.{input}"), value.clone());
            }
        }
    }
    Value::Object(differing)
}
