//! A monitor beside a ComfyUI that nobody else can reach: it watches, puts outputs into the bucket, publishes onto the
//! bus, and asks for commands. No page and no API; its store is what it works with, and may be lost.

use crate::config::{Config, Progress};
use crate::line::{Ends, GOODBYE, Line, Server};
use monitor_backends::aws;
use monitor_backends::bus::eventbridge::{self, EventBridge};
use monitor_backends::bus::memory::MemoryBus;
use monitor_backends::commands::sqs::{self, Queue};
use monitor_backends::dead_letters::file::FileDeadLetters;
use monitor_backends::media::deliveries::ObjectDeliveries;
use monitor_backends::media::object::ObjectMedia;
use monitor_backends::media::s3::{self, Encryption, S3Links, S3Settings};
use monitor_backends::push::apigateway::ApiGateway;
use monitor_backends::store::dynamodb::DynamoStore;
use monitor_backends::store::sqlite::Sqlite;
use monitor_pipeline::api::Api;
use monitor_pipeline::audience::{Audience, Nobody};
use monitor_pipeline::clock;
use monitor_pipeline::library::Fetching;
use monitor_pipeline::ports::{Bus, Deliveries, Links};
use monitor_pipeline::push::{Direct, DirectHandle, Push};
use monitor_pipeline::roster::HEARTBEAT;
use monitor_pipeline::service::obey;
use monitor_pipeline::tee::Tee;
use object_store::ObjectStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Progress of one job on the bus: a step costs money there.
const PROGRESS: Duration = Duration::from_secs(1);
const DEAD_LETTERS: u64 = 16 << 20;
/// Between two looks for the queue of commands.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The configuration lacks something; another try cannot do better.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Incomplete(&'static str);

/// A running monitor.
pub struct Sidecar {
    line: Line,
    bus: Arc<EventBridge>,
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

/// Of a bucket as the configuration has it.
pub fn bucket(config: &Config) -> Option<S3Settings> {
    let encryption = match config.aws.encryption.as_deref() {
        None => Encryption::Bucket,
        Some("AES256") => Encryption::S3,
        Some(key) => Encryption::Kms(key.to_owned()),
    };
    config.aws.bucket.clone().map(|bucket| S3Settings { bucket, prefix: None, encryption })
}

/// Watches and publishes until [`Sidecar::shutdown`].
pub async fn start(config: &Config) -> anyhow::Result<Sidecar> {
    let event_bus = config.aws.event_bus.clone();
    let bus_name =
        event_bus.ok_or(Incomplete("there is no bus to publish to: set EVENTBRIDGE_BUS_NAME, or --event-bus"))?;
    let bucket = bucket(config)
        .ok_or(Incomplete("there is no bucket for outputs: set COMFYUI_MONITOR_AWS_BUCKET, or `bucket` under [aws]"))?;
    let sdk = aws::configuration(config.aws.region.clone()).await;
    let objects = s3::bucket(&sdk, &bucket)?;
    let media = ObjectMedia::s3(&sdk, &bucket, config.media.max_bytes)?;
    let store = Arc::new(Sqlite::open(&config.data_dir).await?);

    let direct = direct(config, &sdk, &media, objects.clone())?;
    let audience: Arc<dyn Audience> = match &direct {
        Some((direct, _)) => direct.clone(),
        None => Arc::new(Nobody),
    };
    let settings = eventbridge::Settings {
        bus_name,
        progress: config.aws.progress.over_the_bus().then_some(PROGRESS),
        bulk: Some(objects.clone()),
        dead_letters: Arc::new(FileDeadLetters::new(&config.data_dir, DEAD_LETTERS)),
        patience: eventbridge::Patience::default(),
    };
    let bus = Arc::new(EventBridge::new(aws_sdk_eventbridge::Client::new(&sdk), settings));
    let far: Arc<dyn Bus> = bus.clone();
    let deliveries: Arc<dyn Deliveries> = Arc::new(ObjectDeliveries::new(objects.clone()));
    let ends = Ends {
        media: Arc::new(media),
        audience,
        fetching: Box::new(move |servers| Fetching::Announced(servers, deliveries)),
        bus: Box::new(move |context| {
            let read_model = context.read_model.clone();
            let shown = Box::new(move |queue_id| read_model.shown(queue_id));
            Arc::new(Tee::new(Arc::new(MemoryBus::new(context)), far, shown))
        }),
        // The store may be new where others know the instance already: later than all it has ever said.
        first_sequence: clock::wall().0.unsigned_abs(),
        heartbeat_ms: Some(HEARTBEAT),
    };
    let servers = config.instances.iter().cloned().map(|instance| Server::new(instance, false));
    let line = Line::start(config, store, servers.collect::<anyhow::Result<_>>()?, ends).await?;

    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    if let Some((_, handle)) = direct {
        tasks.push(tokio::spawn(handle.run(line.read_model.clone(), stop.clone())));
    }
    let prefix = config.aws.queue_prefix.as_deref().unwrap_or(sqs::PREFIX);
    for site in &line.sites {
        let (client, large) = (aws_sdk_sqs::Client::new(&sdk), objects.clone());
        let (prefix, instance_id) = (prefix.to_owned(), site.instance_id.clone());
        let (api, stop) = (line.service.clone(), stop.clone());
        tasks.push(tokio::spawn(take_commands(client, prefix, instance_id, large, api, stop)));
    }
    Ok(Sidecar { line, bus, tasks, stop })
}

/// When a network is not up yet, or the instance is not deployed yet, its queue is looked for again.
async fn take_commands(
    client: aws_sdk_sqs::Client,
    prefix: String,
    instance_id: String,
    large: Arc<dyn ObjectStore>,
    api: Arc<dyn Api>,
    stop: CancellationToken,
) {
    let mut pause = FIRST_LOOK;
    loop {
        let looked = Queue::of(client.clone(), &prefix, &instance_id, large.clone());
        let Some(found) = stop.run_until_cancelled(looked).await else { return };
        match found {
            Ok(queue) => return obey(api, Arc::new(queue), stop).await,
            Err(error) => tracing::warn!(%error, "jobs can be watched, and not yet be sent here; looking again"),
        }
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The way past the bus, where it is wanted.
fn direct(
    config: &Config,
    sdk: &aws_config::SdkConfig,
    media: &ObjectMedia,
    objects: Arc<dyn ObjectStore>,
) -> anyhow::Result<Option<(Arc<Direct>, DirectHandle)>> {
    if !config.aws.progress.is_direct() {
        return Ok(None);
    }
    let (Some(endpoint), Some(table)) = (&config.aws.websocket_api_endpoint, &config.aws.table) else {
        if config.aws.progress == Progress::Both {
            tracing::info!("progress goes over the bus alone: there is no WEBSOCKET_API_ENDPOINT, or no table");
            return Ok(None);
        }
        let needs = "direct progress needs WEBSOCKET_API_ENDPOINT and COMFYUI_MONITOR_AWS_TABLE, or `--progress bus`";
        return Err(Incomplete(needs).into());
    };
    let connections = DynamoStore::new(aws_sdk_dynamodb::Client::new(sdk), table.clone(), objects);
    let push = Push { connections: Arc::new(connections), gateway: Arc::new(ApiGateway::new(sdk, endpoint)) };
    let links: Arc<dyn Links> = Arc::new(S3Links::new(media.clone()));
    Ok(Some(Direct::new(push, links)))
}

impl Sidecar {
    /// What was said is on the bus, or in the outbox for the next start.
    pub async fn shutdown(self) {
        let Sidecar { mut line, bus, tasks, stop } = self;
        // First: a command that comes now would not be done.
        stop.cancel();
        line.end_watching().await;
        let ending = futures::future::join_all(tasks);
        // A long poll ends with its call, a push with its last frames.
        let _ = tokio::time::timeout(GOODBYE, ending).await;
        line.close().await;
        bus.close().await;
    }
}
