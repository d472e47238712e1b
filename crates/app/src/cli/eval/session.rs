//! A recorded session as it is measured: what its one client heard and sent, and the jobs in it.

use monitor_core::comfy::message::{self, Message};
use monitor_core::comfy::rest::{ObjectInfo, SystemStats, object_info, system_stats};
use monitor_core::event::Device;
use monitor_testkit::tape::{Event, Exchange, Line};
use monitor_testkit::{Tape, TapeError};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A longer recording is a mistake, in seconds.
const LONGEST: f64 = 7.0 * 86_400.0;

#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("{}: {source}", path.display())]
    Tape { path: PathBuf, source: TapeError },
    #[error("{}: nothing to measure: no `POST /prompt` in it was accepted", path.display())]
    NoJobs { path: PathBuf },
    #[error("{}: a line says t = {t}; `t` is seconds since the recording began, at most a week", path.display())]
    Time { path: PathBuf, t: f64 },
}

#[derive(Debug)]
pub(super) struct Session {
    pub name: String,
    /// Whose ears the recording has.
    pub client_id: String,
    pub comfyui_version: Option<String>,
    pub devices: Vec<Device>,
    pub classes: ObjectInfo,
    /// In order.
    pub steps: Vec<Step>,
    /// Those the server took, in the order in which they were submitted.
    pub jobs: Vec<Job>,
    /// The server's clock at second 0, in ms since 1970.
    pub began: i64,
}

#[derive(Debug)]
pub(super) struct Step {
    /// Seconds since the recording began; never falls.
    pub t: f64,
    pub what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Opened,
    Closed,
    /// A text message to our client, as on the wire.
    Text(Vec<u8>),
    /// A job leaves; its place in [`Session::jobs`].
    Submitting(usize),
    /// The server has taken it.
    Answered(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub name: String,
    pub prompt_id: String,
    pub number: Option<f64>,
    pub graph: Value,
    pub client_id: Option<String>,
    /// When `execution_start` came, in seconds.
    pub start: Option<f64>,
    /// When `execution_success` came.
    pub end: Option<f64>,
}

/// The sessions that these paths name: a session's folder, its `trace.jsonl`, or a folder of sessions, which are then
/// taken in the order of their names. Of other files a shell's `*` may have caught `skipped` is told.
pub(super) fn find(paths: &[PathBuf], mut skipped: impl FnMut(&Path)) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        let is_session = |folder: &Path| folder.join("trace.jsonl").is_file();
        let inside = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut inside: Vec<PathBuf> = inside.filter(|folder| !is_session(path) && is_session(folder)).collect();
        inside.sort();
        if !inside.is_empty() {
            found.append(&mut inside);
        } else if path.is_file() && path.extension().is_none_or(|extension| extension != "jsonl") {
            skipped(path);
        } else {
            found.push(path.clone());
        }
    }
    found
}

impl Session {
    /// Reads the folder of a session, or its `trace.jsonl` with what lies beside it.
    pub(super) fn read(path: &Path) -> Result<Session, SessionError> {
        let trace = if path.is_dir() { path.join("trace.jsonl") } else { path.to_owned() };
        let tape = Tape::read(path).map_err(|source| SessionError::Tape { path: trace.clone(), source })?;
        let beside = |file: &str| std::fs::read(trace.with_file_name(file)).ok();
        let names = beside("index.json").map(|index| names(&index)).unwrap_or_default();
        let stats = tape.lines.iter().find_map(|line| exchange(line, "GET", "/system_stats")?.response.as_ref());
        let stats = stats.map(|stats| stats.to_string().into_bytes()).or_else(|| beside("system_stats.json"));
        Session::of(&tape, &trace, &names, stats.as_deref())
    }

    /// `names` are those of the jobs by prompt id, `stats` is a body of `GET /system_stats`.
    pub(super) fn of(
        tape: &Tape,
        trace: &Path,
        names: &HashMap<String, String>,
        stats: Option<&[u8]>,
    ) -> Result<Session, SessionError> {
        let path = || trace.to_owned();
        if let Some(line) = tape.lines.iter().find(|line| !(0.0..=LONGEST).contains(&line.t)) {
            return Err(SessionError::Time { path: path(), t: line.t });
        }
        let jobs = jobs(&tape.lines, names);
        let client_id = client_id(&tape.lines, &jobs).ok_or_else(|| SessionError::NoJobs { path: path() })?;
        let stats = stats.and_then(|stats| system_stats(stats).ok()).map(|stats| stats.value);
        let SystemStats { comfyui_version, devices, .. } = stats.unwrap_or_default();
        let classes = object_info(Value::Object(tape.object_info.clone()).to_string().as_bytes());
        let devices = devices.into_iter().map(|device| Device {
            name: device.name,
            r#type: device.kind,
            vram_total_bytes: device.vram_total,
            vram_free_bytes: device.vram_free,
        });
        let mut session = Session {
            name: tape.name.clone(),
            client_id,
            comfyui_version,
            devices: devices.collect(),
            classes: classes.map(|classes| classes.value).unwrap_or_default(),
            steps: Vec::new(),
            jobs,
            began: 0,
        };
        session.follow(&tape.lines);
        Ok(session)
    }

    /// Jobs of this client that ran to their end, and when: what can be measured.
    pub(super) fn measurable(&self) -> impl Iterator<Item = (usize, &Job, f64, f64)> {
        let ours = self.jobs.iter().enumerate().filter(|(_, job)| self.is_ours(job));
        ours.filter_map(|(at, job)| Some((at, job, job.start?, job.end.filter(|end| Some(*end) > job.start)?)))
    }

    pub(super) fn is_ours(&self, job: &Job) -> bool {
        job.client_id.as_deref() == Some(&self.client_id)
    }

    fn follow(&mut self, lines: &[Line]) {
        let sockets: Vec<&str> = lines
            .iter()
            .filter(|line| matches!(&line.event, Event::Open { url } if client_of(url) == Some(&self.client_id)))
            .map(|line| line.conn.as_str())
            .collect();
        let mut t = 0.0_f64;
        let mut posted = 0;
        let mut sent = vec![false; self.jobs.len()];
        for line in lines {
            t = t.max(line.t);
            let ours = sockets.contains(&line.conn.as_str());
            let mut add = |what: What| self.steps.push(Step { t, what });
            match &line.event {
                Event::Open { .. } if ours => add(What::Opened),
                Event::Close { .. } if ours => add(What::Closed),
                Event::Text { data } if ours => {
                    // A job is known to its server before the answer says so.
                    let prompt_id = data["data"]["prompt_id"].as_str();
                    let spoken = prompt_id
                        .and_then(|id| (posted..sent.len()).find(|at| self.jobs[*at].prompt_id == id && !sent[*at]));
                    if let Some(at) = spoken {
                        sent[at] = true;
                        add(What::Submitting(at));
                    }
                    let text = data.to_string().into_bytes();
                    self.note(t, &text);
                    self.steps.push(Step { t, what: What::Text(text) });
                }
                Event::Http(_) if accepted(line).is_some() => {
                    if !std::mem::replace(&mut sent[posted], true) {
                        add(What::Submitting(posted));
                    }
                    add(What::Answered(posted));
                    posted += 1;
                }
                _ => {}
            }
        }
    }

    /// When jobs start and end.
    fn note(&mut self, t: f64, text: &[u8]) {
        match message::parse(text).message {
            Message::ExecutionStart(start) => {
                if let Some(clock) = start.timestamp.filter(|_| self.began == 0) {
                    self.began = clock.saturating_sub((t * 1_000.0) as i64).max(0);
                }
                let waits = |job: &&mut Job| job.prompt_id == start.prompt_id && job.start.is_none();
                if let Some(job) = self.jobs.iter_mut().find(waits) {
                    job.start = Some(t);
                }
            }
            Message::ExecutionSuccess(end) => {
                let runs = |job: &&mut Job| job.prompt_id == end.prompt_id && job.start.is_some() && job.end.is_none();
                if let Some(job) = self.jobs.iter_mut().find(runs) {
                    job.end = Some(t);
                }
            }
            _ => {}
        }
    }
}

fn client_of(url: &str) -> Option<&str> {
    let id = url.split_once("clientId=")?.1;
    Some(id.split('&').next().unwrap_or(id))
}

/// The first to connect that submits.
fn client_id(lines: &[Line], jobs: &[Job]) -> Option<String> {
    let submits = |id: &&str| jobs.iter().any(|job| job.client_id.as_deref() == Some(id));
    let connected = lines.iter().filter_map(|line| match &line.event {
        Event::Open { url } => client_of(url),
        _ => None,
    });
    connected.into_iter().find(submits).map(str::to_owned)
}

fn exchange<'a>(line: &'a Line, method: &str, path: &str) -> Option<&'a Exchange> {
    let Event::Http(exchange) = &line.event else { return None };
    let asked = exchange.path.split('?').next().unwrap_or_default();
    let asked = asked.strip_prefix("/api").unwrap_or(asked);
    (exchange.method == method && asked == path).then_some(exchange)
}

/// Request and answer of a job that the server took.
fn accepted(line: &Line) -> Option<(&Value, &Value)> {
    let post = exchange(line, "POST", "/prompt").filter(|post| post.status == Some(200))?;
    let (request, answer) = (post.request.as_ref()?, post.response.as_ref()?);
    (request["prompt"].is_object() && answer["prompt_id"].is_string()).then_some((request, answer))
}

fn jobs(lines: &[Line], names: &HashMap<String, String>) -> Vec<Job> {
    let posts = lines.iter().filter_map(accepted);
    let jobs = (1..).zip(posts).map(|(count, (request, answer)): (u32, _)| {
        let prompt_id = answer["prompt_id"].as_str().unwrap_or_default().to_owned();
        Job {
            name: names.get(&prompt_id).cloned().unwrap_or_else(|| format!("job {count}")),
            prompt_id,
            number: answer["number"].as_f64(),
            graph: request["prompt"].clone(),
            client_id: request["client_id"].as_str().map(str::to_owned),
            start: None,
            end: None,
        }
    });
    jobs.collect()
}

/// From `index.json`: names only; what is measured is the trace.
fn names(index: &[u8]) -> HashMap<String, String> {
    let index: Value = serde_json::from_slice(index).unwrap_or_default();
    let jobs = index["jobs"].as_array().into_iter().flatten();
    let named = jobs.filter_map(|job| Some((job["prompt_id"].as_str()?.to_owned(), job["name"].as_str()?.to_owned())));
    named.collect()
}
