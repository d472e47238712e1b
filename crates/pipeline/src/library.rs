//! The library of outputs: every file that a job made is found, fetched from its server at once (temp files do not
//! outlive it), stored under a name of ours, and shown: as pending, stored, or finally failed with the reason.

mod kind;

use crate::clock;
use crate::comfy::{Comfy, ComfyError};
use crate::journal::Journal;
use crate::ports::{Deliveries, Media, MediaError, MediaRecord, Retention, Store, StoreError};
use crate::read_model::ReadModel;
use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use kind::{kind_by_content, kind_by_name};
use monitor_core::comfy::output::{Content, read};
use monitor_core::event::FileRef;
use monitor_core::generation::{OutputKind, OutputStatus};
use monitor_core::ids::media_id;
use monitor_core::tracker::Picture;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Downloads at one time, of all instances.
const PARALLEL: usize = 4;
/// Outputs that are kept of one attempt.
const MAX_OUTPUTS: usize = 2_000;

/// How patient a download is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub first: Duration,
    pub longest: Duration,
    /// Tries while the server answers, but wrongly.
    pub tries: usize,
    /// Tries while nobody answers.
    pub tries_away: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { first: Duration::from_millis(300), longest: Duration::from_secs(15), tries: 5, tries_away: 14 }
    }
}

/// How the bytes of an output get into the media store.
pub enum Fetching {
    /// From the servers, by instance.
    Servers(HashMap<String, Arc<dyn Comfy>>),
    /// Likewise, and everybody else is told of what became of each.
    Announced(HashMap<String, Arc<dyn Comfy>>, Arc<dyn Deliveries>),
    /// The monitor beside the server puts them there.
    Delivered(Arc<dyn Deliveries>),
}

impl Fetching {
    fn server(&self, instance_id: &str) -> Option<&Arc<dyn Comfy>> {
        match self {
            Fetching::Servers(servers) | Fetching::Announced(servers, _) => servers.get(instance_id),
            Fetching::Delivered(_) => None,
        }
    }
}

pub struct Library {
    store: Arc<dyn Store>,
    media: Arc<dyn Media>,
    read_model: Arc<ReadModel>,
    journal: Arc<Journal>,
    fetching: Fetching,
    patience: Patience,
    permits: Arc<Semaphore>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Media ids that are being fetched: an output told of twice is fetched once.
    under_way: Mutex<std::collections::HashSet<Uuid>>,
}

/// Whose outputs.
#[derive(Clone, Debug)]
pub struct Owner {
    pub queue_id: Uuid,
    pub attempt: u32,
    pub instance_id: String,
}

impl Library {
    pub fn new(
        store: Arc<dyn Store>,
        media: Arc<dyn Media>,
        read_model: Arc<ReadModel>,
        journal: Arc<Journal>,
        fetching: Fetching,
        patience: Patience,
        stop: CancellationToken,
    ) -> Arc<Library> {
        Arc::new(Library {
            store,
            media,
            read_model,
            journal,
            fetching,
            patience,
            permits: Arc::new(Semaphore::new(PARALLEL)),
            stop,
            tasks: TaskTracker::new(),
            under_way: Mutex::default(),
        })
    }

    /// Takes up the outputs of some nodes: `{nodeId: output}`. What is known already stays as it is.
    pub async fn found<'a>(
        self: &Arc<Self>,
        owner: &Owner,
        outputs: impl IntoIterator<Item = (&'a String, &'a Value)>,
    ) -> Result<(), StoreError> {
        let known = self.store.media(owner.queue_id).await?;
        let mut position = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let mut rows: Vec<MediaRecord> = Vec::new();
        for (node_id, output) in outputs {
            for item in read(output).items {
                let row = Self::row(owner, node_id, item.content, position);
                let is_new = known.iter().chain(&rows).all(|other| other.media_id != row.media_id);
                if is_new && rows.len() + known.len() < MAX_OUTPUTS {
                    position += 1;
                    rows.push(row);
                }
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.store.add_media(&rows).await?;
        self.read_model.outputs(owner.queue_id, &rows).await?;
        for row in rows.into_iter().filter(|row| row.status == OutputStatus::Pending) {
            match &self.fetching {
                Fetching::Servers(_) | Fetching::Announced(..) => self.fetch(row),
                Fetching::Delivered(deliveries) => match deliveries.find(row.media_id).await {
                    Ok(Some(settled)) => self.delivered(&settled).await?,
                    Ok(None) => {}
                    // It is told of when it comes.
                    Err(error) => tracing::warn!(%error, media_id = %row.media_id, "a delivery could not be looked up"),
                },
            }
        }
        Ok(())
    }

    /// What a monitor announced: an output that events told of before, or will, or (an image that came over the socket)
    /// never.
    pub async fn delivered(&self, settled: &MediaRecord) -> Result<(), StoreError> {
        self.store.add_media(std::slice::from_ref(settled)).await?;
        self.settled(settled).await
    }

    fn row(owner: &Owner, node_id: &str, content: Content, position: u32) -> MediaRecord {
        let (what, source, text, kind, status) = match content {
            Content::File { file, format, .. } => {
                let what = format!("{}/{}/{}", file.folder.as_str(), file.subfolder, file.filename);
                let kind = kind_by_name(&file.filename, format.as_deref());
                let source = FileRef {
                    r#type: file.folder.as_str().to_owned(),
                    filename: file.filename,
                    subfolder: file.subfolder,
                };
                (what, Some(source), None, kind, OutputStatus::Pending)
            }
            Content::Text(text) => (format!("text {text}"), None, Some(text), OutputKind::Text, OutputStatus::Stored),
        };
        MediaRecord {
            kind,
            preview: source.as_ref().is_some_and(|source| source.r#type == "temp"),
            status,
            size: text.as_ref().map(|text| text.len() as u64),
            content_type: text.as_ref().map(|_| "text/plain; charset=utf-8".to_owned()),
            source,
            text,
            ..pending(owner, node_id, &what, position)
        }
    }

    /// A final image that came over the socket: there is no file on the server to fetch.
    pub async fn picture(self: &Arc<Self>, instance_id: &str, picture: Picture) -> Result<(), StoreError> {
        let position = u32::try_from(self.store.media(picture.queue_id).await?.len()).unwrap_or(u32::MAX);
        let what = format!("socket {}", picture.ordinal);
        let owner = Owner { queue_id: picture.queue_id, attempt: picture.attempt, instance_id: instance_id.to_owned() };
        let mut row = pending(&owner, &picture.node_id, &what, position);
        self.store.add_media(std::slice::from_ref(&row)).await?;
        let bytes = Bytes::from(picture.image);
        let stored = self.media.store(row.media_id, stream::iter([Ok(bytes)]).boxed()).await;
        settle(&mut row, stored.map_err(|error| error.to_string()));
        self.announce(&row).await?;
        self.store.update_media(&row).await?;
        self.read_model.outputs(row.queue_id, &[row]).await
    }

    /// Before our own row says that it is settled: what was cut off between the two is fetched, and announced, again.
    async fn announce(&self, row: &MediaRecord) -> Result<(), StoreError> {
        let Fetching::Announced(_, deliveries) = &self.fetching else { return Ok(()) };
        deliveries.announce(row).await.map_err(|error| StoreError::Failed {
            place: "where outputs are announced".to_owned(),
            cause: error.to_string(),
        })
    }

    /// After a start of ours: what was being fetched is fetched again.
    pub async fn resume(self: &Arc<Self>) -> Result<(), StoreError> {
        for row in self.store.pending_media().await? {
            self.fetch(row);
        }
        Ok(())
    }

    fn fetch(self: &Arc<Self>, row: MediaRecord) {
        let fresh = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(row.media_id);
        if fresh {
            let library = Arc::clone(self);
            self.tasks.spawn(async move {
                let media_id = row.media_id;
                tokio::select! {
                    () = library.stop.cancelled() => {}
                    () = library.download(row) => {}
                }
                library.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&media_id);
            });
        }
    }

    async fn download(&self, mut row: MediaRecord) {
        let stored = self.try_to_store(&row).await;
        if let Err(reason) = &stored {
            tracing::warn!(queue_id = %row.queue_id, node = row.node_id, reason, "an output could not be fetched");
        }
        settle(&mut row, stored);
        // The outcome must not be lost to a store that is busy for a moment.
        let mut pauses = ExponentialBuilder::default().with_max_times(8).build();
        loop {
            let told = async {
                self.announce(&row).await?;
                self.settled(&row).await
            };
            match told.await {
                Ok(()) => return,
                Err(error) => {
                    let Some(pause) = pauses.next() else {
                        tracing::error!(%error, media_id = %row.media_id, "an output could not be recorded; the next start tries again");
                        return;
                    };
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn settled(&self, row: &MediaRecord) -> Result<(), StoreError> {
        self.store.update_media(row).await?;
        self.read_model.outputs(row.queue_id, std::slice::from_ref(row)).await?;
        self.journal.flush().await?;
        self.read_model.save(row.queue_id).await
    }

    /// The stored file, or why it finally failed, for people.
    async fn try_to_store(&self, row: &MediaRecord) -> Result<crate::ports::StoredFile, String> {
        let Some(source) = &row.source else { return Err("nothing says where it is".to_owned()) };
        let Some(server) = self.fetching.server(&row.instance_id) else {
            return Err(format!("the instance {} is not configured any more", row.instance_id));
        };
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(self.patience.first)
            .with_max_delay(self.patience.longest)
            .with_max_times(self.patience.tries_away)
            .with_jitter()
            .build();
        let mut tries = 0;
        loop {
            tries += 1;
            let permit = self.permits.acquire().await;
            let failure = match server.view(source).await {
                Ok(bytes) => {
                    let bytes = bytes.map_err(|error| MediaError::Source(error.to_string())).boxed();
                    match self.media.store(row.media_id, bytes).await {
                        Ok(stored) => return Ok(stored),
                        Err(error @ (MediaError::TooLarge { .. } | MediaError::NotFound(_))) => {
                            return Err(error.to_string());
                        }
                        Err(error) => (error.to_string(), tries >= self.patience.tries),
                    }
                }
                // The server says that it has no such file, or will not give it: asking again changes nothing.
                Err(
                    ComfyError::Http { status: status @ (400 | 404), .. }
                    | ComfyError::Auth { status: status @ 403, .. },
                ) => {
                    let why = if row.preview { ": temp files are gone when ComfyUI restarts" } else { "" };
                    (format!("ComfyUI has no such file any more ({status}){why}"), tries >= 2)
                }
                Err(error) if error.was_sent() => (error.to_string(), tries >= self.patience.tries),
                Err(error) => (error.to_string(), false),
            };
            drop(permit);
            let (reason, is_final) = failure;
            match pauses.next() {
                Some(pause) if !is_final => tokio::time::sleep(pause).await,
                _ => return Err(reason),
            }
        }
    }

    /// Waits for downloads to end, or gives up waiting: pending rows are taken up again at the next start.
    pub async fn close(&self, patience: Duration) {
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            self.stop.cancel();
            self.tasks.wait().await;
        }
    }
}

/// An image of which nothing is known but whose it is; `what` tells it from the others of its node.
fn pending(owner: &Owner, node_id: &str, what: &str, position: u32) -> MediaRecord {
    MediaRecord {
        media_id: media_id(owner.queue_id, owner.attempt, node_id, what),
        queue_id: owner.queue_id,
        attempt: owner.attempt,
        instance_id: owner.instance_id.clone(),
        node_id: node_id.to_owned(),
        kind: OutputKind::Image,
        preview: false,
        status: OutputStatus::Pending,
        source: None,
        text: None,
        content_type: None,
        size: None,
        width: None,
        height: None,
        sha256: None,
        key: None,
        thumbnail_key: None,
        reason: None,
        position,
    }
}

fn settle(row: &mut MediaRecord, stored: Result<crate::ports::StoredFile, String>) {
    match stored {
        Ok(stored) => {
            row.status = OutputStatus::Stored;
            row.kind = kind_by_content(&stored.content_type, row.kind);
            row.content_type = Some(stored.content_type);
            row.size = Some(stored.size);
            row.width = stored.width;
            row.height = stored.height;
            row.sha256 = Some(stored.sha256);
            row.key = Some(stored.key);
            row.thumbnail_key = stored.thumbnail_key;
            row.reason = None;
        }
        Err(reason) => {
            row.status = OutputStatus::Failed;
            row.reason = Some(reason);
        }
    }
}

/// Removes what is beyond the retention, a few hundred generations at a time, until nothing is or `stop` says so: what is
/// left then is found by the next.
pub async fn prune(
    store: &dyn Store,
    media: &dyn Media,
    retention: Retention,
    stop: &CancellationToken,
) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let pruned = store.prune(retention, clock::wall()).await?;
        gone += pruned.generations;
        for key in &pruned.keys {
            if let Err(error) = media.delete(key).await
                && !matches!(error, MediaError::NotFound(_))
            {
                tracing::warn!(%error, key, "a file of a removed generation stays behind");
            }
        }
        if pruned.generations == 0 || stop.is_cancelled() {
            return Ok(gone);
        }
        tokio::task::yield_now().await;
    }
}
