//! Who is told of what happens: the readers at this process's hub, or the connections at a gateway.

use crate::hub::{EncodeError, Encoded, Hub, Topic};
use monitor_core::frame::{Frame, PreviewHeader};
use uuid::Uuid;

/// Guarantees: never waits; the frames of one generation reach a reader in the order in which they were told.
pub trait Audience: Send + Sync {
    /// Whether anybody would hear it: if not, it need not be made.
    fn is_watched(&self, topic: Topic) -> bool;
    /// To those who watch this generation.
    fn tell(&self, queue_id: Uuid, frames: Vec<Frame>);
    /// To those who watch all of them.
    fn tell_all(&self, frame: Frame);
    fn wants_previews(&self, queue_id: Uuid) -> bool;
    /// To those who asked for previews of its generation.
    fn show(&self, preview: &PreviewHeader, image: &[u8]);
}

/// Where nobody is told.
pub struct Nobody;

impl Audience for Nobody {
    fn is_watched(&self, _: Topic) -> bool {
        false
    }

    fn tell(&self, _: Uuid, _: Vec<Frame>) {}

    fn tell_all(&self, _: Frame) {}

    fn wants_previews(&self, _: Uuid) -> bool {
        false
    }

    fn show(&self, _: &PreviewHeader, _: &[u8]) {}
}

impl Audience for Hub {
    fn is_watched(&self, topic: Topic) -> bool {
        Hub::is_watched(self, topic)
    }

    fn tell(&self, queue_id: Uuid, frames: Vec<Frame>) {
        for frame in frames {
            encoded(Encoded::text(&frame), |frame| self.publish(queue_id, frame));
        }
    }

    fn tell_all(&self, frame: Frame) {
        encoded(Encoded::text(&frame), |frame| self.publish_all(frame));
    }

    fn wants_previews(&self, queue_id: Uuid) -> bool {
        Hub::wants_previews(self, queue_id)
    }

    fn show(&self, preview: &PreviewHeader, image: &[u8]) {
        encoded(Encoded::preview(preview, image), |frame| self.preview(preview.queue_id, frame));
    }
}

fn encoded(frame: Result<Encoded, EncodeError>, then: impl FnOnce(&Encoded)) {
    match frame {
        Ok(frame) => then(&frame),
        Err(error) => tracing::warn!(%error, "a frame was left out"),
    }
}
