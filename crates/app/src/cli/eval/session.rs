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
    #[error("none of these is a session: give folders with a trace.jsonl in them, or a folder of such folders")]
    None,
    /// It names the file itself.
    #[error(transparent)]
    Unreadable(TapeError),
    #[error("{}: {source}", path.display())]
    Broken { path: PathBuf, source: TapeError },
    #[error("{}: nothing to measure: no client that listens in it has submitted a job", path.display())]
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

/// The folders that these paths name: those of sessions, and of a folder of sessions all in it, by name. A plain file
/// that a shell's `*` has caught beside them is told to `passed_over`.
pub(super) fn find(paths: &[PathBuf], mut passed_over: impl FnMut(&Path)) -> Result<Vec<PathBuf>, SessionError> {
    let is_session = |folder: &Path| folder.join("trace.jsonl").is_file();
    let mut found = Vec::new();
    for path in paths {
        let inside = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut inside: Vec<PathBuf> = inside.filter(|folder| !is_session(path) && is_session(folder)).collect();
        inside.sort();
        if !inside.is_empty() {
            found.append(&mut inside);
        } else if path.is_file() && path.extension().is_none_or(|extension| extension != "jsonl") {
            passed_over(path);
        } else {
            found.push(path.clone());
        }
    }
    if found.is_empty() { Err(SessionError::None) } else { Ok(found) }
}

impl Session {
    /// Reads the folder of a session, or its `trace.jsonl` with what lies beside it.
    pub(super) fn read(path: &Path) -> Result<Session, SessionError> {
        let trace = if path.is_dir() { path.join("trace.jsonl") } else { path.to_owned() };
        let tape = Tape::read(path).map_err(|source| match source {
            TapeError::Io { .. } | TapeError::TooLong { .. } => SessionError::Unreadable(source),
            TapeError::Line { .. } => SessionError::Broken { path: trace.clone(), source },
            TapeError::Side { .. } => SessionError::Broken { path: path.to_owned(), source },
        })?;
        let beside = |file: &str| std::fs::read(trace.with_file_name(file)).ok();
        let names = beside("index.json").map(|index| names(&index)).unwrap_or_default();
        let stats = tape.lines.iter().find_map(|line| exchange(line, "GET", "/system_stats")?.response.as_ref());
        let stats = stats.map(|stats| stats.to_string().into_bytes()).or_else(|| beside("system_stats.json"));
        if let Some(line) = tape.lines.iter().find(|line| !(0.0..=LONGEST).contains(&line.t)) {
            return Err(SessionError::Time { path: trace, t: line.t });
        }
        Session::of(&tape, &names, stats.as_deref()).ok_or(SessionError::NoJobs { path: trace })
    }

    /// `names` are those of the jobs by prompt id, `stats` is a body of `GET /system_stats`. `None`: it has no jobs.
    pub(super) fn of(tape: &Tape, names: &HashMap<String, String>, stats: Option<&[u8]>) -> Option<Session> {
        let jobs = jobs(tape, names);
        let client_id = client_id(&tape.lines, &jobs)?;
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
        Some(session)
    }

    /// Jobs of this client that ran to their end, and when: what can be measured.
    pub(super) fn measurable(&self) -> impl Iterator<Item = (usize, &Job, f64, f64)> {
        let ours = self.jobs.iter().enumerate().filter(|(_, job)| self.is_ours(job));
        ours.filter_map(|(at, job)| Some((at, job, job.start?, job.end.filter(|end| Some(*end) > job.start)?)))
    }

    /// Whether our client hears of it: messages of a job without client go to all.
    pub(super) fn is_ours(&self, job: &Job) -> bool {
        job.client_id.as_ref().is_none_or(|client| *client == self.client_id)
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

/// The first client to connect that has jobs; one that submits does not have to say who it is.
fn client_id(lines: &[Line], jobs: &[Job]) -> Option<String> {
    let mut connected = lines.iter().filter_map(|line| match &line.event {
        Event::Open { url } => client_of(url),
        _ => None,
    });
    let has_jobs = |id: &&str| jobs.iter().any(|job| job.client_id.as_deref().is_none_or(|client| client == *id));
    connected.find(has_jobs).map(str::to_owned)
}

fn exchange<'a>(line: &'a Line, method: &str, path: &str) -> Option<&'a Exchange> {
    let Event::Http(exchange) = &line.event else { return None };
    let asked = exchange.path.split('?').next().unwrap_or_default();
    let asked = asked.strip_prefix("/api").unwrap_or(asked);
    (exchange.method == method && asked == path).then_some(exchange)
}

/// The answer about a job that the server took.
fn accepted(line: &Line) -> Option<&Value> {
    let post = exchange(line, "POST", "/prompt").filter(|post| post.status == Some(200))?;
    post.response.as_ref().filter(|answer| answer["prompt_id"].is_string())
}

fn jobs(tape: &Tape, names: &HashMap<String, String>) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for answer in tape.lines.iter().filter_map(accepted) {
        let prompt_id = answer["prompt_id"].as_str().unwrap_or_default().to_owned();
        let again = jobs.iter().filter(|job| job.prompt_id == prompt_id).count();
        // Where the line has the length of its body only, the tape has the graph from the history.
        let submitted = tape.jobs.iter().filter(|job| job.prompt_id == prompt_id).nth(again);
        jobs.push(Job {
            name: names.get(&prompt_id).cloned().unwrap_or_else(|| format!("job {}", jobs.len() + 1)),
            prompt_id,
            number: answer["number"].as_f64(),
            graph: submitted.and_then(|job| job.body.get("prompt").cloned()).unwrap_or_default(),
            client_id: submitted.and_then(|job| job.client_id.clone()),
            start: None,
            end: None,
        });
    }
    jobs
}

/// From `index.json`: names only; what is measured is the trace.
fn names(index: &[u8]) -> HashMap<String, String> {
    let index: Value = serde_json::from_slice(index).unwrap_or_default();
    let jobs = index["jobs"].as_array().into_iter().flatten();
    let named = jobs.filter_map(|job| Some((job["prompt_id"].as_str()?.to_owned(), job["name"].as_str()?.to_owned())));
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::super::made::{Made, sampling};
    use super::*;
    use std::fs;

    fn made() -> Made {
        let mut made = Made::new();
        made.begin(1.0, "p", &sampling(), &[]).node(1.5, "p", "3").end(2.0, "p");
        made
    }

    #[test]
    fn jobs_have_their_times_from_the_trace_and_their_names_from_the_index() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("trace.jsonl"), made().trace()).unwrap();
        let job = &Session::read(folder.path()).unwrap().jobs[0];
        assert_eq!((job.name.as_str(), job.start, job.end), ("job 1", Some(1.0), Some(2.0)));
        let index = r#"{"jobs": [{"prompt_id": "p", "name": "portrait", "start_t": 7.0}]}"#;
        fs::write(folder.path().join("index.json"), index).unwrap();
        let job = &Session::read(folder.path()).unwrap().jobs[0];
        assert_eq!((job.name.as_str(), job.start), ("portrait", Some(1.0)));
    }

    #[test]
    fn a_broken_line_an_empty_trace_and_a_missing_one_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let trace = folder.path().join("trace.jsonl");
        let error = || Session::read(folder.path()).unwrap_err().to_string();
        assert!(error().contains(trace.to_str().unwrap()), "{}", error());
        fs::write(&trace, "").unwrap();
        assert!(error().contains("nothing to measure") && error().contains("trace.jsonl"), "{}", error());
        fs::write(&trace, format!("{}\n{{\"t\": 3.0, \"conn\"", made().trace())).unwrap();
        assert!(error().contains("trace.jsonl") && error().contains("line 9"), "{}", error());
        fs::write(&trace, made().trace().replace("2.0", "-2.0")).unwrap();
        assert!(error().contains("t = -2"), "{}", error());
    }

    #[test]
    fn a_folder_of_sessions_is_all_of_them_and_files_beside_them_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", "empty"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for file in ["a/trace.jsonl", "b/trace.jsonl", "README.md"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let path = |name: &str| folder.path().join(name);
        let found = |paths: &[PathBuf]| find(paths, |_| {}).map_err(|error| error.to_string());
        assert_eq!(found(&[folder.path().to_owned()]), Ok(vec![path("a"), path("b")]));
        assert_eq!(found(&[path("b"), path("README.md"), path("a")]), Ok(vec![path("b"), path("a")]));
        assert_eq!(found(&[path("empty")]), Ok(vec![path("empty")]), "reading it says what is wrong");
        assert!(found(&[path("README.md")]).is_err());
    }

    #[test]
    fn what_others_do_on_the_server_is_not_ours() {
        let trace = made().trace()
            + &made()
                .trace()
                .replace("\"me\"", "\"other\"")
                .replace("\"a\"", "\"b\"")
                .replace("\"p\"", "\"q\"")
                .replace("clientId=me", "clientId=other");
        let tape = Tape::parse("made", &trace, |_| None).unwrap();
        let session = Session::of(&tape, &HashMap::new(), None).unwrap();
        assert_eq!(session.measurable().map(|(_, job, ..)| job.prompt_id.as_str()).collect::<Vec<_>>(), ["p"]);
        assert_eq!(session.jobs.len(), 2);
    }

    #[test]
    fn a_graph_that_is_too_long_for_its_line_is_taken_from_the_history() {
        let mut lines: Vec<String> = made().trace().lines().map(str::to_owned).collect();
        let request = format!("{{\"prompt\":{},\"client_id\":\"me\"}}", sampling());
        lines[1] = lines[1].replace(&request, "\"<10901 bytes>\"");
        assert!(lines[1].contains("<10901 bytes>"));
        let entry = serde_json::json!({"p": {"prompt": [1, "p", sampling(), {}, []], "status": {}, "outputs": {}}});
        let history = serde_json::json!({
            "t": 2.5, "conn": "http", "kind": "http", "method": "GET", "path": "/history/p", "status": 200,
            "response_file": "history.json",
        });
        let greeting = r#"{"t": 0.0, "conn": "a", "kind": "text", "data": {"type": "status", "data": {"sid": "me"}}}"#;
        lines.insert(1, greeting.to_owned());
        lines.push(history.to_string());
        let beside = |file: &str| (file == "history.json").then(|| entry.to_string());
        let tape = Tape::parse("made", &lines.join("\n"), beside).unwrap();
        let session = Session::of(&tape, &HashMap::new(), None).unwrap();
        assert_eq!(session.measurable().map(|(_, job, ..)| job.graph.clone()).collect::<Vec<_>>(), [sampling()]);
    }

    #[test]
    fn a_job_that_is_spoken_of_before_its_answer_was_submitted_by_then() {
        let mut lines: Vec<String> = made().trace().lines().map(str::to_owned).collect();
        let answer = lines.remove(1);
        lines.insert(3, answer);
        let tape = Tape::parse("made", &lines.join("\n"), |_| None).unwrap();
        let session = Session::of(&tape, &HashMap::new(), None).unwrap();
        let places = |wanted: fn(&What) -> bool| session.steps.iter().position(|step| wanted(&step.what));
        assert_eq!(places(|what| matches!(what, What::Submitting(0))), Some(1));
        assert_eq!(places(|what| matches!(what, What::Answered(0))), Some(4));
    }
}
