//! The functions of the deployment on AWS: one program, and `HANDLER` says which of them it is. Those for events do what
//! the embedded line does, by the same handlers; those for HTTP answer by the same routes.

mod http;
mod settings;
mod websocket;

use self::settings::Settings;
use crate::telemetry;
use aws_config::SdkConfig;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use monitor_backends::aws;
use monitor_backends::bulk;
use monitor_backends::commands::sqs::Queues;
use monitor_backends::media::deliveries::{ObjectDeliveries, media_id_of};
use monitor_backends::media::object::ObjectMedia;
use monitor_backends::media::s3::{self, S3Links, S3Settings};
use monitor_backends::push::apigateway::ApiGateway;
use monitor_backends::store::dynamodb::DynamoStore;
use monitor_core::event::Event;
use monitor_pipeline::function::{Function, FunctionError};
use monitor_pipeline::ports::{Deliveries, Media};
use monitor_pipeline::push::Push;
use monitor_pipeline::remote::Remote;
use object_store::ObjectStore;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Larger outputs are the monitor's to refuse; nothing is stored from here.
const MAX_BYTES: u64 = 0;
/// For the generations that go at once: no call is cut off in the middle of them.
const LAST_ROUND: Duration = Duration::from_mins(1);
/// As the template's schedule has it, and once more: what a call missed the next one tells. Milliseconds.
const LOOK_INTERVAL: u64 = 2 * 5 * 60_000;

/// What `CloudWatch`, alarms and dead letters see of a failure: `error_type` never changes its name.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("this is no event of ours: {0}")]
    BadEvent(String),
    #[error("the rest of the event could not be fetched: {0}")]
    Bulk(#[from] bulk::BulkError),
    #[error(transparent)]
    Function(#[from] FunctionError),
    #[error("what became of an output could not be read: {0}")]
    Delivery(String),
    #[error("this request has an unknown form: {0}")]
    BadRequest(String),
}

impl Failure {
    fn error_type(&self) -> &'static str {
        match self {
            Failure::BadEvent(_) => "BadEvent",
            Failure::Bulk(_) => "BulkUnavailable",
            Failure::Function(FunctionError::Store(_)) => "StoreFailed",
            Failure::Function(FunctionError::Encode(_)) => "FrameUnwritable",
            Failure::Function(FunctionError::Snapshot(_)) => "SnapshotFailed",
            Failure::Delivery(_) => "DeliveryUnreadable",
            Failure::BadRequest(_) => "BadRequest",
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Diagnostic {
        Diagnostic { error_type: failure.error_type().to_owned(), error_message: failure.to_string() }
    }
}

/// Everything a call may need, made once for all calls of this process.
pub(crate) struct Parts {
    settings: Settings,
    function: Function,
    remote: Arc<Remote>,
    objects: Arc<dyn ObjectStore>,
    deliveries: Arc<dyn Deliveries>,
}

/// What `HANDLER` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handler {
    Events,
    Connect,
    Disconnect,
    Message,
    Http,
    Retention,
}

impl Handler {
    fn named(name: &str) -> Option<Handler> {
        Some(match name {
            "init" | "job-start" | "job-progress" | "job-completion" | "job-failure" => Handler::Events,
            "ws-connect" => Handler::Connect,
            "ws-disconnect" => Handler::Disconnect,
            "ws-default" => Handler::Message,
            "generate" | "generations" => Handler::Http,
            "retention" => Handler::Retention,
            _ => return None,
        })
    }
}

pub fn main() -> ExitCode {
    // Fails only where a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let run = || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run())
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let settings = Settings::of_environment()?;
    telemetry::init(&settings.log);
    let Some(handler) = Handler::named(&settings.handler) else {
        anyhow::bail!("there is no function {:?}: HANDLER names one, as the template has it", settings.handler)
    };
    let parts = Arc::new(Parts::new(settings, &aws::configuration(None).await)?);
    let answering = http::Answering::new(&parts);
    let calls = service_fn(|call: LambdaEvent<Value>| {
        let (parts, answering) = (Arc::clone(&parts), answering.clone());
        async move {
            let outcome = match handler {
                Handler::Events => parts.event(call.payload).await.map(|()| json!({})),
                Handler::Connect => websocket::connect(&parts, &call.payload).await,
                Handler::Disconnect => websocket::disconnect(&parts, &call.payload).await,
                Handler::Message => websocket::message(&parts, &call.payload).await,
                Handler::Http => answering.answer(call.payload).await,
                Handler::Retention => parts.forget(call.context.deadline()).await,
            };
            outcome.inspect_err(|failure| tracing::error!(error = %failure, "a call failed"))
        }
    });
    lambda_runtime::run(calls).await.map_err(|error| anyhow::anyhow!("{error}"))
}

impl Parts {
    fn new(settings: Settings, sdk: &SdkConfig) -> anyhow::Result<Parts> {
        let bucket = S3Settings { bucket: settings.bucket.clone(), ..S3Settings::default() };
        let objects = s3::bucket(sdk, &bucket)?;
        let media = ObjectMedia::s3(sdk, &bucket, MAX_BYTES)?;
        let links = Arc::new(S3Links::new(media.clone()));
        let media: Arc<dyn Media> = Arc::new(media);
        let table = aws_sdk_dynamodb::Client::new(sdk);
        let store = Arc::new(DynamoStore::new(table, settings.table.clone(), objects.clone()));
        let deliveries: Arc<dyn Deliveries> = Arc::new(ObjectDeliveries::new(objects.clone()));
        let gateway = Arc::new(ApiGateway::new(sdk, &settings.websocket_api_endpoint));
        let function = Function {
            store: store.clone(),
            media: media.clone(),
            links: links.clone(),
            deliveries: deliveries.clone(),
            roster: store.clone(),
            push: Push { connections: store.clone(), gateway },
        };
        let commands = Arc::new(Queues::new(aws_sdk_sqs::Client::new(sdk), objects.clone(), &settings.queue_prefix));
        let remote = Arc::new(Remote { line: function.clone(), commands });
        Ok(Parts { settings, function, remote, objects, deliveries })
    }

    /// From a rule of ours, from the bucket's, or because it is time.
    async fn event(&self, envelope: Value) -> Result<(), Failure> {
        let missing = |name: &str| Failure::BadEvent(format!("it has no {name}"));
        let source = envelope["source"].as_str().ok_or_else(|| missing("source"))?;
        if source == "aws.s3" {
            let key = envelope["detail"]["object"]["key"].as_str().ok_or_else(|| missing("object key"))?;
            return self.delivered(key).await;
        }
        if source == "aws.events" {
            return Ok(self.function.look_after(LOOK_INTERVAL).await?);
        }
        if source != monitor_core::event::SOURCE {
            return Err(Failure::BadEvent(format!("its source is {source:?}")));
        }
        let detail_type = envelope["detail-type"].as_str().ok_or_else(|| missing("detail-type"))?;
        let detail = bulk::whole(envelope["detail"].clone(), self.objects.as_ref()).await?;
        let event = Event::from_parts(detail_type, detail).map_err(|error| Failure::BadEvent(error.to_string()))?;
        Ok(self.function.event(&event).await?)
    }

    /// What is older than is kept. What time does not suffice for, the next call does.
    async fn forget(&self, deadline: SystemTime) -> Result<Value, Failure> {
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(LAST_ROUND);
        let stop = CancellationToken::new();
        let pruning = self.function.prune(self.settings.retention.asked_of_stores(), &stop);
        tokio::pin!(pruning);
        let generations = tokio::select! {
            done = &mut pruning => done,
            () = tokio::time::sleep(left) => {
                stop.cancel();
                pruning.await
            }
        }?;
        Ok(json!({"generations": generations}))
    }

    async fn delivered(&self, key: &str) -> Result<(), Failure> {
        let Some(media_id) = media_id_of(key) else { return Ok(()) };
        let told = |error: monitor_pipeline::ports::MediaError| Failure::Delivery(error.to_string());
        match self.deliveries.find(media_id).await.map_err(told)? {
            Some(settled) => Ok(self.function.delivered(&settled).await?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_of_the_template_is_one_of_these_and_no_other_is() {
        for name in ["init", "job-start", "job-progress", "job-completion", "job-failure"] {
            assert_eq!(Handler::named(name), Some(Handler::Events));
        }
        assert_eq!(Handler::named("generate"), Some(Handler::Http));
        assert_eq!(Handler::named("retention"), Some(Handler::Retention));
        assert_eq!(Handler::named("bootstrap"), None);
    }

    #[test]
    fn the_type_of_a_failure_says_what_kind_it_is() {
        let diagnostic = Diagnostic::from(Failure::BadEvent("no".to_owned()));
        assert_eq!(diagnostic.error_type, "BadEvent");
    }
}
