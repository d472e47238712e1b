//! What a page asks over `/v1/live`, and what it is answered (`CONTRACT.md`, "Frames").

use super::now;
use monitor_core::frame::{ErrorCode, Frame, FrameBody, Request};
use monitor_pipeline::hub::{EncodeError, Encoded, NoTopic, Subscriber, TooManySubscriptions, Topic};

/// A request's id comes back with its answer; what has more bytes than this is no id.
const LONGEST_REQUEST_ID: usize = 256;

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("not a request: {0}; send {{\"action\": \"subscribe\", \"data\": {{\"queueId\": \"*\"}}}}")]
    Malformed(#[from] serde_json::Error),
    #[error("requestId has more than {LONGEST_REQUEST_ID} bytes: shorten it")]
    RequestId,
    #[error("unknown action: it is one of subscribe, unsubscribe, ping")]
    Action,
    #[error(transparent)]
    Topic(#[from] NoTopic),
    #[error(transparent)]
    Subscriptions(#[from] TooManySubscriptions),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Does it and answers it.
pub(super) fn handle(text: &str, subscriber: &mut Subscriber) -> Result<(), EncodeError> {
    let mut request_id = None;
    let refusal = match act(text, &mut request_id, subscriber) {
        Ok(()) => return Ok(()),
        Err(Refusal::Encode(error)) => return Err(error),
        Err(refusal) => refusal,
    };
    let code = match refusal {
        Refusal::Action => ErrorCode::UnknownAction,
        Refusal::Subscriptions(_) => ErrorCode::TooManySubscriptions,
        _ => ErrorCode::BadRequest,
    };
    let body = FrameBody::Error { code, message: refusal.to_string() };
    subscriber.reader().reply(&encode(request_id.as_deref(), body)?);
    Ok(())
}

/// `request_id` is set as soon as it is known, so that a refusal carries it too.
fn act(text: &str, request_id: &mut Option<String>, subscriber: &mut Subscriber) -> Result<(), Refusal> {
    let request: Request = serde_json::from_str(text)?;
    if request.request_id.as_ref().is_some_and(|id| id.len() > LONGEST_REQUEST_ID) {
        return Err(Refusal::RequestId);
    }
    *request_id = request.request_id;
    let topic = || request.data.queue_id.as_deref().unwrap_or_default().parse::<Topic>();
    match request.action.as_str() {
        "subscribe" => {
            let topic = topic()?;
            let confirmation = FrameBody::SubscriptionConfirmed { queue_id: topic.to_string() };
            subscriber.subscribe(topic, request.data.previews, Some(&encode(request_id.as_deref(), confirmation)?))?;
        }
        "unsubscribe" => {
            let topic = topic()?;
            // Whoever was not subscribed is where they wanted to be.
            subscriber.unsubscribe(topic);
            let confirmation = FrameBody::UnsubscriptionConfirmed { queue_id: topic.to_string() };
            subscriber.reader().reply(&encode(request_id.as_deref(), confirmation)?);
        }
        "ping" => subscriber.reader().reply(&encode(request_id.as_deref(), FrameBody::Pong)?),
        _ => return Err(Refusal::Action),
    }
    Ok(())
}

fn encode(request_id: Option<&str>, body: FrameBody) -> Result<Encoded, EncodeError> {
    Encoded::text(&Frame { timestamp: now(), request_id: request_id.map(str::to_owned), job: None, body })
}
