//! What a page asks over `/v1/live`, and what it is answered (`CONTRACT.md`, "Frames").

use super::now;
use monitor_core::frame::{Frame, FrameBody};
use monitor_pipeline::asked::{self, Asked, Refusal};
use monitor_pipeline::hub::{EncodeError, Encoded, Subscriber};

/// Does it and answers it.
pub(super) fn handle(text: &str, subscriber: &mut Subscriber) -> Result<(), EncodeError> {
    let mut request_id = None;
    let asked = asked::read(text, &mut request_id);
    let answer =
        |body: FrameBody| Encoded::text(&Frame { timestamp: now(), request_id: request_id.clone(), job: None, body });
    let refusal = match asked {
        Ok(Asked::Subscribe { topic, previews }) => {
            let confirmation = answer(FrameBody::SubscriptionConfirmed { queue_id: topic.to_string() })?;
            match subscriber.subscribe(topic, previews, Some(&confirmation)) {
                Ok(()) => return Ok(()),
                Err(error) => Refusal::from(error),
            }
        }
        Ok(Asked::Unsubscribe(topic)) => {
            // Whoever was not subscribed is where they wanted to be.
            subscriber.unsubscribe(topic);
            subscriber.reader().reply(&answer(FrameBody::UnsubscriptionConfirmed { queue_id: topic.to_string() })?);
            return Ok(());
        }
        Ok(Asked::Ping) => {
            subscriber.reader().reply(&answer(FrameBody::Pong)?);
            return Ok(());
        }
        Err(refusal) => refusal,
    };
    subscriber.reader().reply(&answer(refusal.body())?);
    Ok(())
}
