//! `PutEvents`, and what its answers mean.

use super::delivery::{Answer, Fault, Requests};
use super::entry::Entry;
use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::retry::RetryConfig;
use aws_sdk_eventbridge::config::timeout::TimeoutConfig;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::operation::put_events::PutEventsError;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use monitor_core::event::SOURCE;
use std::time::Duration;

/// Of one try. The bus answers within a tenth of a second; nobody gains by waiting much longer.
const TRY: Duration = Duration::from_secs(5);
/// Of a single entry these two alone pass.
const PASSING: [&str; 2] = ["ThrottlingException", "InternalFailure"];
/// Of a whole request, beside answers 429 and 5xx.
const PASSING_REQUESTS: [&str; 6] = [
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "InternalException",
    "InternalFailure",
    "ServiceUnavailable",
];
const REFUSED_REQUESTS: [&str; 3] = ["ValidationException", "ValidationError", "SerializationException"];
const TOO_LARGE: u16 = 413;
/// As a refusal names the parameter, in small letters.
const BUS_NAME: &str = "eventbusname";

pub(super) struct PutEvents {
    pub(super) client: Client,
    pub(super) bus_name: String,
}

#[async_trait]
impl Requests for PutEvents {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<Answer>, Fault> {
        // The SDK's own tries would multiply with ours, and send entries again that were taken.
        let once = aws_sdk_eventbridge::Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(TRY).build());
        self.client
            .put_events()
            .set_entries(Some(entries.iter().map(|entry| self.entry(entry)).collect()))
            .customize()
            .config_override(once)
            .send()
            .await
            .map(|answer| answer.entries().iter().map(answer_of).collect())
            .map_err(|error| fault_of(&error))
    }
}

impl PutEvents {
    fn entry(&self, entry: &Entry) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus_name)
            .source(SOURCE)
            .detail_type(entry.detail_type())
            .time(DateTime::from_millis(entry.time().0))
            .detail(&entry.detail)
            .build()
    }
}

fn answer_of(entry: &PutEventsResultEntry) -> Answer {
    let Some(code) = entry.error_code() else {
        return Answer::Taken;
    };
    let told = format!("{code}: {}", entry.error_message().unwrap_or_default());
    if PASSING.contains(&code) { Answer::Passing(told) } else { Answer::Refused(told) }
}

fn fault_of(error: &SdkError<PutEventsError>) -> Fault {
    let told = crate::aws::told(error);
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or_default();
            if status >= 500 || status == 429 || PASSING_REQUESTS.contains(&code) {
                Fault::Passing(told)
            } else if told.to_ascii_lowercase().contains(BUS_NAME) {
                // No entry's fault: to bury them all for it would empty the outbox.
                Fault::Unusable(told)
            } else if status == TOO_LARGE || REFUSED_REQUESTS.contains(&code) {
                Fault::Refused(match answer.err().message() {
                    Some(message) => format!("{code}: {message}"),
                    None => told,
                })
            } else {
                Fault::Unusable(told)
            }
        }
        SdkError::ConstructionFailure(_) => Fault::Unusable(told),
        _ => Fault::Passing(told),
    }
}
