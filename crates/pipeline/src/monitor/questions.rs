//! What is asked over HTTP while a connection stands: the truth after a gap, whether the socket still hears, and how
//! much memory is left. Each runs as a task of its own, at most one of a kind at a time.

use super::Timing;
use super::driver::{Done, Driver};
use super::link::{device, memory};
use super::looking;
use super::watchdog::{Look, Running, Verdict};
use crate::clock;
use crate::comfy::ComfyError;
use monitor_core::comfy::rest::SystemStats;
use monitor_core::event::Device;
use monitor_core::generation::InstanceState;
use monitor_core::time::Now;
use monitor_core::tracker::{Class, Input, Snapshot};
use std::collections::HashSet;
use std::time::Instant;

/// Wishes for a snapshot that come together are one.
const GATHER_MS: u64 = 20;
/// Between the end of a snapshot and the next.
const APART_MS: u64 = 250;
/// Before a snapshot that failed is tried again, growing to the second.
const RETRY_MS: (u64, u64) = (500, 4_000);
/// At most this part of the time is spent asking for the queue to check on the running job.
const QUEUE_SHARE: u64 = 20;

/// What is due when, and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Questions {
    snapshot: Turn,
    wanted: HashSet<String>,
    after_connect: bool,
    failures: u32,
    not_before: u64,

    look: Turn,
    queue_not_before: u64,

    stats: Turn,

    /// The connection before this one was deaf, and nothing has been heard since.
    pub deaf_before: bool,
    /// While polling: when to try a new connection.
    reconnect: Option<u64>,
}

#[derive(Debug, Default)]
struct Turn {
    due: Option<u64>,
    running: bool,
}

impl Turn {
    fn starts(&mut self, now: u64) -> bool {
        let starts = !self.running && self.due.is_some_and(|due| due <= now);
        if starts {
            *self = Self { due: None, running: true };
        }
        starts
    }

    fn ends(&mut self, next: Option<u64>) {
        self.running = false;
        self.due = [self.due, next].into_iter().flatten().min();
    }
}

/// Queue and history, and what was new about the classes of their graphs.
pub(super) struct Truth {
    snapshot: Box<Snapshot>,
    classes: Vec<(String, Class)>,
}

/// The answer to a look, and what it cost.
pub(super) struct Looked {
    look: Look,
    round_trip_ms: f64,
    queue_took_ms: Option<u64>,
}

impl Questions {
    pub(super) fn after_connect(now: u64, timing: &Timing, deaf_before: bool) -> Self {
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            snapshot: Turn { due: Some(now), running: false },
            after_connect: true,
            look: Turn { due: Some(now + 2_000), running: false },
            stats: Turn { due: Some(now + millis(timing.stats)), running: false },
            deaf_before,
            ..Self::default()
        }
    }

    /// Soon, `/queue` and then `/history` of these prompts.
    pub(super) fn want_snapshot(&mut self, now: u64, prompt_ids: impl IntoIterator<Item = String>) {
        self.wanted.extend(prompt_ids);
        let due = (now + GATHER_MS).max(self.not_before);
        self.snapshot.due = Some(self.snapshot.due.map_or(due, |earlier| earlier.min(due)));
    }

    pub(super) fn due(&self, is_up: bool) -> Option<u64> {
        let turns = [&self.snapshot, &self.look, &self.stats];
        let due = turns.into_iter().filter(|turn| !turn.running).map(|turn| turn.due).chain([self.reconnect]);
        due.flatten().min().filter(|_| is_up)
    }
}

impl Driver {
    pub(super) fn ask_what_is_due(&mut self, now: Now) {
        if !self.link.is_up() {
            return;
        }
        if self.questions.snapshot.starts(now.mono) {
            self.ask_snapshot();
        }
        if self.questions.look.starts(now.mono) {
            self.ask_look(now);
        }
        if self.questions.stats.starts(now.mono) {
            let (comfy, connection) = (self.comfy.clone(), self.connection);
            self.spawn(async move { Done::Stats { connection, answer: comfy.system_stats().await } });
        }
        if self.questions.reconnect.is_some_and(|due| due <= now.mono) {
            self.questions.reconnect = None;
            self.down(now, "trying whether a new connection hears again".to_owned(), true);
        }
    }

    fn ask_snapshot(&mut self) {
        let mut prompt_ids = std::mem::take(&mut self.questions.wanted);
        prompt_ids.extend(self.tracker.open_prompts());
        // Those that may not have arrived yet: nothing follows from their absence.
        let under_way: HashSet<String> = self.sending.union(&self.unsent).cloned().collect();
        let after_connect = self.questions.after_connect;
        let (comfy, classes, connection) = (self.comfy.clone(), self.classes.clone(), self.connection);
        let patience = self.timing.snapshot_classes;
        self.counts.snapshots += 1;
        self.spawn(async move {
            let snapshot = looking::snapshot(&*comfy, prompt_ids.into_iter().collect(), after_connect).await;
            let answer = match snapshot {
                Ok(mut snapshot) => {
                    snapshot.missing.retain(|prompt_id| !under_way.contains(prompt_id));
                    let classes = classes.of_snapshot(&*comfy, &snapshot, patience).await;
                    Ok(Truth { snapshot: Box::new(snapshot), classes })
                }
                Err(error) => Err(error),
            };
            Done::Snapshot { connection, answer }
        });
    }

    pub(super) fn took_snapshot(&mut self, now: Now, answer: Result<Truth, ComfyError>) {
        match answer {
            Ok(Truth { snapshot, classes }) => {
                self.questions.snapshot.ends(None);
                self.questions.not_before = now.mono + APART_MS;
                self.questions.after_connect = false;
                self.questions.failures = 0;
                self.backoff.reset();
                // The snapshot must not overtake what was heard before it.
                self.hear_all();
                if !self.link.is_up() {
                    return;
                }
                let seen = snapshot.running.iter().chain(&snapshot.pending).map(|item| &item.prompt_id);
                for prompt_id in seen.chain(snapshot.history.iter().map(|entry| &entry.prompt_id)) {
                    self.unsent.remove(prompt_id);
                }
                if !classes.is_empty() {
                    self.tell(now, Input::Classes(classes));
                }
                self.tell(now, Input::Snapshot(snapshot));
            }
            Err(error) => {
                let (first, longest) = RETRY_MS;
                let delay = (first << self.questions.failures.min(8)).min(longest);
                self.questions.failures += 1;
                self.questions.snapshot.ends(Some(now.mono + delay));
                tracing::debug!(server = self.comfy.host(), %error, "queue and history could not be read");
            }
        }
    }

    pub(super) fn ask_history(&mut self, prompt_id: String) {
        if !self.link.is_up() {
            return;
        }
        let (comfy, connection) = (self.comfy.clone(), self.connection);
        self.spawn(async move {
            let answer = comfy.history(&prompt_id).await.map(|entry| entry.map(Box::new));
            Done::History { connection, prompt_id, answer }
        });
    }

    fn ask_look(&mut self, now: Now) {
        let wants_queue = self.watchdog.asks_for_running(now.mono);
        let with_queue = wants_queue && (self.watchdog.in_doubt() || now.mono >= self.questions.queue_not_before);
        let (comfy, client_id, connection) = (self.comfy.clone(), self.client_id.clone(), self.connection);
        self.spawn(async move {
            let answer = async {
                let began = Instant::now();
                let remaining = comfy.queue_remaining().await?;
                let round_trip_ms = began.elapsed().as_secs_f64() * 1_000.0;
                let began = Instant::now();
                let running =
                    if with_queue { looking::running_of(&*comfy, &client_id).await? } else { Running::Unknown };
                let queue_took_ms = with_queue.then(|| u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
                Ok(Looked { look: Look { asked_at: now.mono, remaining, running }, round_trip_ms, queue_took_ms })
            };
            Done::Looked { connection, answer: answer.await }
        });
    }

    /// Compares what the server says with what was heard, once all that came is handled.
    pub(super) fn looked(&mut self, answer: Result<Looked, ComfyError>) {
        self.hear_all();
        if !self.link.is_up() {
            return;
        }
        let now = clock::now();
        let verdict = match answer {
            Ok(looked) => {
                self.status.send_modify(|status| status.round_trip_ms = Some(looked.round_trip_ms));
                if let Some(took) = looked.queue_took_ms {
                    self.questions.queue_not_before = now.mono + took.saturating_mul(QUEUE_SHARE);
                }
                let verdict = self.watchdog.judge(now.mono, &looked.look);
                if verdict != Verdict::Hears {
                    self.note_remaining(Some(looked.look.remaining));
                }
                verdict
            }
            // A server that does not answer is not deaf.
            Err(error) => {
                tracing::debug!(server = self.comfy.host(), %error, "the server does not answer");
                Verdict::Hears
            }
        };
        let polling = self.status.borrow().state == InstanceState::Polling;
        self.questions.look.ends(Some(now.mono + if polling { 2_000 } else { self.watchdog.interval() }));
        if polling {
            self.questions.want_snapshot(now.mono, []);
            if self.questions.reconnect.is_none() {
                let pause = u64::try_from(self.timing.polling_reconnect.as_millis()).unwrap_or(u64::MAX);
                self.questions.reconnect = Some(now.mono.saturating_add(pause));
            }
        } else if verdict == Verdict::Deaf {
            self.deaf(now);
        }
    }

    /// The socket brings nothing though there is something to bring: forgotten by the server, which a new connection
    /// heals, or the server's send loop hangs on another client, which nothing of ours heals.
    fn deaf(&mut self, now: Now) {
        if !self.questions.deaf_before || self.watchdog.is_proven() {
            self.questions.deaf_before = true;
            let reason = "ComfyUI has stopped sending to this connection: connecting anew";
            self.down(now, reason.to_owned(), true);
            return;
        }
        let reason = "ComfyUI sends nothing, also to a new connection: another client probably blocks it. Asking every \
                      2 s instead; live progress is missing until that client is gone or ComfyUI is restarted";
        tracing::warn!(server = self.comfy.host(), "{reason}");
        self.set_state(now, InstanceState::Polling, Some(reason.to_owned()), None);
        self.questions.want_snapshot(now.mono, []);
    }

    pub(super) fn took_stats(&mut self, now: Now, answer: Result<SystemStats, ComfyError>) {
        let pause = u64::try_from(self.timing.stats.as_millis()).unwrap_or(u64::MAX);
        self.questions.stats.ends(Some(now.mono.saturating_add(pause)));
        let Ok(stats) = answer else { return };
        self.note_memory(now, stats.devices.first().and_then(memory));
        let devices: Vec<Device> = stats.devices.iter().map(device).collect();
        self.status.send_modify(|status| status.devices = devices);
    }
}
