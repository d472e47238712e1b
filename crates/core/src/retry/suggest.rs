//! What is likely to work on a generation that has failed for good.

use super::change::{Edit, Scene};
use super::matching::policy_for;
use super::policy::{Policies, Policy};
use super::words::Doing;
use super::{Cause, Circumstances, Failure};
use crate::generation::NodeError;
use crate::workflow::spec::{self, Kind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// More would be a list to study.
const MAX_SUGGESTIONS: usize = 3;

/// Bytes of a GB as the makers of cards count them.
const GB: u64 = 1 << 30;

/// Something that can really be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    pub kind: SuggestionKind,
    pub title: String,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance_id: Option<String>,
    /// `{nodeId: {input: value}}`, for `POST /v1/generations/{queueId}/retry`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Object)]
    pub overrides: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SuggestionKind {
    /// Run it on `instanceId`.
    Instance,
    /// Run it with `overrides`.
    Overrides,
    /// Change the workflow first, as the words say.
    Edit,
}

/// What is recorded of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub instance_id: String,
    pub name: String,
    pub connected: bool,
    /// This is where it failed.
    pub here: bool,
    /// Of its largest device.
    pub memory_bytes: Option<u64>,
    /// How often the class that failed ran to its end there, at this size or a larger one.
    pub runs: u64,
}

/// What a suggestion may draw on besides the failure and its circumstances.
pub struct Evidence<'a> {
    /// What `ComfyUI` said about single inputs when it refused the workflow.
    pub complaints: &'a [NodeError],
    pub instances: &'a [Record],
}

/// What is likely to work on a generation that has failed, best first, at most three.
///
/// From recorded runs: another instance, where the class that failed came through. From the policies: changes that are
/// still left, also where they may not be made without being asked; the shipped ones where no own policy is for this
/// failure. From a refusal: the inputs to look at. `overrides` are for the workflow of the circumstances.
pub fn suggest(
    policies: &Policies,
    failure: &Failure,
    circumstances: &Circumstances,
    evidence: &Evidence,
) -> Vec<Suggestion> {
    let mut suggestions = if failure.cause == Cause::Refused {
        let complaints = evidence.complaints.iter();
        complaints.filter_map(|complaint| cure(complaint, circumstances)).collect()
    } else {
        let shipped = Policies::shipped();
        let policy = policy_for(policies, failure).or_else(|| policy_for(&shipped, failure));
        let mut suggestions = Vec::from_iter(elsewhere(policy, failure, evidence.instances));
        suggestions.extend(policy.iter().flat_map(|policy| changes(policy, failure, circumstances)));
        suggestions
    };
    suggestions.truncate(MAX_SUGGESTIONS);
    suggestions
}

/// Another instance, where there is reason to think that it will do.
fn elsewhere(policy: Option<&Policy>, failure: &Failure, instances: &[Record]) -> Option<Suggestion> {
    let here = instances.iter().find(|record| record.here);
    let others = instances.iter().filter(|record| !record.here && record.connected);
    let is_lost = failure.cause == Cause::InstanceLost;
    let proven = |record: &&Record| record.runs > 0 || is_lost;
    let best = others.filter(proven).max_by_key(|record| (record.runs > 0, record.memory_bytes, record.runs))?;
    // An exception nobody has a policy for is mostly the workflow's own fault; not where the class never ran.
    let may_help =
        policy.is_some() || failure.cause != Cause::ExecutionError || here.is_some_and(|here| here.runs == 0);
    may_help.then(|| Suggestion {
        kind: SuggestionKind::Instance,
        title: format!("Run it on {}", best.name),
        detail: record_in_words(best, here, failure),
        instance_id: Some(best.instance_id.clone()),
        overrides: None,
    })
}

fn record_in_words(there: &Record, here: Option<&Record>, failure: &Failure) -> String {
    let what = failure.error.node_title.as_deref().unwrap_or("This workflow");
    let ran = match there.runs {
        0 => "It is connected".to_owned(),
        1 => format!("{what} ran there once at this size or a larger one"),
        runs => format!("{what} ran there {runs} times at this size or a larger one"),
    };
    let memory = there.memory_bytes.filter(|there| Some(*there) > here.and_then(|here| here.memory_bytes));
    match memory {
        Some(bytes) => format!("{ran}. It has {} GB of memory", bytes.saturating_add(GB / 2) / GB),
        None => ran,
    }
}

/// What the steps of the policy would still change, each by itself.
fn changes(policy: &Policy, failure: &Failure, circumstances: &Circumstances) -> Vec<Suggestion> {
    let Circumstances { workflow, classes, jitter, .. } = *circumstances;
    let scene = Scene::new(workflow, classes, failure.error.node_id.as_deref(), jitter);
    let mut suggestions = Vec::new();
    for changed in policy.steps.iter().filter_map(|step| scene.change(step)) {
        let said = changed.said();
        let overrides = changed.overrides();
        let doing = Doing { said: &said, free_memory: false, other_instance: false };
        let Some((first, detail)) = said.first().zip(doing.change()) else {
            continue;
        };
        let suggestion = Suggestion {
            kind: if overrides.is_some() { SuggestionKind::Overrides } else { SuggestionKind::Edit },
            title: first.title().to_owned(),
            detail: changed.edits.iter().find_map(|edit| edit.by_hand(workflow)).unwrap_or(detail),
            instance_id: None,
            overrides,
        };
        if !suggestions.contains(&suggestion) {
            suggestions.push(suggestion);
        }
    }
    suggestions
}

impl Edit {
    /// How a person does it in the editor, where overrides cannot.
    fn by_hand(&self, workflow: &Value) -> Option<String> {
        let (node_id, class) = self.class.as_ref()?;
        let before = workflow.get(node_id)?.get("class_type")?.as_str()?;
        Some(format!("Replace node {node_id} ({before}) by {class}, which needs less memory"))
    }
}

/// What to do about one complaint of `ComfyUI`'s.
fn cure(complaint: &NodeError, circumstances: &Circumstances) -> Option<Suggestion> {
    let node_id = complaint.node_id.as_deref()?;
    let class = complaint.class_type.as_deref();
    let title = complaint.node_title.as_deref().or(class).unwrap_or(node_id);
    let edit = |title: String| Suggestion {
        kind: SuggestionKind::Edit,
        title,
        detail: complaint.message.clone(),
        instance_id: None,
        overrides: None,
    };
    let info = class.and_then(circumstances.classes);
    let Some(input) = complaint.input.as_deref() else {
        let verb = if info.is_none() { "Replace" } else { "Change" };
        return Some(edit(format!("{verb} {title} (node {node_id})")));
    };
    let inputs = circumstances.workflow.get(node_id).and_then(|node| node.get("inputs")?.as_object());
    let given = inputs.and_then(|inputs| inputs.get(input)?.as_str());
    let specs = info.zip(inputs).map(|(info, inputs)| spec::of_node(info, inputs));
    let Some(Kind::Choice(choices)) = specs.as_ref().and_then(|specs| specs.get(input)).map(|spec| spec.kind) else {
        return Some(edit(format!("Change \"{input}\" in {title} (node {node_id})")));
    };
    let same_file = given.and_then(|given| the_same_file(given, choices));
    Some(match same_file {
        Some(choice) => Suggestion {
            kind: SuggestionKind::Overrides,
            title: format!("Use {choice}"),
            detail: format!("This server has the file of {title} in another folder"),
            instance_id: None,
            overrides: Some(json!({ node_id: { input: choice } })),
        },
        None => edit(format!("Choose another \"{input}\" in {title} (node {node_id})")),
    })
}

/// The one choice that has the same file name in another folder, or writes its folders another way.
fn the_same_file<'a>(given: &str, choices: &'a [Value]) -> Option<&'a str> {
    let name = |path: &str| path.rsplit(['/', '\\']).next().map(str::to_owned);
    let mut same = choices.iter().filter_map(Value::as_str).filter(|choice| name(choice) == name(given));
    let only = same.next().filter(|choice| *choice != given && choice.contains('.'))?;
    same.next().is_none().then_some(only)
}
