//! Drives the monitor's own tracker through a session, as it was live, and notes what it would have shown.

use super::session::{Job, Session, What};
use monitor_core::comfy::message::{self, Message};
use monitor_core::comfy::progress::ProgressReader;
use monitor_core::comfy::rest::{HistoryEntry, QueueItem, history, queue};
use monitor_core::cost::{Bucket, History};
use monitor_core::event::{Body, Eta};
use monitor_core::time::{Now, Timestamp};
use monitor_core::tracker::{Answer, Class, Config, Input, Output, Snapshot, Submission, Tracker, Want};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How long after its last message a session is still followed: what the tracker waits for then comes, ms.
const AFTERMATH: u64 = 30_000;
/// Between two sessions of which one learns from the other, ms.
const BETWEEN: i64 = 60_000;

/// What a job showed from some moment on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shown {
    /// Seconds of the recording.
    pub t: f64,
    pub percent: f64,
    pub eta: Option<Eta>,
}

/// What came of a session.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    /// Every change, for each job of the session.
    pub shown: Vec<Vec<Shown>>,
    /// What nodes took, what was known before included.
    pub learnt: History,
}

/// Nothing of a session is seen before its time: neither the next message nor how a job will end.
pub(super) fn replay(session: &Session, before: &History) -> Replayed {
    let config = Config {
        instance_id: "eval".to_owned(),
        client_id: session.client_id.clone(),
        comfyui_host: session.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        history: ending_before(before, session.began),
        ..Config::default()
    };
    let mut player = Player {
        session,
        tracker: Tracker::new(Now { wall: Timestamp(session.began), mono: 0 }, config),
        reader: ProgressReader::new(),
        connected: false,
        seen: session.jobs.iter().map(|_| Seen::default()).collect(),
        shown: vec![Vec::new(); session.jobs.len()],
        now: 0,
    };
    let classes = session.classes.classes.iter().map(|info| (info.name.clone(), Class::from(info))).collect();
    player.feed(0.0, Input::Classes(classes));
    for step in &session.steps {
        player.wait_until(step.t);
        player.play(step.t, &step.what);
    }
    let end = session.steps.last().map_or(0.0, |step| step.t);
    player.wait_until(end + AFTERMATH as f64 / 1_000.0);
    Replayed { learnt: player.tracker.learnt().clone(), shown: player.shown }
}

/// What the server knows of a job by what was heard so far.
#[derive(Debug, Default)]
struct Seen {
    sent: bool,
    started: bool,
    gone: bool,
    /// `[type, data]` of what its history entry will hold.
    messages: Vec<Value>,
    outputs: Map<String, Value>,
}

struct Player<'a> {
    session: &'a Session,
    tracker: Tracker,
    reader: ProgressReader,
    connected: bool,
    seen: Vec<Seen>,
    shown: Vec<Vec<Shown>>,
    /// The tracker's time, ms.
    now: u64,
}

fn millis(t: f64) -> u64 {
    (t * 1_000.0) as u64
}

/// Our queue id of a job, and back.
fn queue_id(at: usize) -> Uuid {
    Uuid::from_u128(at as u128 + 1)
}

impl Player<'_> {
    /// Lets time pass: the tracker is woken whenever it wants to be.
    fn wait_until(&mut self, t: f64) {
        while let Some(due) = self.tracker.deadline().filter(|due| *due < millis(t)) {
            let due = due.max(self.now);
            self.feed(due as f64 / 1_000.0, Input::Tick);
            // A deadline that stays would be asked for again and again.
            if self.tracker.deadline().is_some_and(|next| next <= due) {
                break;
            }
        }
    }

    fn play(&mut self, t: f64, what: &What) {
        let session = self.session;
        match what {
            What::Text(text) => {
                self.note(text);
                let mut reader = std::mem::take(&mut self.reader);
                if let Some(progress) = reader.read(text) {
                    self.feed(t, Input::Progress(&progress));
                } else {
                    let parsed = message::parse(text);
                    self.feed(t, Input::Message { addressee: None, message: &parsed.message });
                }
                self.reader = reader;
            }
            What::Submitting(at) => {
                self.seen[*at].sent = true;
                let job = &session.jobs[*at];
                if session.is_ours(job) {
                    let submission = Submission {
                        queue_id: queue_id(*at),
                        attempt: 1,
                        prompt_id: job.prompt_id.clone(),
                        title: None,
                        workflow: job.graph.clone(),
                        last_sequence: 0,
                    };
                    self.feed(t, Input::Submitting(submission));
                }
            }
            What::Answered(at) => {
                let job = &session.jobs[*at];
                if session.is_ours(job) {
                    let answer = Answer::Accepted { prompt_id: job.prompt_id.clone(), number: job.number };
                    self.feed(t, Input::Answered { prompt_id: job.prompt_id.clone(), answer });
                }
            }
            What::Opened => {
                self.close(t);
                self.connected = true;
                self.reader = ProgressReader::new();
                let comfyui_version = session.comfyui_version.clone();
                self.feed(t, Input::Connected { comfyui_version, devices: session.devices.clone() });
                let asked = self.tracker.open_prompts();
                let snapshot = Snapshot { after_connect: true, ..self.snapshot(&asked) };
                self.feed(t, Input::Snapshot(Box::new(snapshot)));
            }
            What::Closed => self.close(t),
        }
    }

    fn close(&mut self, t: f64) {
        if std::mem::take(&mut self.connected) {
            self.feed(t, Input::Disconnected { reason: "the connection ended".to_owned() });
        }
    }

    fn feed(&mut self, t: f64, input: Input) {
        let mono = millis(t);
        self.now = mono;
        let wall = Timestamp(self.session.began).plus(mono);
        for output in self.tracker.handle(Now { wall, mono }, input) {
            self.take(t, output);
        }
    }

    fn take(&mut self, t: f64, output: Output) {
        match output {
            Output::Event(event) => {
                let Some(queue_id) = event.base.queue_id else { return };
                match event.body {
                    Body::NodeProgressUpdate(body) => self.show(t, queue_id, body.overall_percentage, body.eta),
                    Body::JobCompleted(_) => self.show(t, queue_id, 100.0, None),
                    _ => {}
                }
            }
            Output::Pace(pace) => self.show(t, pace.queue_id, pace.overall_percentage, pace.eta),
            Output::Want(Want::History { prompt_id }) if self.connected => {
                let entry = self.entry(&prompt_id).map(Box::new);
                self.feed(t, Input::History { prompt_id, entry });
            }
            Output::Want(Want::Snapshot { prompt_ids }) if self.connected => {
                let snapshot = self.snapshot(&prompt_ids);
                self.feed(t, Input::Snapshot(Box::new(snapshot)));
            }
            _ => {}
        }
    }

    fn show(&mut self, t: f64, whose: Uuid, percent: f64, eta: Option<Eta>) {
        let Some(at) = (0..self.shown.len()).find(|at| queue_id(*at) == whose) else { return };
        let shown = &mut self.shown[at];
        if shown.last().is_none_or(|last| (last.percent, last.eta) != (percent, eta)) {
            shown.push(Shown { t, percent, eta });
        }
    }

    /// What the server did for this message to be sent.
    fn note(&mut self, text: &[u8]) {
        let message = message::parse(text).message;
        let id = match &message {
            Message::Executing(executing) => executing.ends(),
            Message::ExecutionStart(_)
            | Message::ExecutionCached(_)
            | Message::Executed(_)
            | Message::ExecutionSuccess(_)
            | Message::ExecutionError(_)
            | Message::ExecutionInterrupted(_) => message.prompt_id(),
            _ => None,
        };
        let Some(at) = id.and_then(|id| self.known(id)) else { return };
        let seen = &mut self.seen[at];
        match &message {
            Message::Executing(_) => seen.gone = true,
            Message::Executed(executed) => {
                seen.outputs.insert(executed.node.clone(), executed.output.clone());
            }
            _ => {
                seen.started = true;
                let raw: Value = serde_json::from_slice(text).unwrap_or_default();
                seen.messages.push(json!([raw["type"], raw["data"]]));
            }
        }
    }

    /// The job that a message with this id is about.
    fn known(&self, prompt_id: &str) -> Option<usize> {
        let same = |at: &usize| self.seen[*at].sent && self.session.jobs[*at].prompt_id == prompt_id;
        (0..self.seen.len()).filter(same).find(|at| !self.seen[*at].gone)
    }

    fn item(&self, job: &Job) -> Value {
        let extra = json!({"client_id": job.client_id});
        json!([job.number.unwrap_or_default(), job.prompt_id, job.graph, extra, self.outputs(&job.graph)])
    }

    fn outputs<'b>(&self, graph: &'b Value) -> Vec<&'b String> {
        let is_output = |node: &Value| {
            let class = node["class_type"].as_str().and_then(|class| self.session.classes.get(class));
            class.is_some_and(|class| class.output_node)
        };
        let nodes = graph.as_object().into_iter().flatten();
        nodes.filter(|(_, node)| is_output(node)).map(|(id, _)| id).collect()
    }

    /// What `/history/{id}` would say now.
    fn entry(&self, prompt_id: &str) -> Option<HistoryEntry> {
        let same = |at: &usize| self.seen[*at].gone && self.session.jobs[*at].prompt_id == prompt_id;
        let at = (0..self.seen.len()).rfind(same)?;
        let (job, seen) = (&self.session.jobs[at], &self.seen[at]);
        let succeeded = seen.messages.iter().any(|message| message[0] == "execution_success");
        let status = json!({
            "status_str": if succeeded { "success" } else { "error" },
            "completed": succeeded,
            "messages": seen.messages,
        });
        let entry = json!({"prompt": self.item(job), "outputs": seen.outputs, "status": status, "meta": {}});
        history(json!({ prompt_id: entry }).to_string().as_bytes()).ok()?.value.entries.pop()
    }

    /// What `/queue`, then `/history`, would say now.
    fn snapshot(&self, prompt_ids: &[String]) -> Snapshot {
        let open = || self.session.jobs.iter().zip(&self.seen).filter(|(_, seen)| seen.sent && !seen.gone);
        let items = |started: bool| {
            let jobs = open().filter(|(_, seen)| seen.started == started);
            jobs.map(|(job, _)| self.item(job)).collect::<Vec<Value>>()
        };
        let body = json!({"queue_running": items(true), "queue_pending": items(false)}).to_string();
        let (running, pending): (Vec<QueueItem>, Vec<QueueItem>) =
            queue(body.as_bytes()).map(|queue| (queue.value.running, queue.value.pending)).unwrap_or_default();
        let (mut history, mut missing) = (Vec::new(), Vec::new());
        for prompt_id in prompt_ids {
            match self.entry(prompt_id) {
                Some(entry) => history.push(entry),
                None => missing.push(prompt_id.clone()),
            }
        }
        let history_empty = !self.seen.iter().any(|seen| seen.gone);
        Snapshot { running, pending, history, missing, history_empty, after_connect: false }
    }
}

/// What was learnt in other recordings, as if they had ended just before: which was made first does not matter.
fn ending_before(history: &History, began: i64) -> History {
    let newest = history.buckets().filter_map(|bucket| bucket.recent.last()).map(|run| run.at).max();
    let Some(newest) = newest else { return history.clone() };
    let shift = began.saturating_sub(BETWEEN).saturating_sub(newest.as_millis());
    History::from_buckets(history.buckets().cloned().map(|mut bucket: Bucket| {
        for run in &mut bucket.recent {
            run.at = Timestamp(run.at.as_millis().saturating_add(shift));
        }
        bucket
    }))
}

#[cfg(test)]
mod tests {
    use super::super::made::{Made, sampling};
    use super::*;

    /// Two jobs alike: a sampler of a second a step, and a saver that says nothing for four.
    fn two() -> Made {
        let mut made = Made::new();
        for (begin, id) in [(1.0, "a"), (20.0, "b")] {
            let cached: &[&str] = if id == "b" { &["1", "2"] } else { &[] };
            made.begin(begin, id, &sampling(), cached);
            if id == "a" {
                made.node(begin, id, "1").node(begin + 0.5, id, "2");
            }
            made.node(begin + 1.0, id, "3");
            for step in 1..=4 {
                made.progress(begin + 1.0 + f64::from(step), id, "3", step, 4);
            }
            made.node(begin + 5.1, id, "4").executed(begin + 9.1, id, "4").end(begin + 9.2, id);
        }
        made
    }

    #[test]
    fn nothing_is_known_before_its_time() {
        let whole = replay(&two().session(), &History::default());
        for until in [1.0, 3.5, 8.0, 21.5, 26.0] {
            let cut = replay(&two().until(until), &History::default());
            for (at, shown) in cut.shown.iter().enumerate() {
                let upto = |shown: &[Shown]| shown.iter().filter(|shown| shown.t <= until).copied().collect::<Vec<_>>();
                assert_eq!(upto(shown), upto(&whole.shown[at]), "job {at}, until {until}");
            }
        }
    }

    #[test]
    fn a_job_that_succeeded_shows_one_hundred_at_its_end_and_only_then() {
        for shown in replay(&two().session(), &History::default()).shown {
            let full: Vec<&Shown> = shown.iter().filter(|shown| shown.percent >= 100.0).collect();
            assert_eq!(full, [shown.last().unwrap()]);
            assert!(shown.windows(2).all(|pair| pair[0].percent <= pair[1].percent), "{shown:?}");
        }
    }

    #[test]
    fn time_alone_moves_the_bar_while_a_node_is_silent() {
        let shown = &replay(&two().session(), &History::default()).shown[1];
        let silent = shown.iter().filter(|shown| (25.2..29.0).contains(&shown.t)).count();
        assert!(silent >= 4, "{shown:?}");
    }

    #[test]
    fn what_was_learnt_in_other_recordings_lies_in_the_past_whenever_they_were_made() {
        let session = two().session();
        let learnt = replay(&session, &History::default()).learnt;
        for began in [session.began - 1_000_000_000, session.began + 1_000_000_000] {
            let moved = ending_before(&learnt, began);
            let runs = |history: &History| -> Vec<i64> {
                history.buckets().flat_map(|bucket| bucket.recent.iter().map(|run| run.at.as_millis())).collect()
            };
            assert_eq!(runs(&moved).into_iter().max(), Some(began - BETWEEN));
            assert_eq!(runs(&moved).len(), runs(&learnt).len());
        }
        assert_eq!(ending_before(&History::default(), 5), History::default());
    }

    #[test]
    fn a_session_that_was_seen_before_is_foretold_better() {
        let session = two().session();
        let first = replay(&session, &History::default());
        let again = replay(&session, &first.learnt);
        let off = |replayed: &Replayed| super::super::score::scores(&session, &replayed.shown)[0].ours;
        assert!(off(&again) < off(&first), "{} and {}", off(&again), off(&first));
    }
}
