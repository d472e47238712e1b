//! The whole line in one process: monitors, outbox, in-process bus, handlers, store, media, hub, HTTP. This file wires
//! it; nothing else knows all of it.

use crate::config::{Config, Instance};
use crate::gauges;
use crate::http::{Metrics, Site as HttpSite, router};
use crate::line::{Ends, GOODBYE, Line, Server};
use crate::live::{LiveSettings, LiveState};
use anyhow::Context as _;
use monitor_backends::bus::memory::MemoryBus;
use monitor_backends::media::object::ObjectMedia;
use monitor_backends::store::sqlite::Sqlite;
use monitor_pipeline::api::Api;
use monitor_pipeline::hub::{CloseCode, Hub, HubSettings, ReaderLimits};
use monitor_pipeline::library::Fetching;
use monitor_testkit::{FakeComfy, demo};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The demo's server among the instances.
const DEMO: &str = "demo";

/// A running monitor.
pub struct Running {
    /// Where the page and the API are.
    pub addr: SocketAddr,
    line: Line,
    hub: Arc<Hub>,
    server: JoinHandle<()>,
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
    let media = Arc::new(ObjectMedia::local(&config.data_dir, config.media.max_bytes)?);

    let demo = if config.demo { Some(demo::builder()?.speed(1.0).start().await?) } else { None };
    let servers = servers(config, demo.as_ref())?;

    let hub = Hub::new(hub_settings(config));
    let ends = Ends {
        media,
        audience: hub.clone(),
        fetching: Box::new(Fetching::Servers),
        bus: Box::new(|context| Arc::new(MemoryBus::new(context))),
        first_sequence: 0,
        heartbeat_ms: None,
    };
    let line = Line::start(config, store, servers, ends).await?;

    let metrics = Arc::new(Metrics::default());
    gauges::feed(metrics.clone(), hub.clone(), line.sites.clone(), line.stop.clone());
    let api: Arc<dyn Api> = line.service.clone();
    let site = HttpSite::new(config, api.clone(), metrics);
    let origins = LiveSettings { origins: config.allowed_origins(), ..LiveSettings::default() };
    let app = router(&site, LiveState::new(hub.clone(), api, origins));
    let ended = line.stop.clone();
    let server = tokio::spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(ended.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the HTTP server ended");
        }
    });
    Ok(Running { addr, line, hub, server, _demo: demo })
}

impl Running {
    /// Ends everything in order; what is durable stays.
    pub async fn shutdown(self) {
        let Running { mut line, hub, server, .. } = self;
        line.end_watching().await;
        hub.close_all(CloseCode::GoingAway, GOODBYE).await;
        line.stop.cancel();
        let _ = tokio::time::timeout(GOODBYE, server).await;
        line.close().await;
    }
}

fn servers(config: &Config, demo: Option<&FakeComfy>) -> anyhow::Result<Vec<Server>> {
    let configured = config.instances.iter().cloned().map(|instance| Server::new(instance, false));
    let demo = demo.map(|demo| {
        let mut instance = Instance::new(DEMO, demo.base_url().parse()?);
        "Demo".clone_into(&mut instance.name);
        Server::new(instance, true)
    });
    configured.chain(demo).collect()
}

fn hub_settings(config: &Config) -> HubSettings {
    let count = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let limits = ReaderLimits { subscriptions: count(config.limits.subscriptions), ..ReaderLimits::default() };
    HubSettings { readers: count(config.limits.live_connections), limits, previews: config.previews.enabled }
}
