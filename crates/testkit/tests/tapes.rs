//! Every recording, submitted again, gives what was recorded.

mod client;

use std::sync::Arc;

use client::{Frame, Socket, get, post, submit};
use monitor_testkit::tape::{Event, Line, TapeJob};
use monitor_testkit::{Addressee, FakeComfy, Programme, Tape, tapes_dir};
use serde_json::{Value, json};

#[allow(clippy::unwrap_used)]
fn tapes() -> Vec<Arc<Tape>> {
    let mut folders: Vec<_> = std::fs::read_dir(tapes_dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders
        .iter()
        .map(|folder| Arc::new(Tape::read(folder).unwrap()))
        .collect()
}

#[allow(clippy::unwrap_used)]
fn tape(name: &str) -> Arc<Tape> {
    Arc::new(Tape::read(&tapes_dir().join(name)).unwrap())
}

#[allow(clippy::unwrap_used)]
async fn fake(tape: &Arc<Tape>) -> FakeComfy {
    FakeComfy::builder()
        .tape(Arc::clone(tape))
        .speed(0.0)
        .start()
        .await
        .unwrap()
}

/// What a message says apart from ids, times and the length of the queue: type, node, value, output; of
/// `progress_state` every node's state.
fn gist(message: &Value) -> Value {
    let data = &message["data"];
    match message["type"].as_str() {
        Some("status") => json!("status"),
        Some("progress_state") => {
            let nodes = data["nodes"].as_object().into_iter().flatten();
            let states: Vec<_> = nodes
                .map(|(id, entry)| {
                    json!([
                        id,
                        entry["state"],
                        entry["value"],
                        entry["max"],
                        entry["real_node_id"],
                        entry["display_node_id"],
                        entry["parent_node_id"]
                    ])
                })
                .collect();
            json!(["progress_state", states])
        }
        _ => {
            let mut message = message.clone();
            if let Some(data) = message["data"].as_object_mut() {
                data.retain(|name, _| !["prompt_id", "timestamp"].contains(&name.as_str()));
            }
            message
        }
    }
}

/// The job's messages as one socket recorded them, from `execution_start` to `executing` of nothing.
fn recorded(tape: &Tape, job: &TapeJob, conn: &str) -> Vec<Value> {
    let earlier = tape.jobs.iter().take_while(|other| other.at < job.at);
    let mut skipped = earlier
        .filter(|other| other.prompt_id == job.prompt_id)
        .count();
    let mut begun = false;
    let mut messages = Vec::new();
    for Line { event, .. } in tape.lines.iter().filter(|line| line.conn == conn) {
        match event {
            Event::Text { data } => {
                let is_this = data["data"]["prompt_id"] == job.prompt_id.as_str();
                if data["type"] == "execution_start" && is_this {
                    begun = skipped == 0;
                    skipped = skipped.saturating_sub(1);
                }
                if begun {
                    messages.push(gist(data));
                }
                if begun && data["type"] == "executing" && data["data"]["node"].is_null() && is_this
                {
                    break;
                }
            }
            Event::Binary { event, len, .. } if begun => {
                messages.push(json!(["binary", event, len]))
            }
            _ => {}
        }
    }
    messages
}

/// Tells the first difference, since the whole is long.
#[track_caller]
fn assert_same(mine: &[Value], recorded: &[Value], what: &str) {
    assert!(!recorded.is_empty(), "{what}: nothing was recorded");
    for at in 0..mine.len().max(recorded.len()) {
        assert_eq!(mine.get(at), recorded.get(at), "{what}, message {at}");
    }
}

fn heard(frames: &[Frame]) -> Vec<Value> {
    let begun = frames
        .iter()
        .skip_while(|frame| frame.kind() != "execution_start");
    begun
        .map(|frame| match frame {
            Frame::Text(message) => gist(message),
            Frame::Binary(bytes) => json!([
                "binary",
                bytes
                    .iter()
                    .take(4)
                    .fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
                bytes.len()
            ]),
            Frame::End(_) => json!("end"),
        })
        .collect()
}

fn without_status(messages: Vec<Value>) -> Vec<Value> {
    messages
        .into_iter()
        .filter(|message| message != "status")
        .collect()
}

#[tokio::test]
async fn every_recorded_job_of_one_socket_plays_as_recorded_message_by_message() {
    let mut played = 0;
    for tape in tapes() {
        // Several sockets, kills and cuts have tests of their own; 12 has type 4 previews.
        if tape.name.starts_with("13")
            || tape.name.starts_with("14")
            || tape.name.starts_with("15")
            || tape.name.starts_with("12")
        {
            continue;
        }
        let fake = fake(&tape).await;
        let mut socket = Socket::open(&fake, "me").await;
        for job in &tape.jobs {
            let mut body = job.body.clone();
            body.insert("client_id".into(), json!("me"));
            submit(&fake, &body.into()).await;
            let frames = socket.job().await;
            let expected = recorded(&tape, job, "a");
            if tape.name == "17b-prompt-id-reused" {
                // There the second job was submitted while the first ran.
                assert_same(
                    &without_status(heard(&frames)),
                    &without_status(expected),
                    &tape.name,
                );
            } else {
                assert_same(&heard(&frames), &expected, &tape.name);
            }
            let before: Vec<_> = client::kinds(&frames)
                .into_iter()
                .take_while(|kind| *kind != "execution_start")
                .collect();
            assert_eq!(before, ["status", "status"], "{}", tape.name);
            played += 1;
        }
    }
    assert!(played >= 20, "only {played} jobs were played");
}

#[tokio::test]
async fn every_recorded_history_entry_comes_back_with_new_ids_and_times() {
    let mut compared = 0;
    for tape in tapes() {
        let fake = fake(&tape).await;
        for job in tape
            .jobs
            .iter()
            .filter(|job| job.play.as_ref().is_some_and(|play| play.history.is_some()))
        {
            if tape.name == "15-server-killed" || tape.name == "17b-prompt-id-reused" {
                continue;
            }
            let mut body = job.body.clone();
            body.remove("prompt_id");
            let id = submit(&fake, &body.into()).await;
            client::patiently("the end", fake.wait_idle()).await;
            let mine = get(&fake, &format!("/history/{id}")).await.json()[&id].clone();
            let history = job
                .play
                .as_ref()
                .and_then(|play| play.history.clone())
                .unwrap_or_default();
            assert_eq!(mine["outputs"], history["outputs"], "{}", tape.name);
            assert_eq!(mine["prompt"][2], history["prompt"][2], "{}", tape.name);
            assert_eq!(mine["prompt"][4], history["prompt"][4], "{}", tape.name);
            assert_eq!(
                mine["status"]["status_str"], history["status"]["status_str"],
                "{}",
                tape.name
            );
            assert_eq!(
                mine["status"]["completed"], history["status"]["completed"],
                "{}",
                tape.name
            );
            assert_eq!(mine["meta"], history["meta"], "{}", tape.name);
            let messages = |entry: &Value| -> Vec<Value> {
                let list = entry["status"]["messages"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                list.iter()
                    .map(|message| gist(&json!({"type": message[0], "data": message[1]})))
                    .collect()
            };
            assert_eq!(messages(&mine), messages(&history), "{}", tape.name);
            assert_eq!(mine["status"]["messages"][0][1]["prompt_id"], id.as_str());
            assert!(
                !mine.to_string().contains(&job.prompt_id),
                "{}: the recorded id is left",
                tape.name
            );
            compared += 1;
        }
    }
    assert!(compared >= 25, "only {compared} entries were compared");
}

#[tokio::test]
async fn recorded_refusals_are_answered_as_recorded_and_send_no_message() {
    let tape = tape("06-validation-errors");
    let fake = fake(&tape).await;
    let mut socket = Socket::open(&fake, "me").await;
    assert!(tape.refusals.len() > 13);
    for refusal in &tape.refusals {
        let reply = post(&fake, "/prompt", &refusal.request).await;
        assert_eq!(
            (reply.status, reply.json()),
            (refusal.status, refusal.answer.clone())
        );
    }
    submit(
        &fake,
        &json!({"prompt": {"1": {"class_type": "SaveImage", "inputs": {}}}, "client_id": "me"}),
    )
    .await;
    let frames = socket.job().await;
    assert_eq!(
        client::kinds(&frames)[..3],
        ["status", "status", "execution_start"]
    );
}

#[tokio::test]
async fn a_client_with_the_flag_hears_the_previews_of_recording_12_as_type_4_before_their_progress()
{
    let tape = tape("12-preview-metadata");
    let fake = fake(&tape).await;
    let mut socket = Socket::open(&fake, "me").await;
    socket
        .send(&json!({"type": "feature_flags", "data": {"supports_preview_metadata": true}}))
        .await;
    socket.until("feature_flags").await;
    let mut body = tape.jobs[0].body.clone();
    body.insert("client_id".into(), json!("me"));
    let id = submit(&fake, &body.clone().into()).await;
    let frames = socket.job().await;
    assert_same(
        &heard(&frames),
        &recorded(&tape, &tape.jobs[0], "a"),
        &tape.name,
    );
    let Some(Frame::Binary(preview)) = frames.iter().find(|frame| frame.kind() == "binary") else {
        panic!("no preview")
    };
    let len = u32::from_be_bytes([preview[4], preview[5], preview[6], preview[7]]) as usize;
    let header: Value = serde_json::from_slice(&preview[8..8 + len]).unwrap();
    assert_eq!(
        header,
        json!({"node_id": "3", "prompt_id": id, "display_node_id": "3", "parent_node_id": null, "real_node_id": "3", "image_type": "image/jpeg"})
    );

    let mut plain = Socket::open(&fake, "plain").await;
    body.insert("client_id".into(), json!("plain"));
    submit(&fake, &body.into()).await;
    let frames = plain.job().await;
    let at = frames
        .iter()
        .position(|frame| frame.kind() == "binary")
        .unwrap();
    assert_eq!(
        frames[at - 1].kind(),
        "progress",
        "type 1 comes after its progress"
    );
    let Frame::Binary(preview) = &frames[at] else {
        panic!("no preview")
    };
    assert_eq!(preview[..8], [0, 0, 0, 1, 0, 0, 0, 1]);
}

#[tokio::test]
async fn previews_that_the_recorder_cut_can_be_decoded_and_are_as_long_as_recorded() {
    let tape = tape("02-txt2img");
    let fake = fake(&tape).await;
    let mut socket = Socket::open(&fake, "me").await;
    let mut body = tape.jobs[0].body.clone();
    body.insert("client_id".into(), json!("me"));
    submit(&fake, &body.into()).await;
    let frames = socket.job().await;
    let previews: Vec<_> = frames
        .iter()
        .filter_map(|frame| {
            if let Frame::Binary(bytes) = frame {
                Some(bytes)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(previews.len(), 20);
    for preview in previews {
        let image = image::load_from_memory(&preview[8..]).unwrap();
        assert_eq!((image.width(), image.height()), (512, 512));
    }
}

#[tokio::test]
async fn recording_13_runs_its_jobs_by_number_and_shows_the_queue_as_it_lies() {
    let tape = tape("13-queue-and-observer");
    let fake = FakeComfy::builder()
        .tape(Arc::clone(&tape))
        .speed(0.0)
        .start()
        .await
        .unwrap();
    fake.faults(|faults| faults.hold_after = Some(6));
    let mut observer = Socket::open(&fake, "observer").await;
    let mut numbers = Vec::new();
    for job in &tape.jobs {
        let mut body = job.body.clone();
        // The counter begins at 0 here, there at 54.
        body.entry("number")
            .and_modify(|number| *number = json!(-0.5));
        numbers.push(submit(&fake, &body.into()).await);
        if numbers.len() == 1 {
            client::patiently("the first to run", fake.wait_until(|state| state.held)).await;
        }
    }
    let queue = get(&fake, "/queue").await.json();
    let lying: Vec<_> = queue["queue_pending"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item[0].clone())
        .collect();
    assert_eq!(
        lying,
        [json!(-4), json!(-0.5), json!(3), json!(2), json!(1)],
        "the order of recording 13: -58, -5.5, 57, 56, 55"
    );
    assert_eq!(queue["queue_running"][0][1], numbers[0].as_str());
    assert_eq!(
        queue["queue_running"][0][3]["client_id"],
        tape.jobs[0].body["client_id"]
    );

    assert_eq!(
        post(&fake, "/queue", &json!({"delete": [numbers[3]]}))
            .await
            .status,
        200
    );
    fake.faults(|faults| faults.hold_after = None);
    fake.release();
    let state = client::patiently("all jobs", fake.wait_idle()).await;
    let order: Vec<_> = [0, 4, 5, 1, 2]
        .iter()
        .map(|index| numbers[*index].clone())
        .collect();
    assert_eq!(state.history, order);
    let mut lengths = Vec::new();
    while lengths.last() != Some(&0) {
        let status = observer.next().await;
        assert_eq!(status.kind(), "status", "an observer hears nothing else");
        lengths.push(
            status.data()["status"]["exec_info"]["queue_remaining"]
                .as_u64()
                .unwrap(),
        );
    }
    assert_eq!(lengths, [1, 1, 2, 3, 4, 5, 6, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0]);
}

#[tokio::test]
async fn jobs_without_client_id_tell_everybody_what_recording_13b_shows_and_no_more() {
    let tape = tape("13b-no-client-id");
    let fake = fake(&tape).await;
    let (mut one, mut other) = (
        Socket::open(&fake, "one").await,
        Socket::open(&fake, "other").await,
    );
    for job in &tape.jobs {
        submit(&fake, &job.body.clone().into()).await;
        client::patiently("the end", fake.wait_idle()).await;
        let mut expected: Vec<Value> = Vec::new();
        for line in tape.lines.iter().filter(|line| line.conn == "a") {
            match &line.event {
                Event::Text { data } if data["data"]["prompt_id"] == job.prompt_id.as_str() => {
                    expected.push(data["type"].clone())
                }
                Event::Binary { .. } if job.prompt_id == tape.jobs[3].prompt_id => {
                    expected.push(json!("binary"))
                }
                _ => {}
            }
        }
        for socket in [&mut one, &mut other] {
            let mut frames = Vec::new();
            let mut statuses = 0;
            while statuses < 3 {
                let frame = socket.next().await;
                statuses += i32::from(frame.kind() == "status");
                frames.push(frame);
            }
            let told: Vec<_> = client::kinds(&frames)
                .into_iter()
                .filter(|kind| *kind != "status")
                .collect();
            assert_eq!(json!(told), json!(expected));
        }
    }
}

#[tokio::test]
async fn recording_15b_cuts_the_socket_and_tells_the_display_node_on_reconnect() {
    let tape = tape("15b-reconnect-mid-job");
    let fake = fake(&tape).await;
    fake.faults(|faults| faults.hold_after = Some(16));
    let mut socket = Socket::open(&fake, "me").await;
    let mut body = tape.jobs[0].body.clone();
    body.insert("client_id".into(), json!("me"));
    submit(&fake, &body.into()).await;
    let before = socket.job().await;
    assert_eq!(
        before.last(),
        Some(&Frame::End(false)),
        "the stream ends without a Close frame"
    );
    client::patiently(
        "the hold",
        fake.wait_until(|state| state.held && state.open_sockets == 0),
    )
    .await;

    let mut socket = Socket::open(&fake, "me").await;
    let again = socket.next().await;
    assert_eq!(
        (again.kind(), again.data()),
        ("executing", &json!({"node": "2"}))
    );
    fake.release();
    let after = socket.job().await;
    let rest: Vec<_> = tape
        .lines
        .iter()
        .filter(|line| line.conn == "b")
        .filter_map(|line| {
            if let Event::Text { data } = &line.event {
                Some(gist(data))
            } else {
                None
            }
        })
        .skip(2)
        .collect();
    assert_eq!(
        after
            .iter()
            .map(|frame| gist(&json!({"type": frame.kind(), "data": frame.data()})))
            .collect::<Vec<_>>(),
        rest
    );
}

#[tokio::test]
async fn recording_15_kills_the_server_and_brings_it_back_with_nothing_in_it() {
    let tape = tape("15-server-killed");
    let fake = fake(&tape).await;
    let mut socket = Socket::open(&fake, "me").await;
    let mut bodies = tape.jobs.iter().map(|job| {
        let mut body = job.body.clone();
        body.insert("client_id".into(), json!("me"));
        Value::Object(body)
    });
    fake.faults(|faults| faults.hold_after = Some(9));
    let lost = submit(&fake, &bodies.next().unwrap()).await;
    client::patiently("the hold", fake.wait_until(|state| state.held)).await;
    let waiting = submit(&fake, &bodies.next().unwrap()).await;
    fake.faults(|faults| faults.hold_after = None);
    fake.release();
    assert_eq!(socket.job().await.last(), Some(&Frame::End(false)));
    client::patiently(
        "the restart",
        fake.wait_until(|state| state.alive && state.open_sockets == 0),
    )
    .await;
    assert_eq!(
        get(&fake, "/queue").await.json(),
        json!({"queue_running": [], "queue_pending": []})
    );
    for id in [lost, waiting] {
        assert_eq!(
            get(&fake, &format!("/history/{id}")).await.json(),
            json!({})
        );
    }
    let mut socket = Socket::open(&fake, "me").await;
    let reply = post(&fake, "/prompt", &bodies.next().unwrap()).await.json();
    assert_eq!(reply["number"], 0, "the counter begins again");
    assert_same(
        &heard(&socket.job().await),
        &recorded(&tape, &tape.jobs[2], "b"),
        &tape.name,
    );
}

#[tokio::test]
async fn a_tape_played_by_itself_runs_every_job_for_the_recorded_or_the_given_client() {
    let tape = tape("08-oom");
    let programme = Programme::new()
        .tape(&tape)
        .addressed_to(Addressee::Client("me".into()));
    let fake = FakeComfy::builder()
        .speed(0.0)
        .programme(programme.clone())
        .start()
        .await
        .unwrap();
    let state = client::patiently(
        "both jobs",
        fake.wait_until(|state| state.history.len() == 2),
    )
    .await;
    let entry = get(&fake, &format!("/history/{}", state.history[0]))
        .await
        .json()[&state.history[0]]
        .clone();
    assert_eq!(entry["prompt"][3]["client_id"], "me");
    assert_eq!(
        entry["status"]["messages"][2][1]["exception_type"],
        "torch.OutOfMemoryError"
    );

    let endless = FakeComfy::builder()
        .speed(0.0)
        .programme(programme.looping())
        .start()
        .await
        .unwrap();
    client::patiently(
        "three rounds",
        endless.wait_until(|state| state.history.len() >= 6),
    )
    .await;
}

#[tokio::test]
async fn a_graph_with_other_values_plays_the_tape_and_one_with_other_links_a_script() {
    let tape = tape("07-node-error");
    let fake = fake(&tape).await;
    let mut body = tape.jobs[0].body.clone();
    body["prompt"]["1"]["inputs"]["color"] = json!(999);
    let id = submit(&fake, &body.clone().into()).await;
    client::patiently("the end", fake.wait_idle()).await;
    let entry = get(&fake, &format!("/history/{id}")).await.json()[&id].clone();
    assert_eq!(entry["status"]["messages"][2][0], "execution_error");
    assert_eq!(entry["prompt"][2]["1"]["inputs"]["color"], 999);

    body["prompt"]["3"]["inputs"]["images"] = json!(["1", 0]);
    let id = submit(&fake, &body.into()).await;
    client::patiently("the end", fake.wait_idle()).await;
    let entry = get(&fake, &format!("/history/{id}")).await.json()[&id].clone();
    assert_eq!(entry["status"]["messages"][2][0], "execution_success");
}

#[test]
fn every_recording_can_be_read_and_all_but_four_jobs_were_heard() {
    let tapes = tapes();
    assert_eq!(tapes.len(), 29);
    let silent: Vec<_> = tapes
        .iter()
        .flat_map(|tape| {
            tape.jobs
                .iter()
                .filter(|job| job.play.is_none())
                .map(|job| (tape.name.as_str(), job.prompt_id.as_str()))
        })
        .collect();
    // Deleted while it waited; told to nobody, twice; waiting when the server died.
    let names: Vec<_> = silent.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "13-queue-and-observer",
            "13c-submitter-not-connected",
            "14b-old-socket-closes-later",
            "15-server-killed"
        ]
    );
}
