//! What it costs to understand `progress_state`: the incremental reader and the tracker together, against reading the
//! same bytes into plain typed structures with `serde_json` and doing nothing with them. The recorded sessions are the
//! input, each from the start of its jobs to their end.
//!
//! `cargo bench -p monitor-core --bench track` prints the ratio (in time, and in instructions where `valgrind` is
//! installed), and then each recording by itself.

// A measurement that cannot go on has nothing better to do than to panic.
#![allow(clippy::unwrap_used, clippy::panic)]

use divan::{Bencher, black_box};
use monitor_core::comfy::message;
use monitor_core::comfy::progress::ProgressReader;
use monitor_core::time::Now;
use monitor_core::tracker::{Answer, Config, Input, Submission, Tracker};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;
use uuid::Uuid;

const AIM: f64 = 1.5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // For counting instructions: so many times one of the two over all recordings.
        ["times", what, times] => repeat(what, times.parse().unwrap()),
        ["--bench"] => {
            compare();
            divan::main();
        }
        _ => divan::main(),
    }
}

/// One job of a recording.
struct Session {
    name: String,
    graph: Value,
    /// Everything that is no `progress_state` and comes before the first one.
    before: Vec<Vec<u8>>,
    prompt_id: String,
    states: Vec<Vec<u8>>,
}

static SESSIONS: LazyLock<Vec<Session>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tapes");
    let mut tapes: Vec<_> = std::fs::read_dir(root).unwrap().map(|tape| tape.unwrap().path()).collect();
    tapes.sort();
    tapes.iter().flat_map(|tape| sessions(tape)).collect()
});

#[derive(Deserialize)]
struct Line<'a> {
    kind: &'a str,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    path: Option<std::borrow::Cow<'a, str>>,
    request: Option<Value>,
    response: Option<Value>,
}

fn sessions(tape: &Path) -> Vec<Session> {
    let name = tape.file_name().unwrap().to_string_lossy().into_owned();
    let trace = std::fs::read_to_string(tape.join("trace.jsonl")).unwrap();
    let mut sessions: Vec<Session> = Vec::new();
    for line in trace.lines().map(|line| serde_json::from_str::<Line>(line).unwrap()) {
        let submitted = line.path.is_some_and(|path| path.ends_with("/prompt"));
        if let (true, Some(request), Some(response)) = (submitted, &line.request, &line.response)
            && let (Some(prompt_id), Some(graph)) = (response["prompt_id"].as_str(), request.get("prompt"))
        {
            sessions.push(Session {
                name: format!("{name}/{}", sessions.len() + 1),
                graph: graph.clone(),
                before: Vec::new(),
                prompt_id: prompt_id.to_owned(),
                states: Vec::new(),
            });
        }
        // As it went over the wire: the recorder writes JSON as the server does.
        let Some(data) = line.data.filter(|_| line.kind == "text") else { continue };
        let bytes = data.get().as_bytes().to_vec();
        let message = message::parse(&bytes).message;
        let Some(prompt_id) = message.prompt_id() else { continue };
        let Some(session) = sessions.iter_mut().rfind(|session| session.prompt_id == prompt_id) else { continue };
        if matches!(message, message::Message::ProgressState(_)) {
            session.states.push(bytes);
        } else if session.states.is_empty() {
            session.before.push(bytes);
        }
    }
    sessions.retain(|session| !session.states.is_empty());
    sessions
}

/// A tracker that has heard all but the progress.
fn tracker(session: &Session) -> Tracker {
    let config = Config { instance_id: "bench".into(), client_id: "bench".into(), ..Config::default() };
    let mut tracker = Tracker::new(Now::at(0), config);
    let submission = Submission {
        queue_id: Uuid::nil(),
        attempt: 1,
        prompt_id: session.prompt_id.clone(),
        title: None,
        workflow: session.graph.clone(),
        last_sequence: 0,
    };
    tracker.handle(Now::at(1), Input::Submitting(submission));
    let answer = Answer::Accepted { prompt_id: session.prompt_id.clone(), number: Some(1.0) };
    tracker.handle(Now::at(2), Input::Answered { prompt_id: session.prompt_id.clone(), answer });
    for text in &session.before {
        let parsed = message::parse(text);
        tracker.handle(Now::at(3), Input::Message { addressee: None, message: &parsed.message });
    }
    tracker
}

fn track(tracker: &mut Tracker, states: &[Vec<u8>]) {
    let mut reader = ProgressReader::new();
    for (at, text) in states.iter().enumerate() {
        let progress = reader.read(text).unwrap();
        black_box(tracker.handle(Now::at(10 + at as u64), Input::Progress(&progress)));
    }
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Typed<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    data: State<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct State<'a> {
    prompt_id: &'a str,
    #[serde(borrow)]
    nodes: HashMap<&'a str, Entry<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Entry<'a> {
    value: f64,
    max: f64,
    state: &'a str,
    node_id: &'a str,
    prompt_id: &'a str,
    display_node_id: Option<&'a str>,
    parent_node_id: Option<&'a str>,
    real_node_id: Option<&'a str>,
}

fn typed(states: &[Vec<u8>]) {
    for text in states {
        black_box(serde_json::from_slice::<Typed>(text).unwrap());
    }
}

fn repeat(what: &str, times: usize) {
    for session in SESSIONS.iter() {
        let trackers: Vec<Tracker> = (0..times).map(|_| tracker(session)).collect();
        match what {
            "typed" => trackers.iter().for_each(|_| typed(&session.states)),
            "tracked" => trackers.into_iter().for_each(|mut tracker| track(&mut tracker, &session.states)),
            // What both have besides.
            "nothing" => {}
            _ => panic!("typed, tracked or nothing"),
        }
    }
}

/// Seconds over all recordings, the quickest of several runs: noise only ever adds.
fn seconds(mut run: impl FnMut(&Session) -> f64) -> f64 {
    SESSIONS.iter().map(|session| (0..200).map(|_| run(session)).fold(f64::MAX, f64::min)).sum()
}

fn compare() {
    let messages: usize = SESSIONS.iter().map(|session| session.states.len()).sum();
    let typed = seconds(|session| {
        let began = Instant::now();
        typed(&session.states);
        began.elapsed().as_secs_f64()
    });
    let tracked = seconds(|session| {
        let mut tracker = tracker(session);
        let began = Instant::now();
        track(&mut tracker, &session.states);
        began.elapsed().as_secs_f64()
    });
    println!("{messages} progress_state messages of {} recorded jobs, each {:>33}", SESSIONS.len(), "aim");
    let each = |all: f64| all / messages as f64;
    let show = |what, typed: String, tracked: String, ratio: f64| {
        println!(
            "{what:<14} typed serde_json {typed:>9}   read and tracked {tracked:>9}   ratio {ratio:.2}   <= {AIM}"
        );
    };
    let time = |all| format!("{:.0} ns", each(all) * 1e9);
    show("time", time(typed), time(tracked), tracked / typed);
    match [instructions("nothing"), instructions("typed"), instructions("tracked")] {
        [Some(nothing), Some(typed), Some(tracked)] => {
            let (typed, tracked) = (typed - nothing, tracked - nothing);
            let count = |all| format!("{:.0}", each(all));
            show("instructions", count(typed), count(tracked), tracked / typed);
        }
        _ => println!("instructions   not counted: valgrind is not installed"),
    }
}

/// Of one round over all recordings.
fn instructions(what: &str) -> Option<f64> {
    let count = |times: &str| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .args(["times", what, times])
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let (_, count) = said.lines().find_map(|line| line.split_once("Collected :"))?;
        count.trim().parse::<f64>().ok()
    };
    Some((count("11")? - count("1")?) / 10.0)
}

fn longest() -> Vec<&'static str> {
    let mut sessions: Vec<&Session> = SESSIONS.iter().collect();
    sessions.sort_by_key(|session| std::cmp::Reverse(session.states.len()));
    sessions.iter().take(8).map(|session| session.name.as_str()).collect()
}

fn session(name: &str) -> &'static Session {
    SESSIONS.iter().find(|session| session.name == name).unwrap()
}

#[divan::bench(args = longest())]
fn typed_serde_json(bencher: Bencher, name: &str) {
    let session = session(name);
    bencher.counter(session.states.len()).bench_local(|| typed(&session.states));
}

#[divan::bench(args = longest())]
fn read_and_tracked(bencher: Bencher, name: &str) {
    let session = session(name);
    bencher
        .counter(session.states.len())
        .with_inputs(|| tracker(session))
        .bench_local_refs(|tracker| track(tracker, &session.states));
}
