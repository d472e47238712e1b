//! What watching costs: processor time of reading, tracking and handing on, per message.

#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is test")]

mod support;

use monitor_backends::comfy::Options;
use monitor_pipeline::monitor::Timing;
use monitor_testkit::{FakeComfy, NodeScript, Raw, Script};
use serde_json::{Value, json};
use std::sync::mpsc;
use std::time::Duration;
use support::{CLIENT, Watched, submission};
use tokio::sync::oneshot;

const STEPS: u64 = 500;
/// Per 1,000 messages, milliseconds; a build without optimisation is several times slower.
const BOUND_MS: f64 = if cfg!(debug_assertions) { 500.0 } else { 50.0 };

/// Processor time of this thread, milliseconds.
fn spent() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}

fn state(prompt_id: &str, value: u64) -> Value {
    let entry = |id: &str, state: &str, value: u64, max: u64| {
        json!({"value": value, "max": max, "state": state, "node_id": id, "prompt_id": prompt_id, "display_node_id": id,
               "parent_node_id": null, "real_node_id": id})
    };
    let mut nodes = serde_json::Map::new();
    for id in ["4", "5", "6", "7"] {
        nodes.insert(id.to_owned(), entry(id, "finished", 1, 1));
    }
    nodes.insert("3".to_owned(), entry("3", "running", value, STEPS));
    json!({"type": "progress_state", "data": {"prompt_id": prompt_id, "nodes": nodes}})
}

/// The fake lives in a thread of its own, so that its work is not counted.
fn fake(address: &mpsc::Sender<String>, prompt: oneshot::Receiver<String>, over: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let script = Script::new().pace(0.0).class("KSampler", NodeScript::new().steps(1).held_at(0));
        let fake = FakeComfy::builder().script(script).start().await.unwrap();
        address.send(fake.base_url()).unwrap();
        fake.wait_until(|state| state.held).await;
        let prompt_id = prompt.await.unwrap();
        let metadata = json!({"node_id": "3", "prompt_id": prompt_id, "display_node_id": "3", "parent_node_id": null,
                              "real_node_id": "3", "image_type": "image/jpeg"})
        .to_string();
        let mut preview = vec![0, 0, 0, 4];
        preview.extend(u32::try_from(metadata.len()).unwrap().to_be_bytes());
        preview.extend(metadata.as_bytes());
        preview.resize(preview.len() + 40_000, 0xff);
        for value in 1..=STEPS {
            fake.push_text(CLIENT, &state(&prompt_id, value));
            fake.push(CLIENT, Raw::Binary(preview.clone().into()));
            let progress = json!({"value": value, "max": STEPS, "prompt_id": prompt_id, "node": "3"});
            fake.push_text(CLIENT, &json!({"type": "progress", "data": progress}));
            // Not all at once: every step finds the monitor asleep, which is what costs most.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        fake.release();
        over.await.unwrap();
    });
}

#[test]
fn a_thousand_messages_cost_little() {
    let (address, addresses) = mpsc::channel();
    let (prompt, prompts) = oneshot::channel();
    let (done, over) = oneshot::channel();
    let server = std::thread::spawn(move || fake(&address, prompts, over));
    let url = addresses.recv().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let watched = Watched::at(&Options { url, ..Options::default() }, Timing::default());
        watched.connected().await;
        let job = submission();
        watched.monitor.submit(job.clone(), None).await;
        watched.until("running", |heard| support::has(heard, "Node Executing")).await;
        let before = (spent(), watched.monitor.counts());
        prompt.send(job.prompt_id.clone()).unwrap();
        watched.until_end(&job.prompt_id).await;
        let (cpu, counts) = (spent() - before.0, watched.monitor.counts());
        let messages = counts.text + counts.binary - before.1.text - before.1.binary;
        assert!(messages >= 3 * STEPS, "{messages}");
        let per_thousand = cpu * 1_000.0 / messages as f64;
        println!("{per_thousand:.1} ms of processor time per 1,000 messages ({messages} messages)");
        assert!(per_thousand < BOUND_MS, "{per_thousand:.1} ms per 1,000 messages");
    });
    done.send(()).unwrap();
    server.join().unwrap();
}
