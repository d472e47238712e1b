//! Every recording, submitted again, gives what was recorded.

mod client;
mod recordings;

use client::{Frame, Socket, get, post, submit};
use recordings::{assert_same, fake, gist, heard, recorded, tape, tapes, without_status};
use serde_json::{Value, json};

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
                assert_same(&without_status(heard(&frames)), &without_status(expected), &tape.name);
            } else {
                assert_same(&heard(&frames), &expected, &tape.name);
            }
            let before: Vec<_> =
                client::kinds(&frames).into_iter().take_while(|kind| *kind != "execution_start").collect();
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
        for job in tape.jobs.iter().filter(|job| job.play.as_ref().is_some_and(|play| play.history.is_some())) {
            if tape.name == "15-server-killed" || tape.name == "17b-prompt-id-reused" {
                continue;
            }
            let mut body = job.body.clone();
            body.remove("prompt_id");
            let id = submit(&fake, &body.into()).await;
            client::patiently("the end", fake.wait_idle()).await;
            let mine = get(&fake, &format!("/history/{id}")).await.json()[&id].clone();
            let history = job.play.as_ref().and_then(|play| play.history.clone()).unwrap_or_default();
            assert_eq!(mine["outputs"], history["outputs"], "{}", tape.name);
            assert_eq!(mine["prompt"][2], history["prompt"][2], "{}", tape.name);
            assert_eq!(mine["prompt"][4], history["prompt"][4], "{}", tape.name);
            assert_eq!(mine["status"]["status_str"], history["status"]["status_str"], "{}", tape.name);
            assert_eq!(mine["status"]["completed"], history["status"]["completed"], "{}", tape.name);
            assert_eq!(mine["meta"], history["meta"], "{}", tape.name);
            let messages = |entry: &Value| -> Vec<Value> {
                let list = entry["status"]["messages"].as_array().cloned().unwrap_or_default();
                list.iter().map(|message| gist(&json!({"type": message[0], "data": message[1]}))).collect()
            };
            assert_eq!(messages(&mine), messages(&history), "{}", tape.name);
            assert_eq!(mine["status"]["messages"][0][1]["prompt_id"], id.as_str());
            assert!(!mine.to_string().contains(&job.prompt_id), "{}: the recorded id is left", tape.name);
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
        assert_eq!((reply.status, reply.json()), (refusal.status, refusal.answer.clone()));
    }
    submit(&fake, &json!({"prompt": {"1": {"class_type": "SaveImage", "inputs": {}}}, "client_id": "me"})).await;
    let frames = socket.job().await;
    assert_eq!(client::kinds(&frames)[..3], ["status", "status", "execution_start"]);
}

#[tokio::test]
async fn a_client_with_the_flag_hears_the_previews_of_recording_12_as_type_4_before_their_progress() {
    let tape = tape("12-preview-metadata");
    let fake = fake(&tape).await;
    let mut socket = Socket::open(&fake, "me").await;
    socket.send(&json!({"type": "feature_flags", "data": {"supports_preview_metadata": true}})).await;
    socket.until("feature_flags").await;
    let mut body = tape.jobs[0].body.clone();
    body.insert("client_id".into(), json!("me"));
    let id = submit(&fake, &body.clone().into()).await;
    let frames = socket.job().await;
    assert_same(&heard(&frames), &recorded(&tape, &tape.jobs[0], "a"), &tape.name);
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
    let at = frames.iter().position(|frame| frame.kind() == "binary").unwrap();
    assert_eq!(frames[at - 1].kind(), "progress", "type 1 comes after its progress");
    let Frame::Binary(preview) = &frames[at] else { panic!("no preview") };
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
    let previews: Vec<_> =
        frames.iter().filter_map(|frame| if let Frame::Binary(bytes) = frame { Some(bytes) } else { None }).collect();
    assert_eq!(previews.len(), 20);
    for preview in previews {
        let image = image::load_from_memory(&preview[8..]).unwrap();
        assert_eq!((image.width(), image.height()), (512, 512));
    }
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
            tape.jobs.iter().filter(|job| job.play.is_none()).map(|job| (tape.name.as_str(), job.prompt_id.as_str()))
        })
        .collect();
    // Deleted while it waited; told to nobody, twice; waiting when the server died.
    let names: Vec<_> = silent.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["13-queue-and-observer", "13c-submitter-not-connected", "14b-old-socket-closes-later", "15-server-killed"]
    );
}
