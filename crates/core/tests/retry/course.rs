//! Which step comes when.

use crate::stage::{Course, doing, error, known, node, out_of_memory, policies, txt2img};
use monitor_core::event::JobError;
use monitor_core::names::NodeKind;
use monitor_core::retry::{Cause, Circumstances, Failure, Policies, Tried, decide, matches, needed_classes};
use monitor_core::time::Timestamp;
use serde_json::json;

fn some(words: &[&str]) -> Vec<Option<String>> {
    words.iter().map(|words| Some((*words).to_owned())).collect()
}

fn lost() -> Failure {
    let error = JobError { r#type: "instance_lost".to_owned(), ..JobError::default() };
    Failure { cause: Cause::InstanceLost, error, kind: None, at: Timestamp(0) }
}

#[test]
fn out_of_memory_is_answered_with_free_memory_then_half_the_batch_then_a_smaller_picture() {
    let course = Course::new(Policies::shipped(), out_of_memory("3"), txt2img(1024, 1024, 4));
    let changes = [
        "Memory freed first",
        "Batch size 4 to 2",
        "Batch size 2 to 1",
        "1024 × 1024 to 768 × 768",
        "768 × 768 to 576 × 576",
    ];
    assert_eq!(course.changes(), some(&changes));
}

#[test]
fn a_decoder_out_of_memory_is_freed_then_tiled_then_gets_less_to_do() {
    let course = Course::new(Policies::shipped(), out_of_memory("8"), txt2img(1024, 1024, 1));
    let changes = ["Memory freed first", "VAE Decoder in tiles", "1024 × 1024 to 768 × 768", "768 × 768 to 576 × 576"];
    assert_eq!(course.changes(), some(&changes));
}

#[test]
fn the_recorded_failure_is_freed_and_run_again_and_nothing_more_where_nothing_is_left() {
    let graph = json!({
        "1": node("EmptyImage", json!({ "width": 64, "height": 64, "batch_size": 1, "color": 8 })),
        "2": node("TraceRaise", json!({ "value": ["1", 0], "kind": "torch_oom", "after_steps": 3, "steps": 10 })),
        "3": node("PreviewImage", json!({ "images": ["2", 0] })),
    });
    let mut course = Course::new(Policies::shipped(), out_of_memory("2"), graph.clone());
    let decision = course.fail_after(0).unwrap();
    assert!(decision.free_memory && !decision.other_instance);
    assert_eq!((decision.workflow, decision.next), (graph, None));
    assert_eq!((decision.retry_count, decision.max_retries, decision.delay_ms), (1, 5, 2_000));
    assert_eq!(course.ask(), None);
}

#[test]
fn every_way_of_running_out_of_memory_is_known() {
    let say = |name: &str, message: &str| {
        let mut failure = error(name, None);
        message.clone_into(&mut failure.error.message);
        matches(&Policies::shipped(), &failure)
    };
    assert!(say("torch.OutOfMemoryError", "Allocation on device 0"));
    assert!(say("torch.cuda.OutOfMemoryError", ""));
    assert!(say("torch.AcceleratorError", "CUDA error: out of memory"));
    assert!(say("RuntimeError", "MPS backend out of memory (MPS allocated: 9.04 GB)"));
    assert!(!say("ValueError", "bad value: expected 4 channels, got 16"));
}

#[test]
fn a_decision_tells_what_comes_after_it() {
    let mut course = Course::new(Policies::shipped(), out_of_memory("3"), txt2img(1024, 1024, 4));
    let mut next = Vec::new();
    while let Some(decision) = course.fail_after(0) {
        next.push(decision.next);
    }
    let expected = [
        Some("batch size 2, then batch size 1"),
        Some("batch size 1, then 768 × 768"),
        Some("768 × 768, then 576 × 576"),
        Some("576 × 576"),
        None,
    ];
    assert_eq!(next, expected.map(|words| words.map(str::to_owned)));
}

#[test]
fn a_lost_instance_is_left_for_another_and_waited_for_where_there_is_none() {
    let mut course = Course::new(Policies::shipped(), lost(), txt2img(512, 512, 1));
    course.other_instance = true;
    let elsewhere = course.fail_after(0).unwrap();
    assert!(elsewhere.other_instance && !elsewhere.free_memory);
    assert_eq!(elsewhere.change.as_deref(), Some("On another instance"));
    assert_eq!(elsewhere.next.as_deref(), Some("on another instance, then on another instance"));
    course.other_instance = false;
    let same = course.fail_after(0).unwrap();
    assert_eq!((same.other_instance, same.change), (false, None));
    assert_eq!(same.next.as_deref(), Some("the same again"));
    assert_eq!([elsewhere.delay_ms, same.delay_ms, course.fail_after(0).unwrap().delay_ms], [2_000, 8_000, 32_000]);
    assert_eq!(course.ask(), None, "three times are enough");
}

#[test]
fn a_step_that_needs_another_instance_is_passed_over_where_there_is_none() {
    let steps = "[{ another_instance = true }, { free_memory = true }]";
    let mut course = Course::new(doing(steps), error("E", None), txt2img(512, 512, 1));
    assert_eq!(course.ask().unwrap().step, 1);
    course.other_instance = true;
    assert_eq!(course.ask().unwrap().step, 0);
}

#[test]
fn a_refusal_and_what_no_policy_is_for_are_not_tried_again() {
    let shipped = Policies::shipped();
    let refused = JobError { r#type: "submission_refused".to_owned(), ..JobError::default() };
    for failure in [
        Failure { cause: Cause::Refused, error: refused, kind: None, at: Timestamp(0) },
        error("ValueError", Some("3")),
        Failure { cause: Cause::Timeout, ..error("timeout", Some("3")) },
    ] {
        assert!(!matches(&shipped, &failure), "{failure:?}");
        assert_eq!(Course::new(shipped.clone(), failure, txt2img(512, 512, 4)).ask(), None);
    }
    assert!(!matches(&Policies::none(), &out_of_memory("3")));
}

#[test]
fn the_kind_of_the_node_is_taken_from_its_class_where_nobody_says() {
    let sampler = policies(
        "shipped = false\npolicy = [{ name = \"a\", match = { kind = \"sampler\" }, do = { wait = \"1s\" } }]",
    );
    let mut failure = error("E", Some("3"));
    assert!(!matches(&sampler, &failure));
    failure.error.class_type = Some("KSamplerAdvanced".to_owned());
    assert!(matches(&sampler, &failure));
    failure.kind = Some(NodeKind::Vae);
    assert!(!matches(&sampler, &failure));
}

#[test]
fn limits_of_a_policy_hold_besides_those_of_the_generation() {
    let both = policies(
        "limits = { max_retries = 4 }\nshipped = false\n\
         [[policy]]\nname = \"a\"\nmatch = { error = \"A\" }\ndo = { wait = \"1s\", times = 9 }\nlimits = { max_retries = 2 }\n\
         [[policy]]\nname = \"b\"\nmatch = { error = \"B\" }\ndo = { wait = \"1s\", times = 9 }",
    );
    let mut course = Course::new(both, error("A", None), txt2img(512, 512, 1));
    assert_eq!(course.ask().unwrap().max_retries, 2);
    assert_eq!(std::iter::from_fn(|| course.fail_after(0)).count(), 2);
    course.failure = Failure { at: course.failure.at, ..error("B", None) };
    assert_eq!(course.ask().unwrap().max_retries, 4);
    assert_eq!(std::iter::from_fn(|| course.fail_after(0)).count(), 2);
}

#[test]
fn no_retry_is_sent_after_the_time_is_up() {
    let timed = |within: &str| {
        policies(&format!(
            "limits = {{ within = \"10m\", max_retries = 9 }}\nshipped = false\n[[policy]]\nname = \"a\"\n\
             match = {{ error = \"A\" }}\nlimits = {{ {within} }}\n\
             do = {{ wait = {{ first = \"1s\", factor = 1 }}, times = 9 }}"
        ))
    };
    let minutes = |policies: Policies, each: u64| {
        let mut course = Course::new(policies, error("A", None), txt2img(512, 512, 1));
        std::iter::from_fn(|| course.fail_after(each * 60_000)).count()
    };
    assert_eq!(minutes(timed(""), 4), 3, "after 0:00, 4:01 and 8:02");
    assert_eq!(minutes(timed("within = \"5m\""), 4), 2);
    let mut late = Course::new(timed(""), error("A", None), txt2img(512, 512, 1));
    late.fail_after(599_500).unwrap();
    assert_eq!(late.ask(), None, "it would be sent a second too late");
}

#[test]
fn waiting_grows_to_its_most_and_chance_adds_up_to_half() {
    let steps = r#"[{ wait = { first = "2s", factor = 3, max = "10s" }, times = 4 }]"#;
    let delays = |jitter: f64| {
        let mut course = Course::new(doing(steps), error("E", None), txt2img(512, 512, 1));
        course.jitter = jitter;
        std::iter::from_fn(|| course.fail_after(0)).map(|decision| decision.delay_ms).collect::<Vec<_>>()
    };
    assert_eq!(delays(0.0), [2_000, 6_000, 10_000, 10_000]);
    assert_eq!(delays(1.0), [3_000, 9_000, 15_000, 15_000]);
    assert_eq!(delays(f64::NAN), delays(0.0));
    assert_eq!(delays(70.0), delays(1.0));
}

#[test]
fn a_policy_takes_up_where_it_was_after_another_kind_of_failure() {
    let mut course = Course::new(Policies::shipped(), out_of_memory("3"), txt2img(1024, 1024, 2));
    course.fail_after(0).unwrap();
    let memory = std::mem::replace(&mut course.failure, lost());
    let between = course.fail_after(0).unwrap();
    assert_eq!((between.policy.as_str(), between.retry_count, between.max_retries), ("lost instance", 2, 4));
    course.failure = memory;
    let decision = course.ask().unwrap();
    assert_eq!((decision.change.as_deref(), decision.retry_count), (Some("Batch size 2 to 1"), 3));
}

#[test]
fn steps_of_a_policy_that_was_rewritten_meanwhile_are_not_looked_for() {
    let mut course = Course::new(doing("[{ wait = \"1s\" }]"), error("E", None), txt2img(512, 512, 1));
    course.tried.push(Tried { policy: "test".to_owned(), step: 7, at: Timestamp(0) });
    assert_eq!(course.ask(), None);
}

#[test]
fn the_classes_a_decision_asks_for_are_those_of_the_graph_and_what_may_take_their_place() {
    let graph = txt2img(512, 512, 1);
    let own = ["CLIPTextEncode", "CheckpointLoaderSimple", "EmptyLatentImage", "KSampler", "SaveImage", "VAEDecode"];
    assert_eq!(needed_classes(&Policies::none(), &graph), own);
    let with_tiles = needed_classes(&Policies::shipped(), &graph);
    assert_eq!(with_tiles, [own.as_slice(), &["VAEDecodeTiled"]].concat());
    assert!(needed_classes(&Policies::shipped(), &json!([])).is_empty());

    // And with those alone it decides as with all.
    let only = |class: &str| known(class).filter(|_| with_tiles.iter().any(|needed| needed == class));
    let ask = |classes: &dyn Fn(&str) -> Option<&'static serde_json::Value>| {
        let tried = [Tried { policy: "out of memory".to_owned(), step: 0, at: Timestamp(0) }];
        let workflow = graph.clone();
        let classes = |class: &str| classes(class);
        let circumstances =
            Circumstances { workflow: &workflow, classes: &classes, other_instance: false, tried: &tried, jitter: 0.5 };
        decide(&Policies::shipped(), &Failure { at: Timestamp(0), ..out_of_memory("8") }, &circumstances)
    };
    let decision = ask(&only);
    assert_eq!(decision, ask(&known));
    assert_eq!(decision.unwrap().workflow["8"]["class_type"], "VAEDecodeTiled");
}
