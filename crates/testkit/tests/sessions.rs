//! Recordings of several clients, of cuts and kills, and tapes that play by themselves.

mod client;
mod recordings;

use std::sync::Arc;

use client::{Frame, Socket, get, post, submit};
use monitor_testkit::tape::Event;
use monitor_testkit::{Addressee, FakeComfy, Programme};
use recordings::{assert_same, fake, gist, heard, recorded, tape};
use serde_json::{Value, json};

#[tokio::test]
async fn recording_13_runs_its_jobs_by_number_and_shows_the_queue_as_it_lies() {
    let tape = tape("13-queue-and-observer");
    let fake = FakeComfy::builder().tape(Arc::clone(&tape)).speed(0.0).start().await.unwrap();
    fake.faults(|faults| faults.hold_after = Some(6));
    let mut observer = Socket::open(&fake, "observer").await;
    let mut numbers = Vec::new();
    for job in &tape.jobs {
        let mut body = job.body.clone();
        // The counter begins at 0 here, there at 54.
        body.entry("number").and_modify(|number| *number = json!(-0.5));
        numbers.push(submit(&fake, &body.into()).await);
        if numbers.len() == 1 {
            client::patiently("the first to run", fake.wait_until(|state| state.held)).await;
        }
    }
    let queue = get(&fake, "/queue").await.json();
    let lying: Vec<_> = queue["queue_pending"].as_array().unwrap().iter().map(|item| item[0].clone()).collect();
    assert_eq!(
        lying,
        [json!(-4), json!(-0.5), json!(3), json!(2), json!(1)],
        "the order of recording 13: -58, -5.5, 57, 56, 55"
    );
    assert_eq!(queue["queue_running"][0][1], numbers[0].as_str());
    assert_eq!(queue["queue_running"][0][3]["client_id"], tape.jobs[0].body["client_id"]);

    assert_eq!(post(&fake, "/queue", &json!({"delete": [numbers[3]]})).await.status, 200);
    fake.faults(|faults| faults.hold_after = None);
    fake.release();
    let state = client::patiently("all jobs", fake.wait_idle()).await;
    let order: Vec<_> = [0, 4, 5, 1, 2].iter().map(|index| numbers[*index].clone()).collect();
    assert_eq!(state.history, order);
    let mut lengths = Vec::new();
    while lengths.last() != Some(&0) {
        let status = observer.next().await;
        assert_eq!(status.kind(), "status", "an observer hears nothing else");
        lengths.push(status.data()["status"]["exec_info"]["queue_remaining"].as_u64().unwrap());
    }
    assert_eq!(lengths, [1, 1, 2, 3, 4, 5, 6, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0]);
}

#[tokio::test]
async fn jobs_without_client_id_tell_everybody_what_recording_13b_shows_and_no_more() {
    let tape = tape("13b-no-client-id");
    let fake = fake(&tape).await;
    let (mut one, mut other) = (Socket::open(&fake, "one").await, Socket::open(&fake, "other").await);
    for job in &tape.jobs {
        submit(&fake, &job.body.clone().into()).await;
        client::patiently("the end", fake.wait_idle()).await;
        let mut expected: Vec<Value> = Vec::new();
        for line in tape.lines.iter().filter(|line| line.conn == "a") {
            match &line.event {
                Event::Text { data } if data["data"]["prompt_id"] == job.prompt_id.as_str() => {
                    expected.push(data["type"].clone());
                }
                Event::Binary { .. } if job.prompt_id == tape.jobs[3].prompt_id => {
                    expected.push(json!("binary"));
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
            let told: Vec<_> = client::kinds(&frames).into_iter().filter(|kind| *kind != "status").collect();
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
    assert_eq!(before.last(), Some(&Frame::End(false)), "the stream ends without a Close frame");
    client::patiently("the hold", fake.wait_until(|state| state.held && state.open_sockets == 0)).await;

    let mut socket = Socket::open(&fake, "me").await;
    let again = socket.next().await;
    assert_eq!((again.kind(), again.data()), ("executing", &json!({"node": "2"})));
    fake.release();
    let after = socket.job().await;
    let rest: Vec<_> = tape
        .lines
        .iter()
        .filter(|line| line.conn == "b")
        .filter_map(|line| if let Event::Text { data } = &line.event { Some(gist(data)) } else { None })
        .skip(2)
        .collect();
    assert_eq!(
        after.iter().map(|frame| gist(&json!({"type": frame.kind(), "data": frame.data()}))).collect::<Vec<_>>(),
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
    client::patiently("the restart", fake.wait_until(|state| state.alive && state.open_sockets == 0)).await;
    assert_eq!(get(&fake, "/queue").await.json(), json!({"queue_running": [], "queue_pending": []}));
    for id in [lost, waiting] {
        assert_eq!(get(&fake, &format!("/history/{id}")).await.json(), json!({}));
    }
    let mut socket = Socket::open(&fake, "me").await;
    let reply = post(&fake, "/prompt", &bodies.next().unwrap()).await.json();
    assert_eq!(reply["number"], 0, "the counter begins again");
    assert_same(&heard(&socket.job().await), &recorded(&tape, &tape.jobs[2], "b"), &tape.name);
}

#[tokio::test]
async fn a_tape_played_by_itself_runs_every_job_for_the_recorded_or_the_given_client() {
    let tape = tape("08-oom");
    let programme = Programme::new().tape(&tape).addressed_to(Addressee::Client("me".into()));
    let fake = FakeComfy::builder().speed(0.0).programme(programme.clone()).start().await.unwrap();
    let state = client::patiently("both jobs", fake.wait_until(|state| state.history.len() == 2)).await;
    let entry = get(&fake, &format!("/history/{}", state.history[0])).await.json()[&state.history[0]].clone();
    assert_eq!(entry["prompt"][3]["client_id"], "me");
    assert_eq!(entry["status"]["messages"][2][1]["exception_type"], "torch.OutOfMemoryError");

    let endless = FakeComfy::builder().speed(0.0).programme(programme.looping()).start().await.unwrap();
    client::patiently("three rounds", endless.wait_until(|state| state.history.len() >= 6)).await;
}

#[tokio::test]
async fn a_session_played_for_one_client_leaves_the_jobs_of_others_to_them() {
    let tape = tape("13-queue-and-observer");
    let programme = Programme::new().tape(&tape).addressed_to(Addressee::Client("me".into()));
    let fake = FakeComfy::builder().speed(0.0).programme(programme).start().await.unwrap();
    client::patiently("all jobs", fake.wait_until(|state| state.history.len() == 6)).await;
    let history = get(&fake, "/history").await.json();
    let clients: Vec<_> =
        history.as_object().unwrap().values().map(|entry| entry["prompt"][3]["client_id"].clone()).collect();
    let of_me = clients.iter().filter(|client| **client == "me").count();
    assert_eq!((of_me, clients.len()), (4, 6));
    assert!(clients.contains(&tape.jobs[2].body["client_id"]));
}
