//! What holds for any policies, any graph and any run of bad luck.

use crate::check::taken;
use crate::stage::{Course, OBJECT_INFO, error, known, node, out_of_memory, policies};
use monitor_core::event::JobError;
use monitor_core::retry::{Cause, Failure, Policies, check};
use monitor_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Everything at once, as far as it goes.
static ALL: LazyLock<Policies> = LazyLock::new(|| {
    policies(
        r#"
        shipped = false
        limits = { max_retries = 100, within = "168h" }
        [[policy]]
        name = "all"
        match = { status = "execution_error" }
        do = [
          { change = "tiled_vae", times = 100 },
          { change = "batch", times = 100 },
          { change = { what = "size", factor = 0.7, round = 8, floor = 256 }, times = 100 },
          { change = { what = "frames", factor = 0.6, floor = 9 }, times = 100 },
          { change = "precision", times = 100 },
          { change = "new_seed" },
          { change = ["batch", "size", "frames", "precision", "new_seed", "tiled_vae"] },
        ]"#,
    )
});

/// Classes a change may touch, by name.
static CHANGEABLE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    const TELLING: [&str; 9] =
        ["batch_size", "amount", "width", "length", "video_frames", "seed", "noise_seed", "weight_dtype", "vae"];
    let classes = OBJECT_INFO.as_object().unwrap().iter().filter(|(_, info)| {
        let sections = ["required", "optional"].iter().filter_map(|section| info["input"][section].as_object());
        sections.flat_map(Map::keys).any(|input| TELLING.contains(&input.as_str()))
    });
    classes.map(|(class, _)| class.as_str()).collect()
});

/// Nodes of these classes, each with all its inputs: values within bounds, links to a node before it where one fits.
fn graph_of(nodes: &[(prop::sample::Index, Vec<u16>)]) -> Value {
    let mut graph = Map::new();
    for (number, (class, numbers)) in nodes.iter().enumerate() {
        let class = class.get(&CHANGEABLE);
        let info = known(class).unwrap();
        let mut numbers = numbers.iter().cycle().map(|number| u64::from(*number));
        let mut inputs = Map::new();
        for section in ["required", "optional"] {
            for (input, declared) in info["input"][section].as_object().into_iter().flatten() {
                let value = value_of(declared, numbers.next().unwrap()).or_else(|| link_to(&graph, &declared[0]));
                inputs.extend(value.map(|value| (input.clone(), value)));
            }
        }
        graph.insert(number.to_string(), node(class, Value::Object(inputs)));
    }
    Value::Object(graph)
}

fn value_of(declared: &Value, number: u64) -> Option<Value> {
    let option = |name: &str| declared[1].get(name);
    let first = |choices: &Value| choices.as_array()?.first().cloned();
    match &declared[0] {
        Value::Array(_) => first(&declared[0]),
        Value::String(kind) => match kind.as_str() {
            "INT" => {
                let min = option("min").and_then(Value::as_i64).unwrap_or(0);
                let max = option("max").and_then(Value::as_f64).unwrap_or(1e6);
                Some(json!(min + number.min((max - min as f64) as u64).cast_signed()))
            }
            "FLOAT" => option("default").or_else(|| option("min")).cloned(),
            "STRING" => Some(json!("")),
            "BOOLEAN" => Some(json!(number.is_multiple_of(2))),
            "COMBO" => first(option("options")?),
            _ => None,
        },
        _ => None,
    }
}

fn link_to(graph: &Map<String, Value>, wanted: &Value) -> Option<Value> {
    graph.iter().rev().find_map(|(id, node)| {
        let outputs = known(node["class_type"].as_str()?)?["output"].as_array()?;
        Some(json!([id, outputs.iter().position(|output| output == wanted)?]))
    })
}

fn graphs() -> impl Strategy<Value = Value> {
    let node = (any::<prop::sample::Index>(), prop::collection::vec(0_u16..5_000, 12));
    prop::collection::vec(node, 1..7).prop_map(|nodes| graph_of(&nodes))
}

/// Follows a course to its end; each workflow has no fault that the first one did not have, and nothing has grown or
/// gone below its floor.
fn follow(course: Course) {
    let mut course = course;
    let first = course.workflow.clone();
    let faults = check(&first, &known).err().unwrap_or_default();
    let mut retries = 0;
    loop {
        let before = course.workflow.clone();
        assert_eq!(course.ask(), course.ask(), "the same is decided of the same");
        let Some(decision) = course.fail_after(0) else {
            break;
        };
        retries += 1;
        assert_eq!(decision.retry_count, retries);
        let found = check(&decision.workflow, &known).err().unwrap_or_default();
        let new: Vec<_> = found.iter().filter(|fault| !faults.contains(fault)).collect();
        assert!(new.is_empty(), "{:?}: {new:?}\nbefore {before:#}\nafter {:#}", decision.change, decision.workflow);
        assert!(decision.change.is_some() || decision.workflow == before, "a change nobody is told of");
        shrinks(&before, &decision.workflow);
    }
    assert!(retries < 100, "it goes on and on");
}

fn shrinks(before: &Value, after: &Value) {
    for (id, node) in after.as_object().unwrap() {
        for (input, value) in node["inputs"].as_object().unwrap() {
            let was = &before[id]["inputs"][input];
            let floor = match input.as_str() {
                "batch_size" | "amount" => 1,
                "width" | "height" => 256,
                "length" | "num_frames" | "video_frames" | "frame_count" | "frames" => 9,
                _ => continue,
            };
            if value != was {
                let (value, was) = (value.as_u64().unwrap(), was.as_u64().unwrap());
                assert!(floor <= value && value < was, "{input} of {id}: {was} to {value}");
            }
        }
    }
}

#[test]
fn every_recorded_graph_stays_valid_whichever_of_its_nodes_runs_out_of_memory() {
    for (_, graph) in taken() {
        // A long graph is of the same few classes over and over.
        let few = graph.as_object().unwrap().len().div_ceil(12);
        for id in graph.as_object().unwrap().keys().step_by(few) {
            follow(Course::new(ALL.clone(), out_of_memory(id), graph.clone()));
            follow(Course::new(Policies::shipped(), out_of_memory(id), graph.clone()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_graph_gets_no_fault_it_did_not_have(graph in graphs(), failed in 0_usize..8, jitter in 0.0..1.0_f64) {
        let mut course = Course::new(ALL.clone(), error("E", Some(&failed.to_string())), graph);
        course.jitter = jitter;
        follow(course);
    }

    #[test]
    fn limits_hold_whatever_fails_and_whenever(
        (overall, own, times) in (1_u32..8, 1_u32..6, 1_u32..12),
        within in 1_u64..20,
        luck in prop::collection::vec((0_usize..3, 0_u64..400_000, any::<bool>(), 0.0..1.0_f64), 40),
    ) {
        let policies = policies(&format!(
            "limits = {{ max_retries = {overall}, within = \"{within}m\" }}\n\
             [[policy]]\nname = \"own\"\nmatch = {{ error = \"E\" }}\n\
             limits = {{ max_retries = {own}, within = \"5m\" }}\n\
             do = [{{ wait = \"3s\", times = {times} }}, {{ another_instance = true, times = {times} }}, \
             {{ change = \"new_seed\", times = {times} }}]"
        ));
        let failures = [
            error("E", Some("3")),
            out_of_memory("3"),
            Failure {
                cause: Cause::InstanceLost,
                error: JobError { r#type: "instance_lost".to_owned(), ..JobError::default() },
                kind: None,
                at: Timestamp(0),
            },
        ];
        let start = Timestamp(7_000_000);
        let graph = crate::stage::txt2img(1024, 1024, 8);
        let mut course = Course::new(policies, Failure { at: start, ..failures[0].clone() }, graph);
        for (which, took, other_instance, jitter) in luck {
            course.failure = Failure { at: course.failure.at, ..failures[which].clone() };
            course.other_instance = other_instance;
            course.jitter = jitter;
            let at = course.failure.at;
            let before = course.tried.len();
            if let Some(decision) = course.fail_after(took) {
                prop_assert_eq!(decision.retry_count as usize, before + 1);
                prop_assert!(decision.retry_count <= decision.max_retries && decision.max_retries <= overall);
                prop_assert!(at.plus(decision.delay_ms).since(start) <= within * 60_000);
                prop_assert!(!decision.other_instance || other_instance);
            } else {
                course.failure.at = at.plus(took);
            }
        }
        let by = |name: &str| course.tried.iter().filter(|tried| tried.policy == name).count();
        prop_assert!(course.tried.len() <= overall as usize && by("own") <= own as usize && by("lost instance") <= 3);
    }
}
