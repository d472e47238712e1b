//! Dead letters in a file, one JSON object a line: `{buriedAt, reason, event}`. When it is full it becomes
//! `dead-letters.old.jsonl`, and the one that had that name goes.

use async_trait::async_trait;
use monitor_core::event::Event;
use monitor_pipeline::clock;
use monitor_pipeline::ports::DeadLetters;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const NAME: &str = "dead-letters.jsonl";
const OLD: &str = "dead-letters.old.jsonl";

pub struct FileDeadLetters {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    old: PathBuf,
    max_bytes: u64,
    /// Lines are written one after another.
    turn: Mutex<()>,
}

impl FileDeadLetters {
    /// In `dir`, which exists. Both files together stay below twice `max_bytes`.
    pub fn new(dir: &Path, max_bytes: u64) -> FileDeadLetters {
        let (path, old) = (dir.join(NAME), dir.join(OLD));
        FileDeadLetters { inner: Arc::new(Inner { path, old, max_bytes, turn: Mutex::new(()) }) }
    }
}

#[async_trait]
impl DeadLetters for FileDeadLetters {
    async fn bury(&self, event: &Event, reason: &str) {
        let (event_id, detail_type) = (event.base.event_id, event.detail_type());
        tracing::error!(%event_id, detail_type, reason, path = %self.inner.path.display(), "the bus refuses an event for good");
        let inner = Arc::clone(&self.inner);
        let line = line(event, reason, self.inner.max_bytes);
        let written = tokio::task::spawn_blocking(move || inner.write(&line)).await;
        if let Err(error) = written.map_err(io::Error::other).flatten() {
            tracing::error!(%error, %event_id, "a dead letter could not be kept");
        }
    }
}

/// What is larger than the file may be says so in place of its detail.
fn line(event: &Event, reason: &str, max_bytes: u64) -> String {
    let letter = |event: Value| {
        let mut line = json!({"buriedAt": clock::wall(), "reason": reason, "event": event}).to_string();
        line.push('\n');
        line
    };
    let whole = letter(serde_json::to_value(event).unwrap_or_default());
    if whole.len() as u64 <= max_bytes {
        return whole;
    }
    let detail_type = event.detail_type();
    letter(json!({"detailType": detail_type, "detail": event.base, "leftOut": format!("{} bytes", whole.len())}))
}

impl Inner {
    fn write(&self, line: &str) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = self.opened()?;
        let size = file.metadata()?.len();
        if size > 0 && size + line.len() as u64 > self.max_bytes {
            std::fs::rename(&self.path, &self.old)?;
            file = self.opened()?;
        }
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }

    fn opened(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        // Prompts are nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_testkit::conformance::sample::{Job, attempt, record};

    fn job(number: u32) -> Job {
        Job::of(&attempt(&record(number), 1))
    }

    fn lines(path: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[tokio::test]
    async fn an_event_is_kept_with_its_reason_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let letters = FileDeadLetters::new(dir.path(), 1 << 20);
        let events = job(1).run();
        for event in &events {
            letters.bury(event, "MalformedDetail: no JSON").await;
        }
        let kept = lines(&dir.path().join(NAME));
        assert!(kept.iter().all(|line| line["reason"] == "MalformedDetail: no JSON" && line["buriedAt"].is_string()));
        let back: Vec<Event> = kept.iter().map(|line| serde_json::from_value(line["event"].clone()).unwrap()).collect();
        assert_eq!(back, events);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(dir.path().join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn the_newest_are_kept_within_bounds() {
        let dir = tempfile::tempdir().unwrap();
        let max = 2_000;
        let letters = FileDeadLetters::new(dir.path(), max);
        for sequence in 1..=50 {
            letters.bury(&job(1).queued(sequence), "refused").await;
        }
        for name in [NAME, OLD] {
            let size = std::fs::metadata(dir.path().join(name)).unwrap().len();
            assert!(size > 0 && size <= max, "{name}: {size}");
        }
        assert_eq!(lines(&dir.path().join(NAME)).last().unwrap()["event"]["detail"]["sequence"], 50);
    }

    #[tokio::test]
    async fn an_event_larger_than_the_file_may_be_says_what_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let letters = FileDeadLetters::new(dir.path(), 1_000);
        let event = job(1).completed(7, 3000);
        letters.bury(&event, &"x".repeat(200)).await;
        let mut large = job(2).queued(1);
        large.body = monitor_core::event::JobQueued { queue_position: None, title: Some("x".repeat(5_000)) }.into();
        letters.bury(&large, "too large").await;
        let kept = lines(&dir.path().join(NAME));
        let last = kept.last().unwrap();
        assert_eq!(last["event"]["detail"]["eventId"], large.base.event_id.to_string());
        assert!(last["event"]["leftOut"].is_string());
    }
}
