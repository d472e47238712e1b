//! What every AWS client of ours shares: region, credentials and endpoint by the SDK's usual chain, one TLS stack (ring),
//! and bounds on how long a call may take.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::time::Duration;

/// Where nothing names one.
const REGION: &str = "us-east-1";
const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(10);
const OPERATION: Duration = Duration::from_secs(30);

/// What clients are made of. `region`: as configured; else `AWS_REGION`, the shared configuration file, the machine's
/// own. Endpoints: `AWS_ENDPOINT_URL`, or `AWS_ENDPOINT_URL_EVENTBRIDGE`, `_DYNAMODB`, `_S3`, `_SQS` for one service.
pub async fn configuration(region: Option<String>) -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .timeout_config(timeouts);
    // The loader's own chain asks with the client above; one made apart from it has none, and panics.
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let found = loader.load().await;
    if found.region().is_some() { found } else { found.into_builder().region(Region::new(REGION)).build() }
}

/// What went wrong in one line: as the service says it, or where nothing answered, by its causes. The SDK's own text for
/// logs is a page of internals.
pub(crate) fn told(error: &(impl std::error::Error + ProvideErrorMetadata)) -> String {
    let meta = error.meta();
    if let Some(code) = meta.code() {
        return meta.message().map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"));
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let said = deeper.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sqs::error::SdkError;
    use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
    use std::io;

    #[test]
    fn what_never_answered_is_told_by_its_causes_and_in_one_line() {
        let error: SdkError<GetQueueUrlError> = SdkError::timeout_error(io::Error::other("connect took 3 s"));
        let text = told(&error);
        assert!(text.contains("connect took 3 s") && !text.contains('{'), "{text}");
    }
}
