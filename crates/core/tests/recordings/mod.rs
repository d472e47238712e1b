//! A recording as a world to track: what the server said to one client, and what its REST would have answered at
//! every moment of it.

use monitor_core::comfy::binary;
use monitor_core::comfy::message::parse;
use monitor_core::comfy::progress::ProgressReader;
use monitor_core::comfy::rest::{HistoryEntry, QueueItem, history, queue};
use monitor_core::event::Event;
use monitor_core::time::Now;
use monitor_core::tracker::{Answer, Config, Input, Output, Snapshot, Submission, Tracker, Want};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use uuid::Uuid;

pub fn tapes() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tapes");
    let mut tapes: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    tapes.retain(|path| path.join("trace.jsonl").exists());
    tapes.sort();
    tapes
}

pub fn name(tape: &Path) -> String {
    tape.file_name().unwrap().to_string_lossy().into_owned()
}

/// A job as the recorder submitted it.
#[derive(Clone, Debug)]
struct Job {
    prompt_id: String,
    number: f64,
    graph: Value,
    client_id: Option<String>,
    /// Seen in the history when it ends; `None` if it leaves no trace.
    entry: Option<Value>,
    sent: usize,
    answered: usize,
    ends: usize,
    runs: usize,
}

#[derive(Clone, Debug)]
pub enum Step {
    /// A text message to our socket, as on the wire.
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Submitting(usize),
    Answered(usize),
    Closed,
    /// The server went away, and what it knew with it.
    Killed,
    Opened,
}

#[derive(Clone, Debug)]
pub struct Recording {
    pub client_id: String,
    /// Time in ms, index in the file, what happened.
    pub steps: Vec<(u64, usize, Step)>,
    jobs: Vec<Job>,
    killed: Option<usize>,
}

impl Recording {
    pub fn read(tape: &Path) -> Recording {
        let lines: Vec<Value> = std::fs::read_to_string(tape.join("trace.jsonl"))
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let client_of = |conn: &str| {
            lines
                .iter()
                .find(|line| line["kind"] == "open" && line["conn"] == conn)
                .map(|line| line["url"].as_str().unwrap().split("clientId=").nth(1).unwrap_or_default().to_owned())
        };
        let client_id = client_of("a").unwrap_or_else(|| "nobody".to_owned());
        let entries = history_files(tape, &lines);
        let killed = lines.iter().position(|line| line["text"].as_str().is_some_and(|text| text.contains("killed")));
        let mut jobs = jobs(&lines, &entries, killed);
        jobs.sort_by_key(|job| job.sent);

        let mut steps = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let t = (line["t"].as_f64().unwrap() * 1000.0) as u64;
            for (index, job) in jobs.iter().enumerate() {
                let ours = job.client_id.as_deref() == Some(client_id.as_str());
                if ours && job.sent == at {
                    steps.push((t, at, Step::Submitting(index)));
                }
                if ours && job.answered == at {
                    steps.push((t, at, Step::Answered(index)));
                }
            }
            // The connections of one client, one after the other: `a`, then what it opened again.
            let conn = line["conn"].as_str().unwrap();
            let ours = client_of(conn).is_some_and(|client| client == client_id);
            match line["kind"].as_str().unwrap() {
                "text" if ours => steps.push((t, at, Step::Text(serde_json::to_vec(&line["data"]).unwrap()))),
                "binary" if ours => steps.push((t, at, Step::Binary(decode(line["b64"].as_str().unwrap_or_default())))),
                "close" if ours && line["code"] == 1006 => steps.push((t, at, Step::Closed)),
                "close" if ours && lines[at..].iter().any(|later| later["kind"] == "open") => {
                    steps.push((t, at, Step::Closed));
                }
                "open" if ours => steps.push((t, at, Step::Opened)),
                "note" if Some(at) == killed => steps.push((t, at, Step::Killed)),
                _ => {}
            }
        }
        Recording { client_id, steps, jobs, killed }
    }

    /// What `/queue` would have said after line `at`.
    fn queue(&self, at: usize, sent: &[bool]) -> (Vec<QueueItem>, Vec<QueueItem>) {
        if self.killed.is_some_and(|killed| at > killed)
            && self.jobs.iter().all(|job| job.sent < self.killed.unwrap_or(0) || at < job.sent)
        {
            return (Vec::new(), Vec::new());
        }
        let killed = self.killed.filter(|killed| at > *killed).unwrap_or(0);
        let sent = self.jobs.iter().zip(sent).filter(|(_, sent)| **sent).map(|(job, _)| job);
        let open = sent.filter(|job| job.sent <= at && at < job.ends && job.sent >= killed);
        let (mut running, mut pending) = (Vec::new(), Vec::new());
        for job in open {
            let item = json!([job.number, job.prompt_id, job.graph, {"client_id": job.client_id}, []]);
            if job.runs <= at { running.push(item) } else { pending.push(item) }
        }
        let body = json!({"queue_running": running, "queue_pending": pending}).to_string();
        let queue = queue(body.as_bytes()).unwrap().value;
        (queue.running, queue.pending)
    }

    fn entry(&self, prompt_id: &str, at: usize) -> Option<HistoryEntry> {
        let killed = self.killed.filter(|killed| at > *killed).unwrap_or(0);
        let job = self.jobs.iter().rfind(|job| job.prompt_id == prompt_id && job.ends <= at && job.sent >= killed)?;
        let body = json!({ prompt_id: job.entry.clone()? }).to_string();
        history(body.as_bytes()).unwrap().value.entries.pop()
    }

    pub fn snapshot(&self, at: usize, sent: &[bool], prompt_ids: &[String], after_connect: bool) -> Snapshot {
        let (running, pending) = self.queue(at, sent);
        let mut seen = Vec::new();
        let mut history = Vec::new();
        let mut missing = Vec::new();
        let known = self.jobs.iter().zip(sent).filter(|(_, sent)| **sent).map(|(job, _)| &job.prompt_id);
        for prompt_id in prompt_ids.iter().chain(known) {
            if seen.contains(prompt_id) {
                continue;
            }
            seen.push(prompt_id.clone());
            match self.entry(prompt_id, at) {
                Some(entry) => history.push(entry),
                None if prompt_ids.contains(prompt_id) => missing.push(prompt_id.clone()),
                None => {}
            }
        }
        let history_empty = history.is_empty();
        Snapshot { running, pending, history, missing, history_empty, after_connect }
    }

    /// How many attempts the client should see the end of.
    pub fn job_count(&self) -> usize {
        self.jobs.len()
    }
}

fn decode(b64: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(b64).unwrap()
}

fn history_files(tape: &Path, lines: &[Value]) -> HashMap<String, Vec<Value>> {
    let mut entries: HashMap<String, Vec<Value>> = HashMap::new();
    for line in lines {
        let (Some(file), Some(path)) = (line["response_file"].as_str(), line["path"].as_str()) else { continue };
        let prompt_id = path.rsplit('/').next().unwrap();
        let body: Value = serde_json::from_str(&std::fs::read_to_string(tape.join(file)).unwrap()).unwrap();
        if let Some(entry) = body.get(prompt_id) {
            entries.entry(prompt_id.to_owned()).or_default().push(entry.clone());
        }
    }
    entries
}

fn jobs(lines: &[Value], entries: &HashMap<String, Vec<Value>>, killed: Option<usize>) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line["method"] != "POST" || line["path"] != "/prompt" || line["status"] != 200 {
            continue;
        }
        let Some(prompt_id) = line["response"]["prompt_id"].as_str() else { continue };
        let again = jobs.iter().filter(|job| job.prompt_id == prompt_id).count();
        let speaks = |other: &Value| other["data"]["data"]["prompt_id"] == prompt_id;
        let first = if again == 0 { lines.iter().position(speaks).unwrap_or(at).min(at) } else { at };
        // The status messages of a submission come before its answer.
        let sent = (0..first)
            .rev()
            .take(3)
            .take_while(|&before| lines[before]["data"]["type"] == "status")
            .last()
            .unwrap_or(first);
        let number = line["response"]["number"].as_f64().unwrap();
        let start = (0..lines.len())
            .filter(|&i| speaks(&lines[i]) && (again == 0 || lines[i]["data"]["type"] == "execution_start"))
            .nth(again)
            .unwrap_or(usize::MAX);
        let ends = (0..lines.len())
            .filter(|&i| {
                speaks(&lines[i])
                    && lines[i]["data"]["type"] == "executing"
                    && lines[i]["data"]["data"]["node"].is_null()
            })
            .nth(again);
        let deleted = lines.iter().position(|other| {
            other["path"] == "/queue"
                && other["request"]["delete"].as_array().is_some_and(|ids| ids.contains(&json!(prompt_id)))
        });
        let known = entries.get(prompt_id);
        let entry = known
            .and_then(|known| known.iter().find(|entry| entry["prompt"][0].as_f64() == Some(number)).or(known.last()));
        // Of a job that nobody heard the end of: the history shows it when the recorder asked.
        let asked = lines.iter().position(|other| {
            other["path"].as_str().is_some_and(|path| path.ends_with(prompt_id)) && other["response_file"].is_string()
        });
        let quiet = || {
            let last = (0..lines.len()).rfind(|&i| speaks(&lines[i]));
            last.map_or(asked, |last| (last..lines.len()).find(|&i| lines[i]["data"]["type"] == "status").or(asked))
        };
        let ends = ends.or(deleted).or_else(quiet).unwrap_or(usize::MAX);
        jobs.push(Job {
            prompt_id: prompt_id.to_owned(),
            number,
            graph: line["request"]["prompt"].clone(),
            client_id: line["request"]["client_id"].as_str().map(str::to_owned),
            entry: entry.cloned().map(|mut entry| {
                entry["prompt"][0] = json!(number);
                entry
            }),
            sent,
            answered: at.max(sent),
            ends: if killed.is_some_and(|killed| sent < killed && ends > killed) { usize::MAX } else { ends },
            runs: start,
        });
    }
    jobs
}

/// Drives a tracker through a recording, answering what it asks.
pub struct Session<'a> {
    pub recording: &'a Recording,
    pub tracker: Tracker,
    pub events: Vec<Event>,
    /// What is no event (places in line, paces), with the time and how many events were before it.
    #[allow(dead_code, reason = "only the golden frames look at it")]
    pub beside: Vec<(usize, u64, Output)>,
    pub pictures: usize,
    reader: ProgressReader,
    /// Use the incremental reader for `progress_state`, as the monitor does.
    pub incremental: bool,
    connected: bool,
    /// Which jobs the server can know of: those of others, and what we have sent.
    sent: Vec<bool>,
}

impl<'a> Session<'a> {
    pub fn new(recording: &'a Recording) -> Session<'a> {
        let config = Config {
            instance_id: "default".into(),
            client_id: recording.client_id.clone(),
            comfyui_host: "127.0.0.1:8188".into(),
            version: "test".into(),
            ..Config::default()
        };
        Session {
            recording,
            tracker: Tracker::new(Now::at(0), config),
            events: Vec::new(),
            beside: Vec::new(),
            pictures: 0,
            reader: ProgressReader::new(),
            incremental: true,
            connected: false,
            sent: recording.jobs.iter().map(|job| job.client_id.as_deref() != Some(&recording.client_id)).collect(),
        }
    }

    pub fn step(&mut self, t: u64, at: usize, step: &Step) {
        while let Some(due) = self.tracker.deadline().filter(|due| *due < t) {
            self.feed(due, at.saturating_sub(1), Input::Tick);
        }
        match step {
            Step::Text(text) => {
                if self.incremental
                    && let Some(progress) = self.reader.read(text)
                {
                    let out = self.tracker.handle(Now::at(t), Input::Progress(&progress));
                    self.take(t, at, out);
                    return;
                }
                let parsed = parse(text);
                self.feed(t, at, Input::Message { addressee: None, message: &parsed.message });
            }
            Step::Binary(bytes) => {
                if let Ok(frame) = binary::parse(bytes, binary::TextForm::Plain) {
                    self.feed(t, at, Input::Binary(&frame));
                }
            }
            Step::Submitting(index) => {
                self.sent[*index] = true;
                let job = &self.recording.jobs[*index];
                let submission = Submission {
                    queue_id: Uuid::from_u128(0x1000 + *index as u128),
                    attempt: 1,
                    prompt_id: job.prompt_id.clone(),
                    title: None,
                    workflow: job.graph.clone(),
                    last_sequence: 0,
                };
                self.feed(t, at, Input::Submitting(submission));
            }
            Step::Answered(index) => {
                let job = &self.recording.jobs[*index];
                let answer = Answer::Accepted { prompt_id: job.prompt_id.clone(), number: Some(job.number) };
                self.feed(t, at, Input::Answered { prompt_id: job.prompt_id.clone(), answer });
            }
            Step::Closed | Step::Killed => self.close(t, at),
            Step::Opened => self.open(t, at),
        }
    }

    pub fn open(&mut self, t: u64, at: usize) {
        self.close(t, at);
        self.connected = true;
        self.reader = ProgressReader::new();
        self.feed(t, at, Input::Connected { comfyui_version: Some("0.33.0".into()), devices: Vec::new() });
        self.look(t, at, true);
    }

    pub fn close(&mut self, t: u64, at: usize) {
        if self.connected {
            self.connected = false;
            self.feed(t, at, Input::Disconnected { reason: "the connection ended (1006)".into() });
        }
    }

    pub fn look(&mut self, t: u64, at: usize, after_connect: bool) {
        let asked = self.tracker.open_prompts();
        let snapshot = self.recording.snapshot(at, &self.sent, &asked, after_connect);
        self.feed(t, at, Input::Snapshot(Box::new(snapshot)));
    }

    /// Until nothing more comes of itself.
    pub fn settle(&mut self, t: u64) {
        // Behind every line of the recording.
        let at = usize::MAX - 1;
        if !self.connected {
            self.open(t, at);
        }
        self.look(t, at, false);
        let end = t + 30_000;
        while let Some(due) = self.tracker.deadline().filter(|due| *due < end) {
            self.feed(due, at, Input::Tick);
        }
    }

    fn feed(&mut self, t: u64, at: usize, input: Input) {
        let out = self.tracker.handle(Now::at(t), input);
        self.take(t, at, out);
    }

    fn take(&mut self, t: u64, at: usize, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Event(event) => self.events.push(*event),
                Output::Preview(_) | Output::Image(_) => self.pictures += 1,
                Output::Positions { .. } | Output::Pace(_) => self.beside.push((self.events.len(), t, output)),
                Output::Observed(_) | Output::Want(Want::Interrupt { .. }) => {}
                Output::Want(want) if !self.connected => drop(want),
                Output::Want(Want::History { prompt_id }) => {
                    let entry = self.recording.entry(&prompt_id, at).map(Box::new);
                    self.feed(t, at, Input::History { prompt_id, entry });
                }
                Output::Want(Want::Snapshot { prompt_ids }) => {
                    let snapshot = self.recording.snapshot(at, &self.sent, &prompt_ids, false);
                    self.feed(t, at, Input::Snapshot(Box::new(snapshot)));
                }
            }
        }
    }
}
