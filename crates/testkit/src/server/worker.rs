//! The worker: takes one job after another and performs it, in the order of section 5.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::history;
use super::life::{Life, Running};
use super::queue::Job;
use super::repertoire::Source;
use super::shared::{Command, lock, now_ms};
use super::sockets::Audience;
use crate::hostile::Raw;
use crate::play::{Action, Ending, Play, Step, To};
use crate::script;

pub(super) async fn work(life: Arc<Life>) {
    loop {
        let Some((job, interrupt)) = next(&life) else {
            life.work.notified().await;
            continue;
        };
        let play = rehearse(&life, &job);
        let performance = Performance {
            life: &life,
            job: &job,
            prompt: Arc::new(Value::Object(job.graph.clone())),
            play: &play,
            interrupt,
            began: Instant::now(),
            faults: life.shared.faults(),
            nodes: Map::new(),
            executed: Vec::new(),
            ran: HashSet::new(),
            outputs: Map::new(),
            current: None,
            messages: Vec::new(),
        };
        performance.run().await;
    }
}

fn next(life: &Life) -> Option<(Arc<Job>, CancellationToken)> {
    let mut state = life.lock();
    let job = state.queue.pop()?;
    let interrupt = CancellationToken::new();
    state.running = Some(Running {
        job: Arc::clone(&job),
        interrupt: interrupt.clone(),
        last_node: None,
        held: false,
        started_ms: now_ms(),
    });
    life.broadcast_status(&state);
    Some((job, interrupt))
}

fn rehearse<'a>(life: &Life, job: &'a Job) -> Cow<'a, Play> {
    let scripted = |script: &script::Script| {
        let mut namer = lock(&life.shared.namer);
        let cache = &mut life.lock().cache;
        Cow::Owned(script::perform(script, &job.prompt_id, &job.graph, &job.targets, &mut namer, cache))
    };
    match &job.source {
        Source::Tape(recorded) => match &recorded.play {
            Some(play) => Cow::Borrowed(play),
            None => scripted(&script::Script::new()),
        },
        Source::Script(script) => scripted(script),
    }
}

pub(super) struct Performance<'a> {
    pub life: &'a Life,
    pub job: &'a Job,
    /// The graph, as the files carry it.
    pub prompt: Arc<Value>,
    pub play: &'a Play,
    pub interrupt: CancellationToken,
    /// When the job began; later by as long as it stood still.
    began: Instant,
    pub faults: crate::faults::Faults,
    /// The entries of `progress_state` so far.
    pub nodes: Map<String, Value>,
    /// Nodes that ran to their end, in order, and for looking up.
    pub executed: Vec<String>,
    pub ran: HashSet<String>,
    pub outputs: Map<String, Value>,
    /// The executing id of the node started last.
    pub current: Option<String>,
    /// `status.messages` of the history entry.
    pub messages: Vec<Value>,
}

impl Performance<'_> {
    async fn run(mut self) {
        let id = &self.job.prompt_id;
        self.milestone("execution_start", json!({"prompt_id": id})).await;
        for frame in self.faults.hostile.iter().flat_map(crate::hostile::Hostile::frames) {
            self.deliver(To::Submitter, || frame);
        }
        let ending = match self.perform().await {
            ControlFlow::Break(ending) => ending,
            ControlFlow::Continue(()) => self.play.ending.clone(),
        };
        let (kind, data) = match &ending {
            Ending::Success | Ending::Lost => ("execution_success", json!({"prompt_id": self.job.prompt_id})),
            Ending::Error(data) => ("execution_error", data.clone()),
            Ending::Interrupted(data) => ("execution_interrupted", data.clone()),
        };
        self.milestone(kind, data).await;
        self.end(&ending);
    }

    async fn perform(&mut self) -> ControlFlow<Ending> {
        self.wait(self.play.cached_at, false).await?;
        self.milestone("execution_cached", json!({"nodes": self.play.cached, "prompt_id": self.job.prompt_id})).await;
        let mut steps = self.play.steps.iter();
        while let Some(step) = steps.next() {
            self.wait(step.at, step.deaf).await?;
            // A type 4 preview is sent before its `progress`, a type 1 preview after it.
            let early = match (&step.action, steps.as_slice().first()) {
                (Action::Text { kind, .. }, Some(next)) if kind == "progress" && self.wants_metadata() => Some(next),
                _ => None,
            };
            if let Some(preview) = early.filter(|next| matches!(next.action, Action::Preview { .. })) {
                steps.next();
                self.act(preview).await?;
            }
            self.act(step).await?;
        }
        self.wait(self.play.ends_at, false).await?;
        if self.play.ending == Ending::Lost {
            self.interrupt.cancelled().await;
            return ControlFlow::Break(self.interrupted());
        }
        ControlFlow::Continue(())
    }

    /// Waits for a time of the play, or until the job is interrupted.
    async fn wait(&self, at: Duration, deaf: bool) -> ControlFlow<Ending> {
        let due = self.began.checked_add(self.life.shared.scaled(at)).unwrap_or(self.began);
        if due <= Instant::now() {
            tokio::task::yield_now().await;
        } else if deaf {
            tokio::time::sleep_until(due).await;
        } else {
            tokio::select! {
                () = self.interrupt.cancelled() => {}
                () = tokio::time::sleep_until(due) => {}
            }
        }
        if self.interrupt.is_cancelled() && !deaf {
            ControlFlow::Break(self.interrupted())
        } else {
            ControlFlow::Continue(())
        }
    }

    async fn act(&mut self, step: &Step) -> ControlFlow<Ending> {
        match &step.action {
            Action::Text { kind, data, to } => self.text(*to, kind, data.clone()),
            Action::State { entry } => self.state(entry),
            Action::Preview { node, kind, image } => {
                self.deliver(To::SubmitterOrAll, || Raw::Binary(self.preview(node, *kind, &image.bytes(*kind))));
            }
            Action::Binary { bytes, to } => self.deliver(*to, || Raw::Binary(bytes.clone())),
            Action::Cut => {
                if let Some(client) = &self.job.client {
                    self.life.cut_in_order(client);
                }
            }
            Action::Kill { down } => {
                let down = self.life.shared.scaled(*down);
                self.die(Some(down)).await;
            }
            Action::Hold => return self.hold(step.deaf).await,
        }
        self.count().await
    }

    /// Counts one message of this job, and lets befall what comes after so many.
    pub(super) async fn count(&mut self) -> ControlFlow<Ending> {
        let mine = {
            let mut mine = 0;
            self.job.sent.send_modify(|sent| {
                *sent += 1;
                mine = *sent;
            });
            mine
        };
        let all = self.life.shared.job_messages.fetch_add(1, Ordering::Relaxed) + 1;
        let kill = self.life.shared.with_faults(|faults| {
            let kill = faults.kill_after == Some(all);
            if kill {
                faults.kill_after = None;
            }
            kill.then_some(faults.down_for)
        });
        if let Some(down) = kill {
            self.die(down).await;
        }
        if self.faults.hold_after == Some(mine) { self.hold(false).await } else { ControlFlow::Continue(()) }
    }

    /// Has the server killed; this task goes with it.
    async fn die(&self, down: Option<Duration>) {
        self.life.flush().await;
        self.life.shared.command(Command::Kill { down });
        std::future::pending::<()>().await;
    }

    async fn hold(&mut self, deaf: bool) -> ControlFlow<Ending> {
        let since = Instant::now();
        self.held(true);
        let freed = tokio::select! {
            () = self.interrupt.cancelled(), if !deaf => false,
            permit = self.life.shared.gate.acquire() => permit.map(tokio::sync::SemaphorePermit::forget).is_ok(),
        };
        self.held(false);
        self.began += since.elapsed();
        if freed { ControlFlow::Continue(()) } else { ControlFlow::Break(self.interrupted()) }
    }

    fn held(&self, held: bool) {
        if let Some(running) = &mut self.life.lock().running {
            running.held = held;
        }
        self.life.shared.changed();
    }

    /// After the terminal message: history first, then the `status`, then `executing` of nothing.
    fn end(self, ending: &Ending) {
        let to_the_end = *ending == self.play.ending;
        let recorded = self.play.history.as_ref().filter(|_| to_the_end);
        let entry =
            history::entry(self.job, recorded, ending, &self.play.prompt_id, &self.outputs, &self.nodes, self.messages);
        for output in entry["outputs"].as_object().into_iter().flat_map(|outputs| outputs.values()) {
            // A job without client id tells its files here alone.
            lock(&self.life.shared.disk).write(output, &self.prompt);
        }
        let mut state = self.life.lock();
        state.running = None;
        state.remember(&self.job.prompt_id, entry);
        self.life.broadcast_status(&state);
        if let Some(client) = &self.job.client {
            self.life.send_last(Audience::One(client.clone()), &self.job.prompt_id);
        }
        drop(state);
        self.job.sent.send_modify(|sent| *sent = u64::MAX);
    }
}
