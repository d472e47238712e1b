//! Amazon API Gateway's connections (`@connections`, `PostToConnection`).

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError as Refusal;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use bytes::Bytes;
use monitor_pipeline::ports::{Gateway, PostError};

pub struct ApiGateway {
    client: Client,
}

impl ApiGateway {
    /// `endpoint`: `WEBSOCKET_API_ENDPOINT`, as `https://{api}.execute-api.{region}.amazonaws.com/{stage}`; `wss` is read
    /// as `https`, since both are the same place.
    pub fn new(sdk: &SdkConfig, endpoint: &str) -> ApiGateway {
        let endpoint = match endpoint.split_once("://") {
            Some(("wss", rest)) => format!("https://{rest}"),
            Some(("ws", rest)) => format!("http://{rest}"),
            _ => endpoint.to_owned(),
        };
        // Whether a frame is worth another try, whoever sends it knows.
        let config = Builder::from(sdk)
            .endpoint_url(endpoint.trim_end_matches('/'))
            .retry_config(RetryConfig::disabled())
            .build();
        ApiGateway { client: Client::from_conf(config) }
    }
}

#[async_trait]
impl Gateway for ApiGateway {
    async fn post(&self, connection_id: &str, message: Bytes) -> Result<(), PostError> {
        let data = Blob::new(message);
        let posted = self.client.post_to_connection().connection_id(connection_id).data(data).send().await;
        posted.map(drop).map_err(|error| told(&error))
    }
}

fn told(error: &SdkError<Refusal>) -> PostError {
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (error.as_service_error(), status) {
        (Some(Refusal::GoneException(_)), _) | (_, Some(410)) => PostError::Gone,
        (Some(Refusal::PayloadTooLargeException(_)), _) | (_, Some(413)) => PostError::TooLarge,
        (Some(Refusal::LimitExceededException(_)), _) | (_, Some(429)) => PostError::Throttled,
        _ => PostError::Failed(crate::aws::told(error)),
    }
}
