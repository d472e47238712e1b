//! Straight from a monitor to the connections, past the bus: a step is seen while it is one. Nobody waits for it: what
//! has gathered goes out together, of what is replaced only the newest.

use super::{Post, Push, by_topic};
use crate::audience::Audience;
use crate::clock;
use crate::hub::Topic;
use crate::links;
use crate::ports::{Links, Listener};
use crate::read_model::ReadModel;
use monitor_core::frame::{Frame, FrameBody, PreviewHeader};
use monitor_core::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long it is taken for granted who listens: who comes meanwhile has a snapshot, and hears the rest over the bus.
const LISTENERS_FOR: Duration = Duration::from_secs(1);
/// Between two rounds. A person sees no difference to less, and it bounds what an hour of progress costs.
const PAUSE: Duration = Duration::from_millis(100);
/// Frames of one topic that wait; beyond it the oldest go, and a snapshot comes in their place.
const WAITING: usize = 512;

enum Waiting {
    Frame(Box<Frame>),
    Preview(PreviewHeader, Vec<u8>),
}

/// The listeners of a topic, as of when they were asked for.
struct Heard {
    listeners: Vec<Listener>,
    until: Instant,
}

/// An [`Audience`] at a gateway.
pub struct Direct {
    waiting: Mutex<Vec<(Topic, Waiting)>>,
    heard: Mutex<HashMap<Topic, Heard>>,
    wake: Notify,
}

/// Its other end, which posts.
pub struct DirectHandle {
    direct: Arc<Direct>,
    push: Push,
    links: Arc<dyn Links>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Direct {
    pub fn new(push: Push, links: Arc<dyn Links>) -> (Arc<Direct>, DirectHandle) {
        let direct = Arc::new(Direct { waiting: Mutex::default(), heard: Mutex::default(), wake: Notify::new() });
        (direct.clone(), DirectHandle { direct, push, links })
    }

    fn put(&self, topic: Topic, waiting: Waiting) {
        let mut all = lock(&self.waiting);
        let replaced = all.iter().position(|(other, held)| *other == topic && held.is_replaced_by(&waiting));
        if let Some(at) = replaced {
            all.remove(at);
        } else if all.iter().filter(|(other, _)| *other == topic).count() >= WAITING {
            if let Some(oldest) = all.iter().position(|(other, _)| *other == topic) {
                all.remove(oldest);
            }
            // The bus will say it, but later than what is newer: whoever listens gets all of it anew.
            lock(&self.heard).remove(&topic);
        }
        all.push((topic, waiting));
        self.wake.notify_one();
    }
}

impl Waiting {
    fn is_replaced_by(&self, newer: &Waiting) -> bool {
        match (self, newer) {
            (Waiting::Preview(..), Waiting::Preview(..)) => true,
            (Waiting::Frame(held), Waiting::Frame(newer)) => {
                held.body.is_conflated()
                    && held.body.frame_type() == newer.body.frame_type()
                    && subject(held) == subject(newer)
            }
            _ => false,
        }
    }
}

/// Whom a frame to all is about.
fn subject(frame: &Frame) -> String {
    match (&frame.job, &frame.body) {
        (_, FrameBody::InstanceUpdate { instance }) => instance.instance_id.clone(),
        (Some(job), _) => job.queue_id.to_string(),
        (None, _) => String::new(),
    }
}

impl Audience for Direct {
    /// Who listens is asked later, and not here: it takes a while.
    fn is_watched(&self, _: Topic) -> bool {
        true
    }

    fn tell(&self, queue_id: Uuid, frames: Vec<Frame>) {
        for frame in frames {
            self.put(Topic::Generation(queue_id), Waiting::Frame(Box::new(frame)));
        }
    }

    fn tell_all(&self, frame: Frame) {
        self.put(Topic::All, Waiting::Frame(Box::new(frame)));
    }

    fn wants_previews(&self, queue_id: Uuid) -> bool {
        let heard = lock(&self.heard);
        heard
            .get(&Topic::Generation(queue_id))
            .is_some_and(|heard| heard.listeners.iter().any(|listener| listener.previews))
    }

    fn show(&self, preview: &PreviewHeader, image: &[u8]) {
        self.put(Topic::Generation(preview.queue_id), Waiting::Preview(preview.clone(), image.to_vec()));
    }
}

impl DirectHandle {
    /// Posts until stopped, and then once more what waits.
    ///
    /// `read_model`: the one that tells this audience.
    pub async fn run(self, read_model: Arc<ReadModel>, stop: CancellationToken) {
        loop {
            let stopped = stop.run_until_cancelled(self.direct.wake.notified()).await.is_none();
            self.round(&read_model, clock::wall()).await;
            if stopped || stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                self.round(&read_model, clock::wall()).await;
                return;
            }
        }
    }

    async fn round(&self, read_model: &ReadModel, now: Timestamp) {
        let waiting = std::mem::take(&mut *lock(&self.direct.waiting));
        let topics = by_topic(waiting).into_iter();
        futures::future::join_all(topics.map(|(topic, waiting)| self.post(read_model, topic, waiting, now))).await;
        let at = Instant::now();
        lock(&self.direct.heard).retain(|_, heard| heard.until + LISTENERS_FOR * 60 > at);
    }

    async fn post(&self, read_model: &ReadModel, topic: Topic, waiting: Vec<Waiting>, now: Timestamp) {
        let (listeners, new) = self.listeners(topic, now).await;
        if let (Topic::Generation(queue_id), false) = (topic, new.is_empty()) {
            self.introduce(read_model, queue_id, &new, now).await;
        }
        if listeners.is_empty() {
            return;
        }
        let with_previews: Vec<Listener> = listeners.iter().filter(|listener| listener.previews).cloned().collect();
        let mut posts = Vec::new();
        for waiting in waiting {
            match waiting {
                Waiting::Frame(frame) => posts.extend(self.frame(*frame).await),
                Waiting::Preview(header, image) => {
                    let preview: Vec<Post> = Post::preview(&header, &image).into_iter().collect();
                    self.push.to_all(&with_previews, &preview).await;
                }
            }
        }
        let missed = self.push.to_all(&listeners, &posts).await;
        if let (false, Some(heard)) = (missed.is_empty(), lock(&self.direct.heard).get_mut(&topic)) {
            // As if they were not there: when they are found again, they get all of it.
            heard.listeners.retain(|listener| !missed.contains(&listener.connection_id));
        }
    }

    async fn frame(&self, mut frame: Frame) -> Option<Post> {
        let addressed = links::in_frame(self.links.as_ref(), &mut frame).await.map_err(|error| error.to_string());
        let post = addressed.and_then(|()| Post::frame(&frame).map_err(|error| error.to_string()));
        post.inspect_err(|error| tracing::warn!(error, "a frame was left out")).ok()
    }

    /// What the bus has still to say to them would be older than what they hear from here on: they get all of it first.
    async fn introduce(&self, read_model: &ReadModel, queue_id: Uuid, new: &[Listener], now: Timestamp) {
        match read_model.snapshot(queue_id).await {
            Ok(body) => {
                let frame = Frame { timestamp: now, request_id: None, job: None, body };
                let snapshot: Vec<Post> = self.frame(frame).await.into_iter().collect();
                self.push.to_all(new, &snapshot).await;
            }
            Err(error) => tracing::warn!(%error, %queue_id, "a snapshot was left out"),
        }
    }

    /// All of them, and those that were not there when they were last asked for.
    async fn listeners(&self, topic: Topic, now: Timestamp) -> (Vec<Listener>, Vec<Listener>) {
        let at = Instant::now();
        let before = match lock(&self.direct.heard).get(&topic) {
            Some(heard) if heard.until > at => return (heard.listeners.clone(), Vec::new()),
            heard => heard.map(|heard| heard.listeners.clone()).unwrap_or_default(),
        };
        match self.push.connections.listeners(topic, now).await {
            Ok(listeners) => {
                let known = |listener: &Listener| before.iter().any(|old| old.connection_id == listener.connection_id);
                let new = listeners.iter().filter(|listener| !known(listener)).cloned().collect();
                let heard = Heard { listeners: listeners.clone(), until: at + LISTENERS_FOR };
                lock(&self.direct.heard).insert(topic, heard);
                (listeners, new)
            }
            Err(error) => {
                tracing::warn!(%error, "who listens could not be asked; the bus tells them");
                // What they are not told now is older than what they hear next: they get all of it then.
                lock(&self.direct.heard).remove(&topic);
                (Vec::new(), Vec::new())
            }
        }
    }
}
