//! What is likely to work on a generation that has failed.

use crate::stage::{error, known, node, out_of_memory, policies, txt2img};
use monitor_core::event::JobError;
use monitor_core::generation::NodeError;
use monitor_core::retry::suggest::{Evidence, Record};
use monitor_core::retry::{
    Cause, Circumstances, Failure, Policies, Suggestion, SuggestionKind, check, decide, suggest,
};
use monitor_core::time::Timestamp;
use monitor_core::workflow::overrides;
use serde_json::{Value, json};

const GB: u64 = 1 << 30;

fn suggestions(failure: &Failure, workflow: &Value, evidence: &Evidence) -> Vec<Suggestion> {
    suggestions_of(&Policies::shipped(), failure, workflow, evidence)
}

fn suggestions_of(policies: &Policies, failure: &Failure, workflow: &Value, evidence: &Evidence) -> Vec<Suggestion> {
    let circumstances =
        Circumstances { workflow, classes: &|class| known(class), other_instance: false, tried: &[], jitter: 0.5 };
    suggest(policies, failure, &circumstances, evidence)
}

const NOTHING: Evidence = Evidence { complaints: &[], instances: &[] };

fn record(id: &str, gigabytes: u64, runs: u64) -> Record {
    Record {
        instance_id: id.to_owned(),
        name: id.to_owned(),
        connected: true,
        here: id == "here",
        memory_bytes: Some(gigabytes * GB),
        runs,
    }
}

fn titles(suggestions: &[Suggestion]) -> Vec<&str> {
    suggestions.iter().map(|suggestion| suggestion.title.as_str()).collect()
}

/// Overrides do what they say: the workflow with them is one `ComfyUI` takes, and one a policy would send.
#[test]
fn what_is_suggested_as_overrides_is_what_a_policy_would_send() {
    let workflow = txt2img(1024, 1024, 4);
    let found = suggestions(&out_of_memory("3"), &workflow, &NOTHING);
    assert_eq!(titles(&found), ["A smaller batch", "A smaller picture"]);
    for (suggestion, step) in found.iter().zip(["batch", "size"]) {
        assert_eq!(suggestion.kind, SuggestionKind::Overrides);
        let mut changed = workflow.clone();
        overrides::apply(&mut changed, suggestion.overrides.as_ref().unwrap(), &known).unwrap();
        assert_eq!(check(&changed, &known), Ok(()));
        let policy = crate::stage::doing(&format!("[{{ change = \"{step}\" }}]"));
        let circumstances = Circumstances {
            workflow: &workflow,
            classes: &|class| known(class),
            other_instance: false,
            tried: &[],
            jitter: 0.5,
        };
        let decision = decide(&policy, &out_of_memory("3"), &circumstances).unwrap();
        assert_eq!((changed, Some(suggestion.detail.clone())), (decision.workflow, decision.change));
    }
}

#[test]
fn another_class_is_put_in_words_as_overrides_cannot_say_it() {
    let found = suggestions(&out_of_memory("8"), &txt2img(1024, 1024, 1), &NOTHING);
    assert_eq!(titles(&found), ["Work in tiles", "A smaller picture"]);
    assert_eq!((found[0].kind, &found[0].overrides), (SuggestionKind::Edit, &None));
    assert_eq!(found[0].detail, "Replace node 8 (VAEDecode) by VAEDecodeTiled, which needs less memory");
}

#[test]
fn the_instance_where_the_class_came_through_is_first_and_three_are_enough() {
    let mut failure = out_of_memory("3");
    failure.error.node_title = Some("K-Sampler".to_owned());
    let mut away = record("away", 96, 50);
    away.connected = false;
    let instances = [record("here", 12, 3), record("big", 48, 12), record("idle", 80, 0), away, record("old", 8, 99)];
    let evidence = Evidence { complaints: &[], instances: &instances };
    let mut workflow = txt2img(1024, 1024, 4);
    workflow["5"] =
        node("EmptyHunyuanLatentVideo", json!({ "width": 1024, "height": 1024, "length": 81, "batch_size": 4 }));
    let found = suggestions(&failure, &workflow, &evidence);
    assert_eq!(titles(&found), ["Run it on big", "A smaller batch", "A smaller picture"]);
    assert_eq!((found[0].kind, found[0].instance_id.as_deref()), (SuggestionKind::Instance, Some("big")));
    let detail = "K-Sampler ran there 12 times at this size or a larger one. It has 48 GB of memory";
    assert_eq!(found[0].detail, detail);
}

#[test]
fn an_error_nobody_has_a_policy_for_is_tried_elsewhere_only_where_the_class_never_ran_here() {
    let bad_value = error("ValueError", Some("3"));
    let ask = |here, there| {
        let instances = [record("here", 12, here), record("there", 12, there)];
        suggestions(&bad_value, &txt2img(512, 512, 4), &Evidence { complaints: &[], instances: &instances })
    };
    assert_eq!(titles(&ask(0, 1)), ["Run it on there"]);
    assert_eq!(ask(0, 1)[0].detail, "This workflow ran there once at this size or a larger one");
    assert!(ask(5, 5).is_empty(), "it is the workflow's own fault then");
    assert!(ask(0, 0).is_empty(), "nothing speaks for the other one");
    assert!(suggestions(&bad_value, &txt2img(512, 512, 4), &NOTHING).is_empty());
}

#[test]
fn a_lost_job_can_run_wherever_there_is_a_connection() {
    let error = JobError { r#type: "instance_lost".to_owned(), ..JobError::default() };
    let lost = Failure { cause: Cause::InstanceLost, error, kind: None, at: Timestamp(0) };
    let instances = [record("here", 12, 3), record("there", 8, 0)];
    let found = suggestions(&lost, &txt2img(512, 512, 1), &Evidence { complaints: &[], instances: &instances });
    assert_eq!((titles(&found), found[0].detail.as_str()), (vec!["Run it on there"], "It is connected"));
}

#[test]
fn what_may_not_be_done_unasked_can_still_be_suggested() {
    let never =
        policies("policy = [{ name = \"out of memory\", match = { error = \"OutOfMemoryError\" }, never = true }]");
    for policies in [Policies::none(), never] {
        let found = suggestions_of(&policies, &out_of_memory("3"), &txt2img(512, 512, 4), &NOTHING);
        assert_eq!(titles(&found), ["A smaller batch"]);
    }
}

#[test]
fn nothing_is_suggested_where_nothing_can_be_done() {
    assert!(suggestions(&out_of_memory("3"), &txt2img(512, 512, 1), &NOTHING).is_empty());
    assert!(suggestions(&out_of_memory("3"), &json!([]), &NOTHING).is_empty());
}

fn refused() -> Failure {
    let error = JobError { r#type: "submission_refused".to_owned(), ..JobError::default() };
    Failure { cause: Cause::Refused, error, kind: None, at: Timestamp(0) }
}

fn complaint(node_id: &str, class: &str, title: &str, input: Option<&str>, message: &str) -> NodeError {
    NodeError {
        node_id: Some(node_id.to_owned()),
        node_title: Some(title.to_owned()),
        class_type: Some(class.to_owned()),
        input: input.map(str::to_owned),
        message: message.to_owned(),
    }
}

#[test]
fn a_refusal_names_the_inputs_to_look_at() {
    let mut workflow = txt2img(512, 512, 1);
    workflow["4"]["inputs"]["ckpt_name"] = json!("gone.safetensors");
    let complaints = [
        complaint("4", "CheckpointLoaderSimple", "Checkpoint Loader", Some("ckpt_name"), "It is not there."),
        complaint("3", "KSampler", "K-Sampler", Some("steps"), "\"steps\" is 0, the smallest value allowed is 1."),
        complaint("12", "NobodysNode", "Nobody's Node", None, "This server has no node class \"NobodysNode\"."),
        NodeError { message: "The workflow is empty.".to_owned(), ..NodeError::default() },
    ];
    let found = suggestions(&refused(), &workflow, &Evidence { complaints: &complaints, instances: &[] });
    let expected = [
        "Choose another \"ckpt_name\" in Checkpoint Loader (node 4)",
        "Change \"steps\" in K-Sampler (node 3)",
        "Replace Nobody's Node (node 12)",
    ];
    assert_eq!(titles(&found), expected);
    assert!(found.iter().all(|suggestion| suggestion.kind == SuggestionKind::Edit && suggestion.overrides.is_none()));
    assert_eq!(found[0].detail, "It is not there.");
}

#[test]
fn the_same_file_in_another_folder_can_be_used_at_once() {
    let mut workflow = txt2img(512, 512, 1);
    workflow["4"]["inputs"]["ckpt_name"] = json!("sd15\\random-sd15.safetensors");
    let complaints =
        [complaint("4", "CheckpointLoaderSimple", "Checkpoint Loader", Some("ckpt_name"), "It is not there.")];
    let found = suggestions(&refused(), &workflow, &Evidence { complaints: &complaints, instances: &[] });
    assert_eq!(titles(&found), ["Use random-sd15.safetensors"]);
    let overrides = found[0].overrides.as_ref().unwrap();
    overrides::apply(&mut workflow, overrides, &known).unwrap();
    assert_eq!(check(&workflow, &known), Ok(()));
}

#[test]
fn a_suggestion_is_written_as_the_contract_says() {
    let found = suggestions(&out_of_memory("3"), &txt2img(512, 512, 2), &NOTHING);
    let written = serde_json::to_value(&found).unwrap();
    let expected = json!([{
        "kind": "overrides",
        "title": "A smaller batch",
        "detail": "Batch size 2 to 1",
        "overrides": { "5": { "batch_size": 1 } },
    }]);
    assert_eq!(written, expected);
    assert_eq!(serde_json::from_value::<Vec<Suggestion>>(written).unwrap(), found);
}
