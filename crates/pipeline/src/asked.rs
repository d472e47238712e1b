//! What a page may ask over its socket (`CONTRACT.md`, "Frames"), read and checked; whoever holds the socket answers.

use crate::hub::{NoTopic, TooManySubscriptions, Topic};
use monitor_core::frame::{ErrorCode, FrameBody, Request};

/// A request's id comes back with its answer; what has more bytes than this is no id.
const LONGEST_REQUEST_ID: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `previews`: as it was, where it does not say.
    Subscribe {
        topic: Topic,
        previews: Option<bool>,
    },
    Unsubscribe(Topic),
    Ping,
}

/// Why it is not done; the text goes to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
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
}

impl Refusal {
    pub fn body(&self) -> FrameBody {
        let code = match self {
            Refusal::Action => ErrorCode::UnknownAction,
            Refusal::Subscriptions(_) => ErrorCode::TooManySubscriptions,
            Refusal::Malformed(_) | Refusal::RequestId | Refusal::Topic(_) => ErrorCode::BadRequest,
        };
        FrameBody::Error { code, message: self.to_string() }
    }
}

/// `request_id` is set as soon as it is known, so that a refusal carries it too.
pub fn read(text: &str, request_id: &mut Option<String>) -> Result<Asked, Refusal> {
    let request: Request = serde_json::from_str(text)?;
    if request.request_id.as_ref().is_some_and(|id| id.len() > LONGEST_REQUEST_ID) {
        return Err(Refusal::RequestId);
    }
    *request_id = request.request_id;
    let topic = || request.data.queue_id.as_deref().unwrap_or_default().parse::<Topic>();
    match request.action.as_str() {
        "subscribe" => Ok(Asked::Subscribe { topic: topic()?, previews: request.data.previews }),
        "unsubscribe" => Ok(Asked::Unsubscribe(topic()?)),
        "ping" => Ok(Asked::Ping),
        _ => Err(Refusal::Action),
    }
}
