//! One server, one monitor, one reader: what most tests begin and end with.

use crate::live::Live;
use crate::process::{DataDir, Monitor, patiently};
use crate::story::{assert_ended, assert_frames, assert_outputs};
use crate::workflows::submission;
use monitor_testkit::{Builder, FakeComfy, Script, Snapshot};
use serde_json::Value;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

pub(crate) struct Stage {
    pub(crate) fake: FakeComfy,
    pub(crate) folder: DataDir,
    pub(crate) monitor: Monitor,
    pub(crate) live: Live,
}

/// On a port that stays its own while it is dead: none of those that the system hands out to others.
pub(crate) async fn start(builder: Builder) -> FakeComfy {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return builder.port(port).start().await.unwrap();
        }
    }
}

pub(crate) async fn scripted(script: Script) -> Stage {
    Stage::with(FakeComfy::builder().script(script).speed(0.0)).await
}

impl Stage {
    pub(crate) async fn with(builder: Builder) -> Stage {
        Self::on(DataDir::new(), builder).await
    }

    /// With a configuration; retries are on then, unless it says otherwise.
    pub(crate) async fn configured(toml: &str, builder: Builder) -> Stage {
        let folder = DataDir::new();
        folder.configure(toml);
        Self::on(folder, builder).await
    }

    async fn on(folder: DataDir, builder: Builder) -> Stage {
        let fake = start(builder).await;
        let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
        monitor.connected().await;
        let live = monitor.live().await;
        Stage { fake, folder, monitor, live }
    }

    /// Submits the portrait after subscribing to it.
    pub(crate) async fn submit(&mut self) -> String {
        let (queue_id, body) = submission();
        self.live.subscribe(&queue_id).await;
        self.monitor.submit(&body).await;
        queue_id
    }

    pub(crate) async fn fake_when(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        patiently(what, self.fake.wait_until(wanted)).await
    }

    pub(crate) async fn held(&self) {
        self.fake_when("the job to stand still", |state| state.held).await;
    }

    /// `kill -9`, and a new start on the same folder. What was said until then must be fit to be seen.
    pub(crate) async fn crash(self, expected: &[&str]) -> Stage {
        let Stage { fake, folder, monitor, .. } = self;
        crate::process::assert_quiet(&monitor.kill(), expected);
        let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
        let live = monitor.live().await;
        Stage { fake, folder, monitor, live }
    }

    /// Waits for the end of a job that was subscribed to from the beginning, and checks all there is to check.
    pub(crate) async fn completes(&mut self, queue_id: &str) -> Value {
        let end = self.live.end_of(queue_id).await;
        assert_eq!(end["type"], "completed", "{end}");
        self.live.catch_up().await;
        assert_frames(&self.live.of(queue_id));
        let generation = assert_ended(&self.monitor, queue_id).await;
        assert_outputs(&self.monitor, &self.fake, &generation).await;
        assert!(!generation["outputs"].as_array().unwrap().is_empty());
        generation
    }

    /// The same for one that was not.
    pub(crate) async fn completes_unseen(&self, queue_id: &str) -> Value {
        self.monitor.ended(queue_id).await;
        let generation = assert_ended(&self.monitor, queue_id).await;
        assert_eq!(generation["status"], "completed", "{generation}");
        assert_outputs(&self.monitor, &self.fake, &generation).await;
        assert!(!generation["outputs"].as_array().unwrap().is_empty());
        generation
    }

    /// Another job on the same line goes as it should.
    pub(crate) async fn next_job_is_fine(&mut self) {
        let queue_id = self.submit().await;
        self.completes(&queue_id).await;
    }

    /// How many prompts the server was given.
    pub(crate) fn sent(&self) -> usize {
        self.fake.submitted().len()
    }

    /// Stops the monitor and looks at how it ended. The reader goes first: one that does not read any more is given
    /// its time to say goodbye.
    pub(crate) async fn finish(self, expected: &[&str]) {
        drop(self.live);
        self.monitor.finish(expected).await;
    }
}
