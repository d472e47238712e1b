//! The whole line in one process: monitors, outbox, in-process bus, handlers, store, media, hub, HTTP. This file wires
//! it; nothing else knows all of it.

use crate::config::{Config, Instance};
use crate::gauges;
use crate::http::{Metrics, Site as HttpSite, router};
use crate::live::{LiveSettings, LiveState};
use anyhow::Context as _;
use monitor_backends::bus::memory::MemoryBus;
use monitor_backends::comfy::ComfyServer;
use monitor_backends::media::object::ObjectMedia;
use monitor_backends::store::sqlite::Sqlite;
use monitor_core::ids::client_id;
use monitor_core::tracker;
use monitor_pipeline::api::Api;
use monitor_pipeline::comfy::Comfy;
use monitor_pipeline::handlers::Context;
use monitor_pipeline::hub::{CloseCode, Hub, HubSettings, ReaderLimits};
use monitor_pipeline::journal::Journal;
use monitor_pipeline::library::{self, Library, Patience};
use monitor_pipeline::monitor::{self, MonitorHandle, Timing};
use monitor_pipeline::ports::{Media, Retention, Store};
use monitor_pipeline::read_model::ReadModel;
use monitor_pipeline::relay::{Relay, RelayHandle};
use monitor_pipeline::retry::Desk;
use monitor_pipeline::service::{Parts, RelaySink, Service, Site, known_jobs};
use monitor_testkit::{FakeComfy, demo};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The demo's server among the instances.
const DEMO: &str = "demo";
/// A sequence that a former run gave out and did not keep lies below this much more.
const SEQUENCE_LEAP: u64 = 1 << 20;
const ENDED_PROMPTS: u32 = 256;
/// Between two looks at what is beyond the retention, and at the state that a restart must not lose.
const PRUNE_INTERVAL: Duration = Duration::from_mins(10);
const SAVE_INTERVAL: Duration = Duration::from_secs(2);
/// Everything together ends within 10 s.
const GOODBYE: Duration = Duration::from_secs(2);

/// A running monitor.
pub struct Running {
    /// Where the page and the API are.
    pub addr: SocketAddr,
    monitors: Vec<MonitorHandle>,
    relay: RelayHandle,
    line: JoinHandle<()>,
    library: Arc<Library>,
    journal: Arc<Journal>,
    read_model: Arc<ReadModel>,
    store: Arc<Sqlite>,
    hub: Arc<Hub>,
    server: JoinHandle<()>,
    stop: CancellationToken,
    _demo: Option<FakeComfy>,
}

/// Watches, keeps and serves until [`Running::shutdown`].
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    // First what can be wrong on this machine, before any server is asked.
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!(
            "cannot listen on {}: another program has the port, or the address is not of this machine",
            config.listen
        )
    })?;
    let addr = listener.local_addr()?;
    let store = Arc::new(Sqlite::open(&config.data_dir).await?);
    let media: Arc<dyn Media> = Arc::new(ObjectMedia::local(&config.data_dir, config.media.max_bytes)?);

    let demo = if config.demo { Some(demo::builder()?.speed(1.0).start().await?) } else { None };
    let servers = servers(config, demo.as_ref())?;

    let stop = CancellationToken::new();
    let dyn_store: Arc<dyn Store> = store.clone();
    let hub = Hub::new(hub_settings(config));
    let journal = Arc::new(Journal::new(dyn_store.clone()));
    let read_model = Arc::new(ReadModel::new(dyn_store.clone(), journal.clone(), hub.clone()));
    let library = Library::new(
        dyn_store.clone(),
        media.clone(),
        read_model.clone(),
        journal.clone(),
        servers.iter().map(|server| (server.instance.id.clone(), server.comfy.clone())).collect::<HashMap<_, _>>(),
        Patience::default(),
        stop.clone(),
    );
    let context = Context {
        store: dyn_store.clone(),
        journal: journal.clone(),
        read_model: read_model.clone(),
        library: library.clone(),
    };
    let bus = Arc::new(MemoryBus::new(context));
    let (mut relay, said) = Relay::new(store.clone(), dyn_store.clone(), bus, library.clone(), read_model.clone());
    let recovered = relay.recover().await?;
    if recovered > 0 {
        tracing::info!(events = recovered, "told what was left in the outbox");
    }
    library.resume().await?;
    let line = tokio::spawn(relay.run());

    let seed = store.set_fact_once("client_seed", &uuid::Uuid::new_v4().to_string()).await?;
    let (desk, failures) = Desk::new(config.retry.settings());
    let mut sites = Vec::new();
    for server in servers {
        let timeout = server.instance.timeout.or(config.timeout);
        sites.push(watch(&dyn_store, &journal, &said, &desk, &seed, server, timeout).await?);
    }
    let monitors: Vec<MonitorHandle> = sites.iter().map(|site| site.monitor.clone()).collect();
    let service = Service::new(Parts {
        store: dyn_store.clone(),
        media: media.clone(),
        journal: journal.clone(),
        read_model: read_model.clone(),
        relay: said.clone(),
        desk,
        preview_method: config.previews.asked(),
        sites: sites.clone(),
    });
    service.watch_instances(&stop);
    service.dispatch_what_waits(&stop);
    service.retry_what_failed(failures, &stop);
    keep_time(read_model.clone(), stop.clone());
    keep_house(config, dyn_store, media, read_model.clone(), stop.clone());

    let metrics = Arc::new(Metrics::default());
    gauges::feed(metrics.clone(), hub.clone(), sites, stop.clone());
    let api: Arc<dyn Api> = service;
    let site = HttpSite::new(config, api.clone(), metrics);
    let origins = LiveSettings { origins: config.allowed_origins(), ..LiveSettings::default() };
    let app = router(&site, LiveState::new(hub.clone(), api, origins));
    let ended = stop.clone();
    let server = tokio::spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(ended.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the HTTP server ended");
        }
    });
    Ok(Running {
        addr,
        monitors,
        relay: said,
        line,
        library,
        journal,
        read_model,
        store,
        hub,
        server,
        stop,
        _demo: demo,
    })
}

impl Running {
    /// Ends everything in order; what is durable stays.
    pub async fn shutdown(self) {
        let Running { monitors, relay, line, library, journal, read_model, store, hub, server, stop, .. } = self;
        let stopping = monitors.iter().map(|monitor| monitor.stop("shutdown"));
        // A server that does not say goodbye must not keep us.
        let _ = tokio::time::timeout(GOODBYE, futures::future::join_all(stopping)).await;
        drop(monitors);
        relay.flush().await;
        for queue_id in read_model.unsaved() {
            if let Err(error) = read_model.save(queue_id).await {
                tracing::warn!(%error, "the newest state of a generation was not saved");
            }
        }
        hub.close_all(CloseCode::GoingAway, GOODBYE).await;
        stop.cancel();
        library.close(GOODBYE).await;
        if let Err(error) = journal.flush().await {
            tracing::error!(%error, "some events are only in the outbox; the next start tells them again");
        }
        let _ = tokio::time::timeout(GOODBYE, server).await;
        line.abort();
        let _ = line.await;
        store.close().await;
    }
}

/// A configured server and its client.
struct Server {
    instance: Instance,
    comfy: Arc<dyn Comfy>,
    demo: bool,
}

fn servers(config: &Config, demo: Option<&FakeComfy>) -> anyhow::Result<Vec<Server>> {
    let mut instances: Vec<(Instance, bool)> =
        config.instances.iter().cloned().map(|instance| (instance, false)).collect();
    if let Some(demo) = demo {
        let mut instance = Instance::new(DEMO, demo.base_url().parse()?);
        "Demo".clone_into(&mut instance.name);
        instances.push((instance, true));
    }
    instances
        .into_iter()
        .map(|(instance, demo)| {
            let comfy: Arc<dyn Comfy> = Arc::new(ComfyServer::new(&instance.options())?);
            Ok(Server { instance, comfy, demo })
        })
        .collect()
}

fn hub_settings(config: &Config) -> HubSettings {
    let count = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let limits = ReaderLimits { subscriptions: count(config.limits.subscriptions), ..ReaderLimits::default() };
    HubSettings { readers: count(config.limits.live_connections), limits, previews: config.previews.enabled }
}

async fn watch(
    store: &Arc<dyn Store>,
    journal: &Journal,
    relay: &RelayHandle,
    desk: &Arc<Desk>,
    seed: &str,
    server: Server,
    timeout: Option<Duration>,
) -> anyhow::Result<Site> {
    let Server { instance, comfy, demo } = server;
    let client_id = client_id(seed, &instance.id).to_string();
    let last = store.instance_sequence(&instance.id).await?;
    let config = tracker::Config {
        instance_id: instance.id.clone(),
        client_id: client_id.clone(),
        comfyui_host: instance.place(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        last_sequence: if last == 0 { 0 } else { last + SEQUENCE_LEAP },
        jobs: known_jobs(store.as_ref(), journal, &instance.id).await?,
        ended_prompts: store.ended_prompts(&instance.id, ENDED_PROMPTS).await?,
        // The journal is empty: that of the jobs saw to it.
        history: store.history(&instance.id).await?,
        timeout_ms: timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
    };
    let sink = Arc::new(RelaySink { instance_id: instance.id.clone(), relay: relay.clone(), desk: desk.clone() });
    let monitor = monitor::start(config, Timing::default(), comfy, sink);
    Ok(Site {
        url: instance.url.to_string().trim_end_matches('/').to_owned(),
        instance_id: instance.id,
        name: instance.name,
        client_id,
        demo,
        monitor,
    })
}

fn keep_time(read_model: Arc<ReadModel>, stop: CancellationToken) {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(ReadModel::TICK));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            read_model.tick();
        }
    });
}

fn keep_house(
    config: &Config,
    store: Arc<dyn Store>,
    media: Arc<dyn Media>,
    read_model: Arc<ReadModel>,
    stop: CancellationToken,
) {
    let retention = Retention {
        max_age_ms: config.retention.max_age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        max_count: config.retention.max_count,
    };
    let pruning = stop.clone();
    tokio::spawn(async move {
        let mut rounds = tokio::time::interval(PRUNE_INTERVAL);
        while pruning.run_until_cancelled(rounds.tick()).await.is_some() {
            match library::prune(store.as_ref(), media.as_ref(), retention).await {
                Ok(0) => {}
                Ok(generations) => tracing::info!(generations, "removed what is older than is to be kept"),
                Err(error) => tracing::warn!(%error, "old generations could not be removed"),
            }
        }
    });
    tokio::spawn(async move {
        let mut rounds = tokio::time::interval(SAVE_INTERVAL);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while stop.run_until_cancelled(rounds.tick()).await.is_some() {
            for queue_id in read_model.unsaved() {
                if let Err(error) = read_model.save(queue_id).await {
                    tracing::warn!(%error, "the newest state of a generation was not saved");
                }
            }
        }
    });
}
