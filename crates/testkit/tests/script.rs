//! Jobs made to measure.

mod client;

use std::time::Duration;

use client::{Frame, Socket, get, patiently, post, submit};
use monitor_testkit::script::files;
use monitor_testkit::{Child, Failure, FakeComfy, NodeScript, Script, demo};
use serde_json::{Value, json};

/// Runs the portrait by this script and gives what its submitter heard, from `execution_start` on.
#[allow(clippy::unwrap_used)]
async fn run(script: Script) -> (FakeComfy, Vec<Frame>) {
    let fake = FakeComfy::builder().script(script.previews(false)).speed(0.0).seed(7).start().await.unwrap();
    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait()).await;
    let frames = socket.job().await.split_off(2);
    (fake, frames)
}

fn portrait() -> Value {
    json!({"prompt": demo::portrait(), "client_id": "me"})
}

fn of<'a>(frames: &'a [Frame], kind: &str) -> Vec<&'a Value> {
    frames.iter().filter(|frame| frame.kind() == kind).map(Frame::data).collect()
}

/// The nodes in the order they started.
fn started(frames: &[Frame]) -> Vec<&str> {
    of(frames, "executing").iter().filter_map(|data| data["node"].as_str()).collect()
}

#[tokio::test]
async fn a_node_fails_at_its_step_as_often_as_told_and_then_succeeds() {
    let failure = Failure::error("ValueError", "bad value").at_step(2).times(1);
    let (fake, frames) =
        run(Script::new().node("3", NodeScript::new().steps(5).lasting(Duration::from_secs(5)).failing(failure))).await;
    let bars: Vec<_> = of(&frames, "progress").iter().map(|data| data["value"].clone()).collect();
    assert_eq!(json!(bars), json!([1, 2]));
    let error = of(&frames, "execution_error")[0];
    assert_eq!(
        (&error["node_id"], &error["node_type"], &error["exception_type"]),
        (&json!("3"), &json!("KSampler"), &json!("ValueError"))
    );
    assert_eq!(error["exception_message"], "bad value\n");
    assert_eq!(error["current_inputs"]["steps"], json!([24]));
    let last = of(&frames, "progress_state").last().unwrap()["nodes"]["3"].clone();
    assert_eq!(last["state"], "running", "a failing node never gets a final state");
    assert_eq!(client::kinds(&frames)[frames.len() - 3..], ["execution_error", "status", "executing"]);

    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait()).await;
    assert_eq!(of(&socket.job().await, "execution_success").len(), 1);
}

#[tokio::test]
async fn running_out_of_memory_is_told_in_the_words_of_recording_08() {
    let (_, frames) = run(Script::new().class("KSampler", NodeScript::new().failing(Failure::out_of_memory()))).await;
    let error = of(&frames, "execution_error")[0];
    assert_eq!(error["exception_type"], "torch.OutOfMemoryError");
    let tape = monitor_testkit::Tape::read(&monitor_testkit::tapes_dir().join("08-oom")).unwrap();
    let recorded = match &tape.jobs[0].play.as_ref().unwrap().ending {
        monitor_testkit::play::Ending::Error(data) => data["exception_message"].clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(error["exception_message"], recorded);
}

#[tokio::test]
async fn cached_nodes_are_listed_and_not_run_and_what_only_they_need_is_not_either() {
    let (_, frames) = run(Script::new().node("3", NodeScript::new().cached())).await;
    assert_eq!(of(&frames, "execution_cached")[0]["nodes"], json!(["3"]));
    assert_eq!(started(&frames), ["4", "8", "9"], "the loader is needed for its VAE, the prompts are not");
}

#[tokio::test]
async fn with_caching_the_same_graph_again_tells_only_its_old_files() {
    let (fake, first) = run(Script::new().caching()).await;
    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait()).await;
    let second = socket.job().await;
    assert_eq!(
        client::kinds(&second),
        [
            "status",
            "status",
            "execution_start",
            "execution_cached",
            "executed",
            "progress_state",
            "execution_success",
            "status",
            "executing"
        ]
    );
    assert_eq!(of(&second, "executed")[0]["output"], of(&first, "executed")[0]["output"]);
    assert_eq!(of(&second, "execution_cached")[0]["nodes"].as_array().unwrap().len(), 7);
    assert_eq!(of(&second, "progress_state")[0]["nodes"]["9"]["value"], json!(1));

    let mut other = portrait();
    other["prompt"]["3"]["inputs"]["seed"] = json!(43);
    submit(&fake, &other).await;
    assert_eq!(started(&socket.job().await), ["3", "8", "9"]);
    post(&fake, "/free", &json!({"free_memory": true})).await;
    submit(&fake, &other).await;
    assert_eq!(started(&socket.job().await).len(), 7, "the cache was dropped");
}

#[tokio::test]
async fn parallel_nodes_run_at_the_same_time() {
    let slow = |ms| NodeScript::new().parallel().steps(4).lasting(Duration::from_millis(ms));
    let (_, frames) = run(Script::new().node("6", slow(800)).node("7", slow(400))).await;
    let both = of(&frames, "progress_state")
        .iter()
        .any(|data| data["nodes"]["6"]["state"] == "running" && data["nodes"]["7"]["state"] == "running");
    assert!(both);
    let moved: Vec<_> = of(&frames, "progress").iter().map(|data| data["node"].as_str().unwrap()).take(8).collect();
    assert_ne!(moved, ["6", "6", "6", "6", "7", "7", "7", "7"], "their bars interleave");
    assert_eq!(moved.iter().filter(|node| **node == "6").count(), 4);
}

#[tokio::test]
async fn children_of_an_expanding_node_have_its_ids_and_end_before_it() {
    let child =
        Child::new("body", "KSampler", NodeScript::new().steps(2).lasting(Duration::from_secs(1))).shown_as("6");
    let script = Script::new()
        .node("3", NodeScript::new().steps(0).expanding(vec![child, Child::new("end", "X", NodeScript::new())]));
    let (_, frames) = run(script).await;
    let order = started(&frames);
    let at = order.iter().position(|node| *node == "3").unwrap();
    assert_eq!(order[at..at + 3], ["3", "3.0.0.body", "3.0.0.end"]);
    let last = of(&frames, "progress_state").last().unwrap()["nodes"].clone();
    assert_eq!(
        (
            &last["3.0.0.body"]["parent_node_id"],
            &last["3.0.0.body"]["real_node_id"],
            &last["3.0.0.body"]["display_node_id"]
        ),
        (&json!("3"), &json!("3"), &json!("6"))
    );
    assert_eq!(last["3.0.0.end"]["display_node_id"], "3");
    let states = of(&frames, "progress_state");
    let parent_done = states.iter().position(|data| data["nodes"]["3"]["state"] == "finished").unwrap();
    assert_eq!(states[parent_done]["nodes"]["3.0.0.end"]["state"], "finished");
}

#[tokio::test]
async fn a_blocked_node_ends_its_branch_and_not_the_job() {
    let (fake, frames) = run(Script::new().node("8", NodeScript::new().blocked("no faces found"))).await;
    let blocked = of(&frames, "execution_error")[0];
    assert_eq!(
        (&blocked["exception_type"], &blocked["exception_message"]),
        (&json!("ExecutionBlocked"), &json!("Execution Blocked: no faces found"))
    );
    assert!(blocked.get("timestamp").is_none());
    assert!(of(&frames, "executed").is_empty(), "nothing behind it gives files");
    assert_eq!(of(&frames, "execution_success").len(), 1);
    let id = fake.state().history[0].clone();
    assert_eq!(get(&fake, &format!("/history/{id}")).await.json()[&id]["outputs"], json!({}));
}

#[tokio::test]
async fn a_bar_may_run_several_times_and_is_throttled_in_between() {
    let node = NodeScript::new().steps(4).rounds(3).lasting(Duration::from_secs(12));
    let (_, frames) = run(Script::new().node("3", node)).await;
    let values: Vec<_> = of(&frames, "progress").iter().map(|data| data["value"].clone()).collect();
    assert_eq!(json!(values), json!([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]));

    let (_, frames) = run(Script::new().node("3", NodeScript::new().steps(100).lasting(Duration::from_secs(1)))).await;
    let values: Vec<_> = of(&frames, "progress").iter().map(|data| data["value"].as_u64().unwrap()).collect();
    assert_eq!(values, [1, 11, 21, 31, 41, 51, 61, 71, 81, 91, 100]);
}

#[tokio::test]
async fn a_node_gives_any_output_says_a_text_to_all_and_names_files_that_are_served() {
    let output = files("audio", &[("sonne – ünï.flac", "sub dir", "output")]);
    let script = Script::new().node("9", NodeScript::new().output(output.clone()).saying("width: 512"));
    let (fake, frames) = run(script).await;
    assert_eq!(of(&frames, "executed")[0]["output"], output);
    assert!(frames.contains(&Frame::Binary(b"\0\0\0\x03\0\0\0\x019width: 512".to_vec())));
    let reply = get(&fake, "/view?filename=sonne%20%E2%80%93%20%C3%BCn%C3%AF.flac&subfolder=sub%20dir").await;
    assert_eq!((reply.headers["content-type"].as_str(), &reply.body[..4]), ("audio/flac", b"fLaC".as_slice()));
}

#[tokio::test]
async fn the_same_seed_script_and_graph_give_the_same_messages() {
    let strip = |frames: Vec<Frame>| -> Vec<Value> {
        frames
            .into_iter()
            .map(|frame| {
                let mut data = frame.data().clone();
                if let Some(data) = data.as_object_mut() {
                    data.remove("timestamp");
                }
                json!([frame.kind(), data])
            })
            .collect()
    };
    let (_, one) = run(Script::new()).await;
    let (_, other) = run(Script::new()).await;
    assert_eq!(strip(one), strip(other));
}

#[tokio::test]
async fn at_natural_speed_a_job_takes_its_time_and_at_double_speed_half_of_it() {
    let script = || Script::new().pace(0.0).node("3", NodeScript::new().steps(0).lasting(Duration::from_millis(400)));
    for (speed, least) in [(1.0, 400), (2.0, 200)] {
        let fake = FakeComfy::builder().script(script()).speed(speed).start().await.unwrap();
        let id = submit(&fake, &portrait()).await;
        patiently("the end", fake.wait_idle()).await;
        let job = get(&fake, &format!("/api/jobs/{id}")).await.json();
        let took = job["execution_end_time"].as_u64().unwrap() - job["execution_start_time"].as_u64().unwrap();
        assert!(took >= least - 2, "{took} ms at speed {speed}");
    }
}

#[tokio::test]
async fn a_graph_of_thousands_of_nodes_in_one_chain_runs() {
    let mut graph = serde_json::Map::new();
    graph.insert("0".into(), json!({"class_type": "EmptyImage", "inputs": {}}));
    for index in 1..1_500 {
        graph.insert(
            index.to_string(),
            json!({"class_type": "ImageInvert", "inputs": {"image": [(index - 1).to_string(), 0]}}),
        );
    }
    let fake = FakeComfy::builder().speed(0.0).start().await.unwrap();
    let id = submit(&fake, &json!({"prompt": graph})).await;
    patiently("the end", fake.wait_idle()).await;
    assert_eq!(get(&fake, &format!("/api/jobs/{id}")).await.json()["status"], "completed");
}
