//! Frames, as they come, for one call.

use crate::audience::Audience;
use crate::hub::Topic;
use monitor_core::frame::{Frame, PreviewHeader};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

#[derive(Default)]
pub(super) struct Gathered(Mutex<Vec<(Topic, Frame)>>);

impl Gathered {
    pub(super) fn taken(&self) -> Vec<(Topic, Frame)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, topic: Topic, frames: impl IntoIterator<Item = Frame>) {
        let told = frames.into_iter().map(|frame| (topic, frame));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
    }
}

impl Audience for Gathered {
    /// Asked when it is told: see [`super::Function::tell`].
    fn is_watched(&self, _: Topic) -> bool {
        true
    }

    fn tell(&self, queue_id: Uuid, frames: Vec<Frame>) {
        self.put(Topic::Generation(queue_id), frames);
    }

    fn tell_all(&self, frame: Frame) {
        self.put(Topic::All, [frame]);
    }

    /// Previews do not go over a bus.
    fn wants_previews(&self, _: Uuid) -> bool {
        false
    }

    fn show(&self, _: &PreviewHeader, _: &[u8]) {}
}
