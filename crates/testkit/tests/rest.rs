//! The REST side: submissions, files, uploads, what the server tells of itself.

mod client;

use client::{get, patiently, post, raw, submit};
use monitor_testkit::{FakeComfy, demo};
use serde_json::{Value, json};

#[allow(clippy::unwrap_used)]
async fn quick() -> FakeComfy {
    FakeComfy::builder().speed(0.0).seed(1).start().await.unwrap()
}

fn portrait(client: &str) -> Value {
    json!({"prompt": demo::portrait(), "client_id": client})
}

#[tokio::test]
async fn prompt_ids_of_ours_are_kept_and_may_run_twice_but_must_be_canonical() {
    let fake = quick().await;
    let id = "4753d324-f318-4fb0-b5c6-bc92576d8ba5";
    let mut body = portrait("me");
    body["prompt_id"] = json!(id);
    assert_eq!(submit(&fake, &body).await, id);
    assert_eq!(submit(&fake, &body).await, id);
    patiently("the end", fake.wait_idle()).await;
    assert_eq!(fake.state().history, [id]);
    assert_eq!(get(&fake, &format!("/history/{id}")).await.json()[id]["prompt"][0], 1, "history keeps the later one");
    for wrong in [json!("my-job-1"), json!(5), json!(id.to_uppercase())] {
        body["prompt_id"] = wrong;
        let reply = post(&fake, "/prompt", &body).await;
        assert_eq!((reply.status, reply.json()["error"]["type"].clone()), (400, json!("invalid_prompt_id")));
    }
    assert_eq!(post(&fake, "/prompt", &portrait("me")).await.json()["number"], 5, "refused calls take a number too");
}

#[tokio::test]
async fn broken_bodies_give_500_and_bodies_without_graph_400() {
    let fake = quick().await;
    for broken in [b"{nope".as_slice(), b"", b"7"] {
        assert_eq!(raw(&fake, "POST /prompt HTTP/1.1", broken).await.unwrap().status, 500);
    }
    for empty in [json!({"client_id": "x"}), json!([1, 2])] {
        let reply = post(&fake, "/prompt", &empty).await;
        assert_eq!((reply.status, reply.json()["error"]["type"].clone()), (400, json!("no_prompt")));
    }
    let reply = post(&fake, "/prompt", &json!({"prompt": {}})).await;
    assert_eq!(reply.json()["error"]["type"], "prompt_no_outputs");
    assert_eq!(get(&fake, "/nosuchroute").await.status, 404);
    assert_eq!(fake.submitted().len(), 3, "what could be read was written down");
}

#[tokio::test]
async fn files_are_served_once_a_job_named_them_and_temp_files_die_with_the_server() {
    let fake = quick().await;
    let mut body = portrait("me");
    body["prompt"]["10"] = json!({"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}});
    assert_eq!(get(&fake, "/view?filename=portrait_00001_.png&subfolder=demo").await.status, 404);
    let id = submit(&fake, &body).await;
    patiently("the end", fake.wait_idle()).await;
    let reply = get(&fake, "/view?filename=portrait_00001_.png&subfolder=demo&type=output").await;
    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "image/png"));
    assert_eq!(reply.headers["content-disposition"], "filename=\"portrait_00001_.png\"");
    let image = image::load_from_memory(&reply.body).unwrap();
    assert!((64..=2048).contains(&image.width()));
    assert!(reply.body.windows(12).any(|window| window == b"tEXtprompt\0{"), "the graph is in the file");

    let part = raw(&fake, "GET /view?filename=portrait_00001_.png&subfolder=demo HTTP/1.1\r\nRange: bytes=4-7", b"")
        .await
        .unwrap();
    assert_eq!((part.status, part.body.as_slice()), (206, &reply.body[4..8]));
    let webp = get(&fake, "/view?filename=portrait_00001_.png&subfolder=demo&preview=webp;80").await;
    assert_eq!((webp.headers["content-type"].as_str(), &webp.body[8..12]), ("image/webp", b"WEBP".as_slice()));

    for (path, status) in [
        ("/view", 404),
        ("/view?filename=../x.png", 400),
        ("/view?filename=x.png&subfolder=../../etc", 403),
        ("/view?filename=x.png&type=nosuch", 400),
    ] {
        assert_eq!(get(&fake, path).await.status, status, "{path}");
    }
    let outputs = get(&fake, &format!("/history/{id}")).await.json()[&id]["outputs"].clone();
    let temp = outputs["10"]["images"][0]["filename"].as_str().unwrap().to_owned();
    let path = format!("/view?filename={temp}&type=temp");
    assert_eq!(get(&fake, &path).await.status, 200);
    fake.restart().await.unwrap();
    assert_eq!(get(&fake, &path).await.status, 404);
    assert_eq!(get(&fake, "/view?filename=portrait_00001_.png&subfolder=demo").await.status, 200);
}

#[tokio::test]
async fn an_upload_keeps_its_name_for_equal_content_and_gets_a_number_for_other() {
    let fake = quick().await;
    let upload = async |content: &str| {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"up.png\"\r\n\r\n{content}\r\n--x\r\nContent-Disposition: form-data; name=\"subfolder\"\r\n\r\ntraces\r\n--x--\r\n"
        );
        raw(&fake, "POST /upload/image HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x", body.as_bytes())
            .await
            .unwrap()
            .json()
    };
    assert_eq!(upload("one").await, json!({"name": "up.png", "subfolder": "traces", "type": "input"}));
    assert_eq!(upload("one").await["name"], "up.png");
    assert_eq!(upload("two").await["name"], "up (1).png");
    assert_eq!(get(&fake, "/view?filename=up%20(1).png&subfolder=traces&type=input").await.body, b"two");
}

#[tokio::test]
async fn the_server_tells_its_classes_version_and_features() {
    let fake = FakeComfy::builder().version("0.3.43").start().await.unwrap();
    let all = get(&fake, "/object_info").await.json();
    assert_eq!(get(&fake, "/object_info/KSampler").await.json()["KSampler"], all["KSampler"]);
    assert_eq!(get(&fake, "/object_info/NoSuchNode").await.json(), json!({}));
    let stats = get(&fake, "/api/system_stats").await.json();
    assert_eq!(stats["system"]["comfyui_version"], "0.3.43");
    assert!(stats["devices"][0]["vram_free"].as_u64() < stats["devices"][0]["vram_total"].as_u64());
    assert_eq!(get(&fake, "/features").await.json()["supports_preview_metadata"], true);
}

#[tokio::test]
async fn with_validation_graphs_are_refused_in_the_words_of_recording_06() {
    let tape = monitor_testkit::Tape::read(&monitor_testkit::tapes_dir().join("06-validation-errors")).unwrap();
    let mut classes = serde_json::Map::new();
    classes.insert(
        "ImageInvert".into(),
        json!({"input": {"required": {"image": ["IMAGE"]}}, "output": ["IMAGE"], "output_node": false}),
    );
    // The tape itself is not played: its answers are what the server must find by itself.
    let fake = FakeComfy::builder().validation(true).object_info(classes).start().await.unwrap();
    let mut judged = 0;
    for refusal in &tape.refusals {
        let own_check = refusal.request["prompt"]
            .as_object()
            .is_some_and(|graph| graph.values().any(|node| node["class_type"] == "TestAsyncValidation"));
        if own_check {
            continue;
        }
        let reply = post(&fake, "/prompt", &refusal.request).await;
        let (mut mine, mut recorded) = (reply.json(), refusal.answer.clone());
        // Tracebacks, the server's own file lists and Python's wording of exceptions are not judged; nor is the order
        // in which a cycle is entered.
        for answer in [&mut mine, &mut recorded] {
            for node in answer["node_errors"].as_object_mut().into_iter().flat_map(|nodes| nodes.values_mut()) {
                for error in node["errors"].as_array_mut().into_iter().flatten() {
                    if error["type"] == "exception_during_validation" || error["type"] == "dependency_cycle" {
                        error["extra_info"] = json!(null);
                        error["details"] = json!(null);
                    }
                }
            }
            if answer["error"]["details"]
                .as_str()
                .is_some_and(|details| details.starts_with("Exception when validating"))
            {
                answer["error"]["details"] = json!(null);
            }
        }
        assert_eq!((reply.status, mine), (refusal.status, recorded));
        judged += 1;
    }
    assert!(judged >= 14, "only {judged} graphs were judged");

    let half = json!({"prompt": {"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}, "3": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}}});
    let reply = post(&fake, "/prompt", &half).await;
    assert_eq!(reply.status, 200, "the sound output runs");
    assert_eq!(reply.json()["node_errors"]["3"]["errors"][0]["type"], "required_input_missing");
}
