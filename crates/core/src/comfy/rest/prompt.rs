//! `GET /prompt`, the answers to `POST /prompt`, and `POST /upload/image`.

use serde_json::Value;

use super::fields::{Fields, from_tree};
use super::{Answer, NotJson};

/// `GET /prompt`: the cheap look at the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLength {
    /// Jobs waiting and running.
    pub queue_remaining: Option<u64>,
}

/// `POST /prompt` was answered with 200.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The id the job runs under: ours if the server heeds it, else its own. Check it.
    pub prompt_id: Option<String>,
    pub number: Option<f64>,
    /// Outputs that were dropped; the rest runs.
    pub warnings: Vec<Refusal>,
}

/// `POST /prompt` was answered with 400.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Refused {
    /// `error.type`, such as `prompt_outputs_failed_validation` or `missing_node_type`.
    pub kind: Option<String>,
    pub message: Option<String>,
    pub details: Option<String>,
    /// One for each thing that is wrong; never empty if the server said anything at all.
    pub refusals: Vec<Refusal>,
}

/// One thing the server found wrong with a graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    pub node_id: Option<String>,
    pub class_type: Option<String>,
    /// The title of the node, which the server tells only for a class it does not know.
    pub node_title: Option<String>,
    pub input: Option<String>,
    /// `value_not_in_list`, `required_input_missing`, `missing_node_type`, …
    pub kind: String,
    pub message: String,
    /// What exactly; may be empty.
    pub details: String,
}

/// `POST /upload/image`: what the server calls the file now, which may not be what we called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedImage {
    pub name: String,
    pub subfolder: String,
    pub folder: String,
}

/// Reads the answer of `GET /prompt`.
pub fn queue_length(body: &[u8]) -> Result<Answer<QueueLength>, NotJson> {
    from_tree(body, |fields| QueueLength { queue_remaining: fields.inside("exec_info").count("queue_remaining") })
}

/// Reads the 200 of `POST /prompt`.
pub fn accepted(body: &[u8]) -> Result<Answer<Accepted>, NotJson> {
    from_tree(body, |fields| Accepted {
        prompt_id: fields.text("prompt_id"),
        number: fields.number("number"),
        warnings: node_errors(fields),
    })
}

/// Reads the 400 of `POST /prompt`. (A 500 is an error page, and no JSON.)
pub fn refused(body: &[u8]) -> Result<Answer<Refused>, NotJson> {
    from_tree(body, |fields| {
        let mut refusals = node_errors(fields);
        let mut error = fields.inside("error");
        let refused = Refused {
            kind: error.text("type"),
            message: error.text("message"),
            details: error.text("details"),
            refusals: Vec::new(),
        };
        if refusals.is_empty() && refused.kind.is_some() {
            // Old servers send no `extra_info` here, newer ones name the node of a missing class in it.
            let mut extra = error.inside("extra_info");
            refusals.push(Refusal {
                node_id: extra.text("node_id"),
                class_type: extra.text("class_type"),
                node_title: extra.text("node_title"),
                input: extra.text("input_name"),
                kind: refused.kind.clone().unwrap_or_default(),
                message: refused.message.clone().unwrap_or_default(),
                details: refused.details.clone().unwrap_or_default(),
            });
        }
        Refused { refusals, ..refused }
    })
}

/// Reads the answer of `POST /upload/image`; `None` if it names no file.
pub fn uploaded_image(body: &[u8]) -> Result<Answer<Option<UploadedImage>>, NotJson> {
    from_tree(body, |fields| {
        Some(UploadedImage {
            name: fields.text("name")?,
            subfolder: fields.text("subfolder").unwrap_or_default(),
            folder: fields.text("type").unwrap_or_else(|| "input".to_owned()),
        })
    })
}

/// `{node id: {errors: […], class_type}}`, as a list in the order of the answer.
fn node_errors(fields: &mut Fields) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (node_id, node) in fields.object("node_errors").into_iter().flatten() {
        let mut node = fields.in_value(node);
        let class_type = node.text("class_type");
        for error in node.list("errors") {
            refusals.push(refusal(node_id, class_type.as_ref(), error, &mut node));
        }
    }
    refusals
}

fn refusal(node_id: &str, class_type: Option<&String>, error: &Value, node: &mut Fields) -> Refusal {
    let mut odd = 0;
    let mut error = Fields::of(Some(error), &mut odd);
    let refusal = Refusal {
        node_id: Some(node_id.to_owned()),
        class_type: class_type.cloned(),
        node_title: None,
        input: error.inside("extra_info").text("input_name"),
        kind: error.text("type").unwrap_or_default(),
        message: error.text("message").unwrap_or_default(),
        details: error.text("details").unwrap_or_default(),
    };
    if odd > 0 {
        node.odd();
    }
    refusal
}
