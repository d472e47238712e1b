//! What readers are told of every recording, frame by frame, for the tests of other languages: they must come to the
//! same view. Held to be current; `make gen` writes them.
//!
//! `fixtures/frames/TAPE.jsonl` has one line a frame, in the order they were told. Lines `{"view": ...}` stand between
//! them: the generation as the server itself has it at that moment, and as a snapshot would say it. Each job has one
//! before its first frame, some on its way, and one after its last frame.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "other tests need more of it")]
mod recordings;
mod story;

use monitor_core::event::{Body, Event, NodeState};
use monitor_core::generation::{Origin, Output, OutputKind, OutputStatus, Status};
use monitor_core::time::{Now, Timestamp};
use monitor_core::tracker::{self, Pace, Place};
use monitor_core::view::{Seed, View, end_frame, frames, overall_frame, queue_frame, settled_frames};
use recordings::{Recording, Session, name, tapes};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use story::{PICTURE, Story};
use uuid::Uuid;

/// Of the steps of one node, the ones that are told: every one would only make the files large.
const STEPS_TOLD: usize = 6;
/// Frames between two views.
const VIEW_EVERY: usize = 9;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/frames")
}

/// What happens to a job: an event, or what is true only now.
enum Happening {
    Event(Box<Event>),
    Beside(Timestamp, tracker::Output),
}

/// In their order; a long run of steps is conflated, as it would be for a slow reader.
fn happenings(session: Session<'_>) -> Vec<Happening> {
    let mut told: BTreeMap<(Option<Uuid>, u32, String), usize> = BTreeMap::new();
    let mut keep = |event: &Event| {
        let Body::NodeProgressUpdate(step) = &event.body else { return true };
        let key = (event.base.queue_id, event.base.attempt, step.node.node_id.clone());
        let count = told.entry(key).or_default();
        *count += 1;
        step.node_state != NodeState::Running || *count <= STEPS_TOLD
    };
    let mut beside = session.beside.into_iter().peekable();
    let mut all = Vec::new();
    for (before, event) in session.events.into_iter().enumerate() {
        while let Some((_, t, output)) = beside.next_if(|(at, ..)| *at <= before) {
            all.push(Happening::Beside(Now::at(t).wall, output));
        }
        if keep(&event) {
            all.push(Happening::Event(Box::new(event)));
        }
    }
    all
}

fn output(queue_id: Uuid, number: usize, node_id: &str, filename: &str) -> Output {
    Output {
        media_id: Uuid::from_u128(queue_id.as_u128().wrapping_add(1 + number as u128)),
        node_id: node_id.to_owned(),
        kind: OutputKind::Image,
        preview: false,
        content_type: Some("image/png".to_owned()),
        size: Some(1_024),
        width: Some(64),
        height: Some(64),
        sha256: None,
        url: None,
        thumbnail_url: None,
        original_filename: Some(filename.to_owned()),
        text: None,
        status: OutputStatus::Pending,
        reason: None,
    }
}

/// One job as it is told.
struct Told {
    view: View,
    frames: usize,
    outputs: Vec<Output>,
}

impl Told {
    fn new(event: &Event, queue_id: Uuid) -> Told {
        // The recorder's own submissions have such ids.
        let origin = if queue_id.as_u128() < 0x10000 { Origin::Submitted } else { Origin::Observed };
        let seed = Seed { queue_id, origin, created_at: event.base.timestamp, ..Seed::default() };
        Told { view: View::new(seed), frames: 0, outputs: Vec::new() }
    }

    fn hear(&mut self, event: &Event, lines: &mut Vec<String>) {
        let queue_id = self.view.queue_id();
        let now = event.base.timestamp;
        if let Body::ImagesGenerated(images) = &event.body {
            for image in &images.images {
                let found = output(queue_id, self.outputs.len(), &images.node_id, &image.filename);
                self.view.put_output(found.clone(), u32::try_from(self.outputs.len()).unwrap());
                self.outputs.push(found);
            }
        }
        assert!(self.view.apply(event), "{} tells something new", event.detail_type());
        for frame in frames(&self.view, event, now) {
            lines.push(serde_json::to_string(&frame).unwrap());
            self.frames += 1;
            if self.frames.is_multiple_of(VIEW_EVERY) {
                self.look(now, lines);
            }
        }
        if event.is_terminal() && self.view.status() != Status::Pending {
            self.store(now.plus(40), lines);
            self.look(now.plus(40), lines);
        }
    }

    /// Its files arrive, all but the last of several, which is lost.
    fn store(&mut self, now: Timestamp, lines: &mut Vec<String>) {
        let count = self.outputs.len();
        for (position, output) in std::mem::take(&mut self.outputs).into_iter().enumerate() {
            let lost = count > 1 && position + 1 == count;
            let status = if lost { OutputStatus::Failed } else { OutputStatus::Stored };
            let reason = lost.then(|| "the server no longer has it".to_owned());
            let (was, media_id) = (self.view.status(), output.media_id);
            self.view.put_output(Output { status, reason, ..output }, u32::try_from(position).unwrap());
            for frame in settled_frames(&self.view, was, &[media_id], now) {
                lines.push(serde_json::to_string(&frame).unwrap());
            }
        }
        assert!(self.view.status().is_ended());
        assert!(end_frame(&self.view, now).is_some());
    }

    fn placed(&mut self, place: &Place, queue_remaining: Option<u64>, now: Timestamp, lines: &mut Vec<String>) {
        if self.view.place_known(place, queue_remaining, now) {
            lines.push(serde_json::to_string(&queue_frame(&self.view, now)).unwrap());
        }
    }

    fn paced(&mut self, pace: &Pace, now: Timestamp, lines: &mut Vec<String>) {
        if self.view.pace_known(pace, now) && self.view.status() == Status::Processing {
            lines.push(serde_json::to_string(&overall_frame(&self.view, now)).unwrap());
        }
    }

    fn look(&self, now: Timestamp, lines: &mut Vec<String>) {
        let at = now.to_string();
        lines.push(json!({ "view": self.view.generation(now, true), "at": at }).to_string());
    }
}

fn told(recording: &Recording) -> String {
    let mut session = Session::new(recording);
    let mut last = 0;
    for (t, at, step) in &recording.steps {
        session.step(*t, *at, step);
        last = *t;
    }
    session.settle(last + 1_000);
    let mut jobs: BTreeMap<Uuid, Told> = BTreeMap::new();
    let mut lines = Vec::new();
    for happening in happenings(session) {
        match happening {
            Happening::Event(event) => {
                let Some(queue_id) = event.base.queue_id else { continue };
                let job = jobs.entry(queue_id).or_insert_with(|| {
                    let job = Told::new(&event, queue_id);
                    job.look(event.base.timestamp, &mut lines);
                    job
                });
                job.hear(&event, &mut lines);
            }
            Happening::Beside(now, tracker::Output::Positions { places, queue_remaining }) => {
                for place in &places {
                    if let Some(job) = jobs.get_mut(&place.queue_id) {
                        job.placed(place, queue_remaining, now, &mut lines);
                    }
                }
            }
            Happening::Beside(now, tracker::Output::Pace(pace)) => {
                if let Some(job) = jobs.get_mut(&pace.queue_id) {
                    job.paced(&pace, now, &mut lines);
                }
            }
            Happening::Beside(..) => {}
        }
    }
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// Two attempts: recordings are of a server alone, which tries nothing again.
fn retried() -> String {
    let mut story = Story::new();
    story.queued(2).wait(900).started(&["4"]).graph(PICTURE);
    story.executing("5").executed("5", 12).executing("3").step("3", 1.0, 20.0, 6.5).step("3", 12.0, 20.0, 61.25);
    story.failed("torch.OutOfMemoryError", Some("3"), true).retrying(1).wait(8_000).again();
    story.queued(1).started(&["4", "5"]).graph(PICTURE);
    story.executing("6").executed("6", 400).executing("3").step("3", 15.0, 20.0, 60.0);
    story.executing("3.0.0.2").step("3.0.0.2", 1.0, 3.0, 62.0).executed("3.0.0.2", 90).executed("3", 1_900);
    story.executing("8").executed("8", 350).executing("9").executed("9", 25).images("9", &["a.png", "b.png"]);
    story.completed();
    let mut lines = Vec::new();
    let mut job = Told::new(&story.events[0], story::queue_id());
    job.look(story.events[0].base.timestamp, &mut lines);
    for event in &story.events {
        job.hear(event, &mut lines);
        if matches!(event.body, Body::JobRetrying(_)) {
            job.look(event.base.timestamp, &mut lines);
        }
    }
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

#[test]
fn the_frames_of_every_recording_are_current() {
    let write = std::env::var_os("WRITE_GENERATED").is_some();
    let recorded = tapes().into_iter().map(|tape| (name(&tape), told(&Recording::read(&tape))));
    // Of some no job came to be.
    let mut all: BTreeMap<String, String> = recorded.filter(|(_, frames)| !frames.is_empty()).collect();
    all.insert("retried".to_owned(), retried());
    for (name, now) in &all {
        let file = folder().join(format!("{name}.jsonl"));
        if write {
            std::fs::write(&file, now).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == *now, "{} is not current: run `make gen`", file.display());
    }
    let kept = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(kept, all.len(), "a recording went: remove its file from {}", folder().display());
}
