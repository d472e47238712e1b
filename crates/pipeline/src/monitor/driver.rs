//! The loop: what was read, what is asked for, what questions brought back, and time take turns.

use super::backoff::Backoff;
use super::classes::Classes;
use super::handle::{Command, MonitorHandle};
use super::hearing::Ear;
use super::link::{Link, Opened};
use super::questions::{Looked, Questions, Truth};
use super::sending::{Answered, Prepared};
use super::status::{Counts, InstanceStatus, Readings};
use super::watchdog::Watchdog;
use super::{Sink, Timing};
use crate::clock;
use crate::comfy::{Comfy, ComfyError};
use monitor_core::comfy::rest::{HistoryEntry, SystemStats};
use monitor_core::event::Event;
use monitor_core::generation::InstanceState;
use monitor_core::time::Now;
use monitor_core::tracker::{self, Input, Output, Tracker, Want};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Commands that wait their turn; who sends more waits.
const COMMANDS: usize = 64;
/// With nothing to do, look up this often.
const IDLE_MS: u64 = 60_000;

/// What a task of ours brought back. Answers about a connection carry its number: what was asked on an older one says
/// nothing about this one.
pub(super) enum Done {
    Closed,
    Opened(Result<Opened, ComfyError>),
    Snapshot { connection: u64, answer: Result<Truth, ComfyError> },
    History { connection: u64, prompt_id: String, answer: Result<Option<Box<HistoryEntry>>, ComfyError> },
    Looked { connection: u64, answer: Result<Looked, ComfyError> },
    Stats { connection: u64, answer: Result<SystemStats, ComfyError> },
    Prepared(Box<Prepared>),
    Answered(Box<Answered>),
    Cancelled,
}

pub(super) struct Driver {
    pub(super) comfy: Arc<dyn Comfy>,
    pub(super) client_id: String,
    pub(super) timing: Timing,
    pub(super) tasks: JoinSet<Done>,
    pub(super) link: Link,
    /// How many connections there have been.
    pub(super) connection: u64,
    pub(super) backoff: Backoff,
    pub(super) ear: Ear,
    pub(super) watchdog: Watchdog,
    pub(super) questions: Questions,
    pub(super) classes: Arc<Classes>,
    pub(super) tracker: Tracker,
    /// Prompts whose submission has no answer yet.
    pub(super) sending: HashSet<String>,
    /// Prompts the tracker knows of, although it is not known whether the server does.
    pub(super) unsent: HashSet<String>,
    pub(super) counts: Counts,
    pub(super) status: watch::Sender<InstanceStatus>,
    pub(super) readings: Arc<Readings>,
    /// The tracker's time never goes back, though a letter may have been stamped before the last timer.
    latest: u64,
    told_counts: watch::Sender<Counts>,
    sink: Arc<dyn Sink>,
}

pub(super) fn start(
    config: tracker::Config,
    timing: Timing,
    comfy: Arc<dyn Comfy>,
    sink: Arc<dyn Sink>,
) -> MonitorHandle {
    let now = clock::now();
    let (commands, asked) = mpsc::channel(COMMANDS);
    let (status, seen_status) = watch::channel(InstanceStatus { since: now.wall, ..InstanceStatus::default() });
    let (told_counts, counts) = watch::channel(Counts::default());
    let readings = Arc::new(Readings::default());
    let handle =
        MonitorHandle { commands, status: seen_status, counts, readings: readings.clone(), comfy: comfy.clone() };
    let unanswered = config.jobs.iter().filter(|job| job.ours && job.events.is_empty() && job.number.is_none());
    let unsent = unanswered.map(|job| job.submission.prompt_id.clone()).collect();
    let driver = Driver {
        comfy,
        client_id: config.client_id.clone(),
        timing,
        tasks: JoinSet::new(),
        link: Link::Waiting { until: now.mono },
        connection: 0,
        backoff: Backoff::new(timing.seed),
        ear: Ear::default(),
        watchdog: Watchdog::new(now.mono),
        questions: Questions::default(),
        classes: Arc::new(Classes::default()),
        tracker: Tracker::new(now, config),
        sending: HashSet::new(),
        unsent,
        counts: Counts::default(),
        status,
        readings,
        latest: 0,
        told_counts,
        sink,
    };
    tokio::spawn(driver.run(asked));
    handle
}

impl Driver {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let done = loop {
            self.on_time(clock::now());
            self.told_counts.send_replace(self.counts);
            let mailbox = self.link.mailbox();
            let letters = async {
                match &mailbox {
                    Some(mailbox) => mailbox.ready().await,
                    None => std::future::pending().await,
                }
            };
            let wake = self.wake_at();
            tokio::select! {
                () = letters => self.hear(),
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => match done {
                    Ok(done) => self.take(done),
                    Err(error) => self.task_broke(&error),
                },
                command = commands.recv() => match command {
                    Some(Command::Submit { submission, preview_method, reply }) => {
                        self.submit(*submission, preview_method, reply);
                    }
                    Some(Command::Cancel { prompt_id, reply }) => self.cancel(prompt_id, reply),
                    Some(Command::Estimate { workflow, reply }) => {
                        // Whoever asked may have given up.
                        let _ = reply.send(self.tracker.estimate(clock::now(), &workflow));
                    }
                    Some(Command::Reconnect) => self.reconnect(),
                    Some(Command::Stop { reason, done }) => break Some((reason, done)),
                    None => break None,
                },
                () = sleep_until(wake) => {}
            }
        };
        self.stop(done).await;
    }

    /// Everything that is due.
    fn on_time(&mut self, now: Now) {
        if self.tracker.deadline().is_some_and(|due| due <= now.mono) {
            self.tell(now, Input::Tick);
        }
        self.tend_link(now);
        self.ask_what_is_due(now);
    }

    fn wake_at(&self) -> u64 {
        let due = [self.tracker.deadline(), self.link.due(), self.questions.due(self.link.is_up())];
        due.into_iter().flatten().min().unwrap_or_else(|| clock::now().mono + IDLE_MS)
    }

    fn take(&mut self, done: Done) {
        let now = clock::now();
        match done {
            Done::Closed => self.closed(now),
            Done::Opened(Ok(opened)) => self.opened(now, opened),
            Done::Opened(Err(error)) => self.not_opened(now, &error),
            Done::Prepared(prepared) => self.send(now, *prepared),
            Done::Answered(answered) => self.answered(now, *answered),
            Done::Cancelled => self.questions.want_snapshot(now.mono, []),
            Done::Snapshot { connection, answer } if connection == self.connection => self.took_snapshot(now, answer),
            Done::History { connection, prompt_id, answer: Ok(entry) } if connection == self.connection => {
                self.tell(now, Input::History { prompt_id, entry });
            }
            Done::Looked { connection, answer } if connection == self.connection => self.looked(answer),
            Done::Stats { connection, answer } if connection == self.connection => self.took_stats(now, answer),
            Done::Snapshot { .. } | Done::History { .. } | Done::Looked { .. } | Done::Stats { .. } => {}
        }
    }

    /// A task panicked; which one is not known, and something would wait for it for ever. Connecting anew asks anew.
    fn task_broke(&mut self, error: &tokio::task::JoinError) {
        tracing::error!(%error, "a task of the monitor broke, connecting anew");
        let now = clock::now();
        match self.link {
            Link::Up(_) => self.down(now, "an error inside the monitor".to_owned(), true),
            Link::Closing { .. } | Link::Connecting => self.link = Link::Waiting { until: now.mono + 1_000 },
            Link::Waiting { .. } => {}
        }
    }

    /// Gives the tracker an input, and passes on what comes out.
    pub(super) fn tell(&mut self, now: Now, input: Input) {
        self.latest = self.latest.max(now.mono);
        let outputs = self.tracker.handle(Now { mono: self.latest, ..now }, input);
        if outputs.is_empty() {
            return;
        }
        let mut events: Vec<Event> = Vec::new();
        let mut line_changed = false;
        for output in outputs {
            let output = match output {
                Output::Event(event) => {
                    line_changed |= event.is_durable();
                    events.push(*event);
                    continue;
                }
                other => other,
            };
            if !events.is_empty() {
                self.sink.events(std::mem::take(&mut events));
            }
            match output {
                Output::Event(_) => {}
                Output::Observed(observed) => self.sink.observed(*observed),
                Output::Positions { places, queue_remaining } => {
                    line_changed = true;
                    self.sink.positions(places, queue_remaining);
                }
                Output::Pace(pace) => self.sink.pace(pace),
                Output::Preview(picture) => self.sink.preview(picture),
                Output::Image(picture) => self.sink.image(picture),
                Output::Want(Want::Snapshot { prompt_ids }) => self.questions.want_snapshot(now.mono, prompt_ids),
                Output::Want(Want::History { prompt_id }) => self.ask_history(prompt_id),
                Output::Want(Want::Interrupt { prompt_id }) => self.interrupt(prompt_id),
            }
        }
        if !events.is_empty() {
            self.sink.events(events);
        }
        if line_changed {
            let running = self.tracker.running_prompts();
            let waiting = self.tracker.waiting();
            self.status.send_if_modified(|status| {
                let changed = status.running != running || status.waiting != waiting;
                (status.running, status.waiting) = (running, waiting);
                changed
            });
        }
    }

    pub(super) fn spawn(&mut self, task: impl Future<Output = Done> + Send + 'static) {
        self.tasks.spawn(task);
    }

    async fn stop(mut self, asked: Option<(String, oneshot::Sender<()>)>) {
        let (reason, done) = asked.map_or_else(|| ("nobody watches any more".to_owned(), None), |(r, d)| (r, Some(d)));
        self.hear_all();
        let now = clock::now();
        self.tell(now, Input::Stopping { reason: reason.clone() });
        if let Link::Up(line) = std::mem::replace(&mut self.link, Link::Waiting { until: u64::MAX }) {
            line.close().await;
        }
        self.tasks.shutdown().await;
        self.set_state(now, InstanceState::Disconnected, Some(format!("stopped: {reason}")), None);
        if let Some(done) = done {
            // Whoever asked may be gone.
            let _ = done.send(());
        }
    }
}

/// Until a moment of the monotonic clock.
async fn sleep_until(mono: u64) {
    tokio::time::sleep(Duration::from_millis(mono.saturating_sub(clock::now().mono))).await;
}
