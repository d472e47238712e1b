//! The line from the servers to the handlers, with a working store beside it: what every deployment has that watches
//! servers itself. What differs is who is told, where files go, and which buses there are ([`Ends`]).

use crate::config::{Config, Instance};
use monitor_backends::comfy::ComfyServer;
use monitor_backends::store::sqlite::Sqlite;
use monitor_core::ids::client_id;
use monitor_core::tracker;
use monitor_pipeline::audience::Audience;
use monitor_pipeline::comfy::Comfy;
use monitor_pipeline::handlers::Context;
use monitor_pipeline::journal::Journal;
use monitor_pipeline::library::{self, Fetching, Library, Patience};
use monitor_pipeline::monitor::{self, MonitorHandle, Timing};
use monitor_pipeline::ports::{Bus, Media, Store};
use monitor_pipeline::read_model::ReadModel;
use monitor_pipeline::relay::{Relay, RelayHandle};
use monitor_pipeline::retry::Desk;
use monitor_pipeline::service::{Parts, RelaySink, Service, Site, known_jobs};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const ENDED_PROMPTS: u32 = 256;
/// Between two looks at what is beyond the retention, and at the state that a restart must not lose.
const PRUNE_INTERVAL: Duration = Duration::from_mins(10);
const SAVE_INTERVAL: Duration = Duration::from_secs(2);
/// Everything together ends within 10 s.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);

/// The clients of the servers, by instance.
pub(crate) type Servers = HashMap<String, Arc<dyn Comfy>>;

/// What a deployment puts at the ends of the line.
pub(crate) struct Ends {
    pub(crate) media: Arc<dyn Media>,
    pub(crate) audience: Arc<dyn Audience>,
    pub(crate) fetching: Box<dyn FnOnce(Servers) -> Fetching + Send>,
    pub(crate) bus: Box<dyn FnOnce(Context) -> Arc<dyn Bus> + Send>,
    /// Of the first event of an instance that our store knows nothing of.
    pub(crate) first_sequence: u64,
    /// See [`tracker::Config::heartbeat_ms`].
    pub(crate) heartbeat_ms: Option<u64>,
}

/// A server and its client.
pub(crate) struct Server {
    pub(crate) instance: Instance,
    pub(crate) comfy: Arc<dyn Comfy>,
    pub(crate) demo: bool,
}

impl Server {
    pub(crate) fn new(instance: Instance, demo: bool) -> anyhow::Result<Server> {
        let comfy: Arc<dyn Comfy> = Arc::new(ComfyServer::new(&instance.options())?);
        Ok(Server { instance, comfy, demo })
    }
}

pub(crate) struct Line {
    pub(crate) service: Arc<Service>,
    pub(crate) read_model: Arc<ReadModel>,
    pub(crate) sites: Vec<Site>,
    pub(crate) stop: CancellationToken,
    monitors: Vec<MonitorHandle>,
    relay: RelayHandle,
    task: JoinHandle<()>,
    library: Arc<Library>,
    journal: Arc<Journal>,
    store: Arc<Sqlite>,
}

impl Line {
    pub(crate) async fn start(
        config: &Config,
        store: Arc<Sqlite>,
        servers: Vec<Server>,
        ends: Ends,
    ) -> anyhow::Result<Line> {
        let stop = CancellationToken::new();
        let dyn_store: Arc<dyn Store> = store.clone();
        let media = ends.media;
        let journal = Arc::new(Journal::new(dyn_store.clone()));
        let read_model = Arc::new(ReadModel::new(dyn_store.clone(), journal.clone(), ends.audience));
        let by_instance = servers.iter().map(|server| (server.instance.id.clone(), server.comfy.clone())).collect();
        let library = Library::new(
            dyn_store.clone(),
            media.clone(),
            read_model.clone(),
            journal.clone(),
            (ends.fetching)(by_instance),
            Patience::default(),
            stop.clone(),
        );
        let context = Context {
            store: dyn_store.clone(),
            journal: journal.clone(),
            read_model: read_model.clone(),
            library: library.clone(),
        };
        let bus = (ends.bus)(context);
        let (mut relay, said) = Relay::new(store.clone(), dyn_store.clone(), bus, library.clone(), read_model.clone());
        let recovered = relay.recover().await?;
        if recovered > 0 {
            tracing::info!(events = recovered, "told what was left in the outbox");
        }
        library.resume().await?;
        let task = tokio::spawn(relay.run());

        let seed = store.set_fact_once("client_seed", &uuid::Uuid::new_v4().to_string()).await?;
        let (desk, failures) = Desk::new(config.retry.settings());
        let watching = Watching {
            store: &dyn_store,
            journal: &journal,
            relay: &said,
            desk: &desk,
            seed: &seed,
            first_sequence: ends.first_sequence,
            heartbeat_ms: ends.heartbeat_ms,
        };
        let mut sites = Vec::new();
        for server in servers {
            let timeout = server.instance.timeout.or(config.timeout);
            sites.push(watching.begin(server, timeout).await?);
        }
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
        let monitors = sites.iter().map(|site| site.monitor.clone()).collect();
        Ok(Line { service, read_model, sites, stop, monitors, relay: said, task, library, journal, store })
    }

    /// The monitors say goodbye, and what they said is told.
    pub(crate) async fn end_watching(&mut self) {
        self.sites.clear();
        let monitors = std::mem::take(&mut self.monitors);
        let stopping = monitors.iter().map(|monitor| monitor.stop("shutdown"));
        // A server that does not say goodbye must not keep us.
        let _ = tokio::time::timeout(GOODBYE, futures::future::join_all(stopping)).await;
        drop(monitors);
        self.relay.flush().await;
        for queue_id in self.read_model.unsaved() {
            if let Err(error) = self.read_model.save(queue_id).await {
                tracing::warn!(%error, "the newest state of a generation was not saved");
            }
        }
    }

    /// Ends the rest; what is durable stays.
    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.library.close(GOODBYE).await;
        if let Err(error) = self.journal.flush().await {
            tracing::error!(%error, "some events are only in the outbox; the next start tells them again");
        }
        self.task.abort();
        let _ = self.task.await;
        self.store.close().await;
    }
}

struct Watching<'a> {
    store: &'a Arc<dyn Store>,
    journal: &'a Journal,
    relay: &'a RelayHandle,
    desk: &'a Arc<Desk>,
    seed: &'a str,
    first_sequence: u64,
    heartbeat_ms: Option<u64>,
}

impl Watching<'_> {
    async fn begin(&self, server: Server, timeout: Option<Duration>) -> anyhow::Result<Site> {
        let Watching { store, journal, relay, desk, seed, first_sequence, heartbeat_ms } = *self;
        let Server { instance, comfy, demo } = server;
        let client_id = client_id(seed, &instance.id).to_string();
        let last = store.instance_sequence(&instance.id).await?;
        let config = tracker::Config {
            instance_id: instance.id.clone(),
            client_id: client_id.clone(),
            comfyui_host: instance.place(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            last_sequence: if last == 0 { first_sequence } else { last + tracker::SEQUENCE_LEAP },
            jobs: known_jobs(store.as_ref(), journal, &instance.id).await?,
            ended_prompts: store.ended_prompts(&instance.id, ENDED_PROMPTS).await?,
            // The journal is empty: that of the jobs saw to it.
            history: store.history(&instance.id).await?,
            timeout_ms: timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
            heartbeat_ms,
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
    let retention = config.retention.asked_of_stores();
    let pruning = stop.clone();
    tokio::spawn(async move {
        let mut rounds = tokio::time::interval(PRUNE_INTERVAL);
        while pruning.run_until_cancelled(rounds.tick()).await.is_some() {
            match library::prune(store.as_ref(), media.as_ref(), retention, &pruning).await {
                Ok(0) => {}
                Ok(generations) => tracing::info!(generations, "removed what is older than is to be kept"),
                Err(_) if pruning.is_cancelled() => return,
                Err(error) => tracing::warn!(%error, "old generations could not be removed"),
            }
        }
    });
    tokio::spawn(async move {
        let mut rounds = tokio::time::interval(SAVE_INTERVAL);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while stop.run_until_cancelled(rounds.tick()).await.is_some() {
            for queue_id in read_model.unsaved() {
                if let Err(error) = read_model.save(queue_id).await
                    && !stop.is_cancelled()
                {
                    tracing::warn!(%error, "the newest state of a generation was not saved");
                }
            }
        }
    });
}
