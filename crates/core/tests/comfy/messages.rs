use monitor_core::comfy::message::{Executing, Message, NodeState, Parsed, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::recording;

fn strict(text: &str) -> Message<'_> {
    let Parsed { message, lenient } = parse(text.as_bytes());
    assert!(!lenient, "read leniently: {text}\n{message:?}");
    message
}

fn lenient(text: &[u8]) -> Message<'_> {
    let Parsed { message, lenient } = parse(text);
    assert!(lenient, "read without complaint: {}", String::from_utf8_lossy(text));
    message
}

#[test]
fn every_recorded_message_is_read_in_one_pass() {
    let mut unknown = Vec::new();
    let mut count = 0;
    for (_, lines) in recording::all() {
        for text in recording::texts(&lines, "") {
            count += 1;
            match strict(&text) {
                Message::Unknown { kind, .. } => unknown.push(kind.into_owned()),
                Message::Malformed(malformed) => panic!("{malformed:?}: {text}"),
                _ => {}
            }
        }
    }
    assert!(count > 1_500, "only {count} messages were seen");
    unknown.sort();
    unknown.dedup();
    insta::assert_compact_json_snapshot!(unknown, @r#"["trace-node-feedback", "trace.monitor", "trace_list", "trace_null", "trace_scalar"]"#);
}

#[test]
fn no_field_of_a_recorded_message_is_lost() {
    for (name, lines) in recording::all() {
        for line in lines.iter().filter(|line| line["kind"] == "text") {
            let (kind, data) = (&line["data"]["type"], &line["data"]["data"]);
            let text = recording::on_the_wire(&line["data"]);
            let id = |field: &str| data[field].as_str().map(str::to_owned);
            match strict(&text) {
                Message::Executing(executing) => {
                    assert_eq!(executing.node, id("node"), "{name}");
                    assert_eq!(executing.display_node, id("display_node"), "{name}");
                    assert_eq!(executing.prompt_id, id("prompt_id"), "{name}");
                }
                Message::Progress(progress) => {
                    assert_eq!((progress.value, progress.max), (data["value"].as_f64(), data["max"].as_f64()));
                    assert_eq!(progress.node, id("node"));
                }
                Message::ProgressState(state) => {
                    let nodes: Vec<Value> = state
                        .nodes
                        .iter()
                        .map(|node| {
                            json!([
                                node.node_id,
                                node.value,
                                node.max,
                                format!("{:?}", node.state).to_lowercase(),
                                node.display_node_id,
                                node.parent_node_id,
                                node.real_node_id,
                            ])
                        })
                        .collect();
                    let sent = data["nodes"].as_object().unwrap().iter().map(|(id, node)| {
                        json!([
                            id,
                            node["value"].as_f64(),
                            node["max"].as_f64(),
                            node["state"],
                            node["display_node_id"],
                            node["parent_node_id"],
                            node["real_node_id"],
                        ])
                    });
                    assert_eq!(nodes, sent.collect::<Vec<_>>(), "{name}");
                }
                Message::Executed(executed) => {
                    assert_eq!(executed.output, data["output"], "{name}");
                    assert_eq!(Some(executed.node), id("node"), "{name}");
                }
                Message::ExecutionError(error) => {
                    assert_eq!(error.node_id, id("node_id"));
                    assert_eq!(error.exception_type, id("exception_type"));
                    assert_eq!(error.exception_message, id("exception_message"));
                    assert_eq!(json!(error.traceback), data["traceback"]);
                    assert_eq!(error.timestamp, data["timestamp"].as_i64());
                    assert_eq!(error.is_blocked(), data["timestamp"].is_null(), "only blocked ones have no time");
                }
                Message::Status(status) => {
                    assert_eq!(status.queue_remaining(), data["status"]["exec_info"]["queue_remaining"].as_u64());
                    assert_eq!(status.sid, id("sid"));
                }
                Message::Unknown { kind: read, data: raw } => {
                    assert_eq!(*kind, *read);
                    assert_eq!(serde_json::from_str::<Value>(&raw).unwrap(), *data);
                }
                other => assert_eq!(other.prompt_id().map(str::to_owned), id("prompt_id"), "{name} {kind}"),
            }
        }
    }
}

#[test]
fn the_three_forms_of_executing_are_told_apart() {
    let form = |text| match strict(text) {
        Message::Executing(executing) => executing,
        other => panic!("{other:?}"),
    };
    let starts = form(r#"{"type":"executing","data":{"node":"3.0.0.2","display_node":"2","prompt_id":"p"}}"#);
    assert_eq!(starts.ends(), None);
    let ends = form(r#"{"type":"executing","data":{"node":null,"prompt_id":"p"}}"#);
    assert_eq!(ends.ends(), Some("p"));
    let reconnect = form(r#"{"type":"executing","data":{"node":"2"}}"#);
    assert_eq!(reconnect, Executing { node: Some("2".into()), display_node: None, prompt_id: None });
}

#[test]
fn an_executing_without_a_node_does_not_end_a_job() {
    let message = lenient(br#"{"type":"executing","data":{"prompt_id":"p"}}"#);
    assert!(matches!(message, Message::Malformed(_)), "{message:?}");
    let message = lenient(br#"{"type":"executing","data":{"node":{},"prompt_id":"p"}}"#);
    assert!(matches!(message, Message::Malformed(_)), "{message:?}");
}

#[test]
fn data_before_the_type_is_read_all_the_same() {
    let text = r#"{"data": {"prompt_id": "p", "timestamp": 7}, "workflow_id": null, "type": "execution_start"}"#;
    let Message::ExecutionStart(start) = strict(text) else { panic!() };
    assert_eq!((start.prompt_id.as_str(), start.timestamp), ("p", Some(7)));
}

#[test]
fn bars_may_be_whole_fractional_empty_or_null() {
    let values = |text| match strict(text) {
        Message::Progress(progress) => (progress.value, progress.max),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        values(r#"{"type":"progress","data":{"value":1,"max":20,"prompt_id":"p","node":"3"}}"#),
        (Some(1.0), Some(20.0))
    );
    assert_eq!(
        values(r#"{"type":"progress","data":{"value":0.2101,"max":0.7,"prompt_id":"p","node":null}}"#),
        (Some(0.2101), Some(0.7))
    );
    assert_eq!(values(r#"{"type":"progress","data":{"value":null,"max":0}}"#), (None, Some(0.0)));
}

#[test]
fn a_seed_in_an_output_keeps_its_64_bits() {
    let text = r#"{"type":"executed","data":{"node":"1","output":{"seed":[18446744073709551615]},"prompt_id":"p"}}"#;
    let Message::Executed(executed) = strict(text) else { panic!() };
    assert_eq!(executed.output["seed"][0].as_u64(), Some(u64::MAX));
}

#[test]
fn an_unknown_type_is_carried_on_with_its_data_unread() {
    for data in ["\"text\"", "null", "[1, 2]", "{\"a\": {}}"] {
        let text = format!("{{\"type\": \"my.node\", \"data\": {data}}}");
        assert_eq!(strict(&text), Message::Unknown { kind: "my.node".into(), data: data.into() });
    }
    assert_eq!(strict(r#"{"type":"my.node"}"#), Message::Unknown { kind: "my.node".into(), data: "null".into() });
}

#[test]
fn an_unknown_state_of_a_node_is_carried_on() {
    let text = r#"{"type":"progress_state","data":{"prompt_id":"p","nodes":{"1":{"state":"dreaming","value":1,"max":2,"activity":"loading"}}}}"#;
    let Message::ProgressState(state) = strict(text) else { panic!() };
    assert_eq!(state.nodes[0].state, NodeState::Unknown);
    assert_eq!(state.nodes[0].activity.as_deref(), Some("loading"));
}

#[test]
fn nan_and_infinity_are_read_as_null_and_counted() {
    let text = br#"{"type": "executed", "data": {"node": "1", "output": {"a": [NaN, -Infinity, Infinity, -1, "NaN \" Infinity"]}, "prompt_id": "p"}}"#;
    let Message::Executed(executed) = lenient(text) else { panic!() };
    assert_eq!(executed.output["a"], json!([null, null, null, -1, "NaN \" Infinity"]));

    let text = br#"{"type": "progress_state", "data": {"prompt_id": "p", "nodes": {"7": {"value": NaN, "max": 4, "state": "running"}}}}"#;
    let Message::ProgressState(state) = lenient(text) else { panic!() };
    assert_eq!((&*state.nodes[0].node_id, state.nodes[0].value, state.nodes[0].max), ("7", None, Some(4.0)));
}

#[test]
fn lone_surrogates_become_replacement_characters_and_pairs_stay() {
    let text = br#"{"type":"executed","data":{"node":"1","output":{"n":"\ud83d\ude00 \ud83d \ude00\ud83d\\ud800 \\\udfff"},"prompt_id":"p"}}"#;
    let Message::Executed(executed) = lenient(text) else { panic!() };
    assert_eq!(executed.output["n"], "\u{1f600} \u{fffd} \u{fffd}\u{fffd}\\ud800 \\\u{fffd}");
}

#[test]
fn bytes_that_are_no_utf8_do_not_cost_the_message() {
    let message = lenient(b"{\"type\":\"execution_start\",\"data\":{\"prompt_id\":\"p\xff\"}}");
    assert_eq!(message.prompt_id(), Some("p\u{fffd}"));
}

#[test]
fn a_field_of_a_wrong_type_is_left_out_and_the_rest_is_kept() {
    let text = br#"{"type":"execution_error","data":{"prompt_id":"p","node_id":7,"traceback":"one text","executed":["1",2,null,{}],"exception_type":"ValueError","timestamp":"soon"}}"#;
    let Message::ExecutionError(error) = lenient(text) else { panic!() };
    assert_eq!(error.node_id.as_deref(), Some("7"), "a number that stands for an id is that id");
    assert_eq!(error.exception_type.as_deref(), Some("ValueError"));
    assert_eq!(error.executed, ["1", "2"]);
    assert!(error.traceback.is_empty() && error.timestamp.is_none());
}

#[test]
fn what_is_no_message_is_malformed_and_says_why() {
    for (text, reason) in [
        (&b""[..], "EOF"),
        (b"{nope", "key must be a string"),
        (b"[1, 2]", "not an object"),
        (br#"{"data": {}}"#, "\"type\""),
        (br#"{"type": 5, "data": {}}"#, "\"type\""),
        (br#"{"type": "execution_start", "data": {}}"#, "prompt_id"),
        (br#"{"type": "progress_state", "data": {"prompt_id": "p"}}"#, "nodes"),
    ] {
        let Message::Malformed(malformed) = lenient(text) else { panic!("{text:?}") };
        assert!(malformed.reason.contains(reason), "{malformed:?}");
        assert!(malformed.reason.chars().count() <= 200);
    }
}

#[test]
fn nesting_without_end_is_malformed() {
    let text = format!(r#"{{"type":"executed","data":{{"node":"1","prompt_id":"p","output":{}"#, "[".repeat(200_000));
    assert!(matches!(lenient(text.as_bytes()), Message::Malformed(_)));
}

#[test]
fn recorded_readings_of_a_machine_are_read() {
    let texts = recording::texts(&recording::lines("22-custom-messages"), "");
    let stand_in = texts.iter().find(|text| text.contains("trace.monitor")).unwrap();
    let text = stand_in.replace("trace.monitor", "crystools.monitor");
    let Message::Crystools(readings) = strict(&text) else { panic!() };
    assert_eq!((readings.cpu_utilization, readings.ram_used), (Some(12.5), Some(1_234_567.0)));
    assert_eq!((readings.gpus[0].gpu_utilization, readings.gpus[0].vram_used), (Some(0.0), Some(0.0)));
}

#[test]
fn readings_of_crystools_may_miss_any_part() {
    let text = r#"{"type":"crystools.monitor","data":{"cpu_utilization":3,"ram_total":100,"ram_used":50.5,"ram_used_percent":50.5,"device_type":"cuda","gpus":[{"gpu_utilization":99,"vram_total":24,"vram_used":12}]}}"#;
    let Message::Crystools(readings) = strict(text) else { panic!() };
    assert_eq!(
        (readings.cpu_utilization, readings.hdd_total, readings.gpus[0].vram_used),
        (Some(3.0), None, Some(12.0))
    );
    let Message::Crystools(readings) = strict(r#"{"type":"crystools.monitor","data":{"gpus":[]}}"#) else { panic!() };
    assert!(readings.gpus.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_give_a_message(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_data_gives_a_message_and_reading_it_leniently_says_the_same(
        kind in prop::sample::select(vec![
            "status", "execution_start", "execution_cached", "executing", "progress", "progress_state", "executed",
            "execution_success", "execution_error", "execution_interrupted", "feature_flags", "logs",
            "crystools.monitor", "other",
        ]),
        data in crate::recording::json(),
    ) {
        let text = json!({"type": kind, "data": data}).to_string();
        let read = parse(text.as_bytes());
        let forced = text.replacen('{', "{\"not json\": NaN, ", 1);
        prop_assert_eq!(read.message, lenient(forced.as_bytes()));
    }

    #[test]
    fn a_recorded_message_with_bytes_changed_gives_a_message(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        for text in recording::texts(&recording::lines("07-node-error"), "") {
            let mut bytes = text.into_bytes();
            let place = at.index(bytes.len());
            bytes[place] = byte;
            let _ = parse(&bytes);
            let _ = parse(&bytes[..cut.index(bytes.len())]);
        }
    }
}
