//! Reading and writing recordings.

use std::time::Duration;

use monitor_testkit::play::{Action, Ending};
use monitor_testkit::tape::{Event, Exchange};
use monitor_testkit::{Tape, TapeWriter, tapes_dir};
use serde_json::{Value, json};

fn alone(_: &str) -> Option<String> {
    None
}

#[test]
fn a_tape_written_again_line_by_line_is_the_same_tape() {
    for name in ["01-trivial", "16-outputs", "15-server-killed", "22-custom-messages"] {
        let tape = Tape::read(&tapes_dir().join(name)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut writer = TapeWriter::create(&folder.path().join(name)).unwrap();
        for line in &tape.lines {
            writer.line(Duration::from_secs_f64(line.t), &line.conn, line.event.clone()).unwrap();
        }
        writer.finish().unwrap();
        let parsed = |path: &std::path::Path| -> Vec<Value> {
            let text = std::fs::read_to_string(path.join("trace.jsonl")).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        assert_eq!(parsed(&folder.path().join(name)), parsed(&tapes_dir().join(name)), "{name}");
    }
}

#[test]
fn what_is_recorded_can_be_played() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine");
    let ms = Duration::from_millis;
    let mut writer = TapeWriter::create(&path).unwrap();
    writer.open(ms(0), "a", "/ws?clientId=me").unwrap();
    writer
        .text(ms(1), "a", r#"{"type":"status","data":{"status":{"exec_info":{"queue_remaining":0}},"sid":"me"}}"#)
        .unwrap();
    let graph = json!({"1": {"class_type": "X", "inputs": {}}});
    let post = Exchange {
        method: "POST".into(),
        path: "/prompt".into(),
        status: Some(200),
        request: Some(json!({"prompt": graph, "client_id": "me"})),
        response: Some(json!({"prompt_id": "p", "number": 3, "node_errors": {}})),
        ..Exchange::default()
    };
    writer.http(ms(2), post).unwrap();
    writer.text(ms(3), "a", r#"{"type":"execution_start","data":{"prompt_id":"p","timestamp":1}}"#).unwrap();
    writer.text(ms(4), "a", r#"{"type":"progress","data":{"value":NaN}}"#).unwrap();
    writer.text(ms(5), "a", r#"{"type":"progress","data":{"value":1,"max":2,"prompt_id":"p","node":"1"}}"#).unwrap();
    writer.binary(ms(6), "a", &[&[0, 0, 0, 1, 0, 0, 0, 1][..], &vec![7; 20_000]].concat()).unwrap();
    writer.text(ms(7), "a", r#"{"type":"execution_success","data":{"prompt_id":"p","timestamp":9}}"#).unwrap();
    writer.text(ms(8), "a", r#"{"type":"executing","data":{"node":null,"prompt_id":"p"}}"#).unwrap();
    let history = json!({"p": {"prompt": [3, "p", graph, {}, ["1"]], "outputs": {}, "status": {"messages": []}}});
    let get = Exchange {
        method: "GET".into(),
        path: "/history/p".into(),
        status: Some(200),
        response: Some(history.clone()),
        ..Exchange::default()
    };
    writer.http(ms(9), get).unwrap();
    writer.close(ms(10), "a", None).unwrap();
    writer.finish().unwrap();

    assert!(path.join("prompt.json").exists() && path.join("prompt_response.json").exists());
    let tape = Tape::read(&path).unwrap();
    assert_eq!((tape.name.as_str(), tape.jobs.len()), ("mine", 1));
    let play = tape.jobs[0].play.as_ref().unwrap();
    assert_eq!(play.history, Some(history["p"].clone()));
    assert_eq!(play.ending, Ending::Success);
    assert_eq!(play.ends_at, ms(4));
    assert!(matches!(&play.steps[0].action, Action::Text { kind, .. } if kind == "progress"));
    assert!(matches!(&play.steps[1].action, Action::Preview { node, .. } if node == "1"));
    let kept = tape.lines.iter().find_map(|line| {
        if let Event::Binary { len, b64, truncated, .. } = &line.event {
            Some((*len, b64.len(), *truncated))
        } else {
            None
        }
    });
    assert_eq!(kept, Some((20_008, 684, true)), "only the first 512 bytes are kept");
    let notes: Vec<_> = tape.lines.iter().filter(|line| matches!(&line.event, Event::Note { .. })).collect();
    assert_eq!(notes.len(), 1, "what is not JSON is noted");
    assert!(TapeWriter::create(&path).is_err(), "a recording is not written over");
}

#[test]
fn a_job_overheard_without_its_submission_is_a_job() {
    let full = std::fs::read_to_string(tapes_dir().join("07-node-error/trace.jsonl")).unwrap();
    let without: Vec<_> = full.lines().filter(|line| !line.contains(r#""path": "/prompt""#)).collect();
    let beside = |file: &str| std::fs::read_to_string(tapes_dir().join("07-node-error").join(file)).ok();
    let tape = Tape::parse("overheard", &without.join("\n"), beside).unwrap();
    assert_eq!(tape.jobs.len(), 1);
    assert_eq!(tape.jobs[0].client_id.as_deref(), Some("00000007-aaaa-4bbb-8ccc-000000000001"));
    assert_eq!(tape.jobs[0].graph().unwrap()["2"]["class_type"], "TraceRaise");
    assert!(matches!(tape.jobs[0].play.as_ref().unwrap().ending, Ending::Error(_)));
}

#[test]
fn a_broken_line_is_told_with_its_number() {
    let error = Tape::parse("x", "{\"t\":0,\"conn\":\"a\",\"kind\":\"note\",\"text\":\"\"}\n{nope", alone).unwrap_err();
    assert!(error.to_string().starts_with("tape x, line 2:"), "{error}");
    let later = Tape::parse("x", r#"{"t":0,"conn":"a","kind":"of a later version","what":1}"#, alone).unwrap();
    assert!(matches!(later.lines[0].event, Event::Unknown));
}

#[tokio::test]
async fn a_tape_whose_messages_are_of_wrong_types_plays_to_its_end() {
    let lines = [
        r#"{"t":0,"conn":"a","kind":"text","data":{"type":"status","data":{"sid":"me"}}}"#,
        r#"{"t":-1,"conn":"http","kind":"http","method":"POST","path":"/prompt","status":200,"request":{"prompt":{"1":"text","2":{"class_type":"X","inputs":7}},"client_id":"me"},"response":{"prompt_id":"p","number":"n"}}"#,
        r#"{"t":1e300,"conn":"a","kind":"text","data":{"type":"execution_start","data":{"prompt_id":"p"}}}"#,
        r#"{"t":2,"conn":"a","kind":"text","data":{"type":"progress_state","data":"text"}}"#,
        r#"{"t":2,"conn":"a","kind":"text","data":{"type":"progress_state","data":{"prompt_id":"p","nodes":[1]}}}"#,
        r#"{"t":2,"conn":"a","kind":"text","data":{"type":"progress","data":"text"}}"#,
        r#"{"t":2,"conn":"a","kind":"text","data":{"type":"executed","data":{"node":7,"output":"text"}}}"#,
        r#"{"t":2,"conn":"a","kind":"binary","event":4,"len":999999999999,"b64":"AAAABP////8="}"#,
        r#"{"t":2,"conn":"a","kind":"binary","event":4,"len":8,"b64":"AAAABP////8="}"#,
        r#"{"t":2,"conn":"a","kind":"binary","event":1,"len":4,"b64":"AAAAAQ=="}"#,
        r#"{"t":3,"conn":"a","kind":"text","data":{"type":"execution_error","data":{"prompt_id":"p","timestamp":"soon"}}}"#,
        r#"{"t":4,"conn":"http","kind":"http","method":"GET","path":"/history/p","status":200,"response":{"p":7,"q":{"prompt":"text","status":[]}}}"#,
    ];
    let tape = Tape::parse("hostile", &lines.join("\n"), alone).unwrap();
    assert!(tape.jobs[0].play.as_ref().unwrap().steps.len() >= 6);
    let programme = monitor_testkit::Programme::new().tape(&tape).looping();
    let faults = monitor_testkit::Faults { old_messages: true, ..monitor_testkit::Faults::default() };
    let fake = monitor_testkit::FakeComfy::builder()
        .tape(tape)
        .programme(programme)
        .faults(faults)
        .speed(0.0)
        .start()
        .await
        .unwrap();
    let rounds = fake.wait_until(|state| state.history.len() >= 3);
    tokio::time::timeout(Duration::from_secs(20), rounds).await.unwrap();
}

#[test]
fn file_names_in_a_trace_do_not_lead_out_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("tape");
    std::fs::create_dir(&tape).unwrap();
    std::fs::write(folder.path().join("secret.json"), r#"{"p":{"status":{}}}"#).unwrap();
    std::fs::write(
        tape.join("trace.jsonl"),
        [
            r#"{"t":0,"conn":"http","kind":"http","method":"GET","path":"/history/p","status":200,"response_file":"../secret.json"}"#,
            r#"{"t":0,"conn":"http","kind":"http","method":"POST","path":"/prompt","status":200,"request":{"prompt":{}},"response":{"prompt_id":"p"}}"#,
            r#"{"t":0,"conn":"a","kind":"text","data":{"type":"progress_state","data":{"prompt_id":"p","nodes":{}}}}"#,
        ]
        .join("\n"),
    )
    .unwrap();
    let tape = Tape::read(&tape).unwrap();
    assert_eq!(tape.jobs[0].play.as_ref().unwrap().history, None);
}

#[test]
fn the_binary_carries_its_demo() {
    let tapes = monitor_testkit::demo::tapes().unwrap();
    assert!(tapes.len() >= 6);
    for tape in &tapes {
        assert!(tape.jobs[0].play.as_ref().is_some_and(|play| play.history.is_some()), "{}", tape.name);
    }
}

#[tokio::test]
async fn the_demo_programme_runs_round_after_round_for_whoever_is_connected() {
    let programme = monitor_testkit::demo::programme().unwrap();
    let fake = monitor_testkit::FakeComfy::builder().programme(programme).speed(0.0).start().await.unwrap();
    let rounds = fake.wait_until(|state| state.history.len() >= 30);
    let state = tokio::time::timeout(Duration::from_mins(1), rounds).await.unwrap();
    assert!(state.alive);
}
