//! The line without a process that stays: each event, each file and each word of a page wakes a function for itself. It
//! takes what it needs from the store, does what the embedded line does by the same handlers, and tells the connections
//! at the gateway. Events may come twice and in any order: what is recorded first decides, and what is told follows from
//! all that is recorded by then.

mod gathered;
mod lost;
mod record;

use crate::asked::{self, Asked, Refusal};
use crate::clock;
use crate::handlers::{Context, Handler};
use crate::hub::{EncodeError, Snapshot, TooManySubscriptions, Topic};
use crate::journal::Journal;
use crate::library::{self, Fetching, Library, Patience};
use crate::links;
use crate::ports::{Deliveries, Links, Listener, Media, MediaRecord, Retention, Roster, Store, StoreError};
use crate::push::{Post, Push, by_topic};
use crate::read_model::ReadModel;
use crate::roster;
use gathered::Gathered;
use lost::Lost;
use monitor_core::event::{Body, Event};
use monitor_core::frame::{Frame, FrameBody};
use monitor_core::time::Timestamp;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("a snapshot could not be made: {0}")]
    Snapshot(String),
}

/// What functions work with.
#[derive(Clone)]
pub struct Function {
    pub store: Arc<dyn Store>,
    pub media: Arc<dyn Media>,
    pub links: Arc<dyn Links>,
    pub deliveries: Arc<dyn Deliveries>,
    pub roster: Arc<dyn Roster>,
    pub push: Push,
}

impl Function {
    /// An event from the bus.
    pub async fn event(&self, event: &Event) -> Result<(), FunctionError> {
        if matches!(event.body, Body::MonitorInitialized(_)) {
            // Before it is heard: whoever does this again after a failure must see the same.
            for lost in lost::by_another(self.store.as_ref(), self.roster.as_ref(), event).await? {
                tracing::info!(?lost, "the monitor that had this job in hand is no more");
                match lost {
                    Lost::Job(end) => self.handle(&end).await?,
                    Lost::Retry { queue_id, failed } => self.give_up(queue_id, failed).await?,
                }
            }
        }
        self.handle(event).await
    }

    /// Nobody will try it again after this attempt.
    async fn give_up(&self, queue_id: Uuid, failed: u32) -> Result<(), FunctionError> {
        let (context, gathered) = self.context();
        context.read_model.stop_retry(queue_id, failed).await?;
        self.tell(gathered.taken(), false).await;
        Ok(())
    }

    /// What nobody says: that a monitor says nothing any more. To be called every `within` milliseconds.
    pub async fn look_after(&self, within: u64) -> Result<(), FunctionError> {
        let silent = roster::fallen_silent(&self.roster.heard(None).await?, clock::wall(), within);
        let (context, gathered) = self.context();
        for instance in silent {
            context.read_model.instance(instance);
        }
        self.tell(gathered.taken(), false).await;
        Ok(())
    }

    async fn handle(&self, event: &Event) -> Result<(), FunctionError> {
        record::ensure(self.store.as_ref(), event).await?;
        let (context, gathered) = self.context();
        Handler::of(event).handle(&context, event).await?;
        context.journal.flush().await?;
        if matches!(event.body, Body::NodeProgressUpdate(_)) {
            // Steps are not recorded: what lists show, and what must not fall, is kept in the summary.
            for queue_id in context.read_model.unsaved() {
                context.read_model.save(queue_id).await?;
            }
        }
        if event.base.queue_id.is_none() {
            self.roster.hear(event).await?;
            let heard = self.roster.heard(Some(&event.base.instance_id)).await?;
            for instance in roster::instances(&heard, clock::wall()) {
                context.read_model.instance(instance);
            }
        }
        // Between two nodes only those who watch the generation itself are told: the monitor's own updates, where it has
        // a direct way, and the progress on the bus say the rest to those who watch all.
        let quiet = matches!(event.body, Body::NodeExecuting(_) | Body::NodeExecuted(_));
        self.tell(gathered.taken(), quiet).await;
        Ok(())
    }

    /// A monitor put a file where files are kept.
    pub async fn delivered(&self, settled: &MediaRecord) -> Result<(), FunctionError> {
        let (context, gathered) = self.context();
        context.library.delivered(settled).await?;
        self.tell(gathered.taken(), false).await;
        Ok(())
    }

    /// Removes what is beyond the retention; how many generations went.
    pub async fn prune(&self, retention: Retention, stop: &CancellationToken) -> Result<u64, FunctionError> {
        Ok(library::prune(self.store.as_ref(), self.media.as_ref(), retention, stop).await?)
    }

    pub async fn connected(&self, connection_id: &str) -> Result<(), FunctionError> {
        Ok(self.push.connections.connect(connection_id, clock::wall()).await?)
    }

    pub async fn disconnected(&self, connection_id: &str) -> Result<(), FunctionError> {
        Ok(self.push.connections.disconnect(connection_id).await?)
    }

    /// What a page says. `snapshot` makes the first frame of a subscription.
    pub async fn asked<F>(
        &self,
        connection_id: &str,
        text: &str,
        snapshot: impl FnOnce(Topic) -> F,
    ) -> Result<(), FunctionError>
    where
        F: Future<Output = Result<FrameBody, String>>,
    {
        let mut request_id = None;
        let now = clock::wall();
        let asked = asked::read(text, &mut request_id);
        let answer = |body| Post::frame(&Frame { timestamp: now, request_id: request_id.clone(), job: None, body });
        let connections = &self.push.connections;
        let posts = match asked {
            Ok(Asked::Subscribe { topic, previews }) => {
                // Subscribed first: what happens while the snapshot is made is told as well, and not missed.
                if connections.subscribe(connection_id, topic, previews, now).await? {
                    let confirmation = answer(FrameBody::SubscriptionConfirmed { queue_id: topic.to_string() })?;
                    let body = snapshot(topic).await.map_err(FunctionError::Snapshot)?;
                    vec![confirmation, self.snapshot(body, now).await?]
                } else {
                    vec![answer(Refusal::from(TooManySubscriptions).body())?]
                }
            }
            Ok(Asked::Unsubscribe(topic)) => {
                connections.unsubscribe(connection_id, topic).await?;
                vec![answer(FrameBody::UnsubscriptionConfirmed { queue_id: topic.to_string() })?]
            }
            Ok(Asked::Ping) => vec![answer(FrameBody::Pong)?],
            Err(refusal) => vec![answer(refusal.body())?],
        };
        self.push.to_one(connection_id, &posts).await;
        Ok(())
    }

    async fn snapshot(&self, mut body: FrameBody, now: Timestamp) -> Result<Post, FunctionError> {
        let addressed = links::in_body(self.links.as_ref(), &mut body).await;
        addressed.map_err(|error| FunctionError::Snapshot(error.to_string()))?;
        let frame = Snapshot::shortened(body, now)?;
        Ok(Post::frame(&frame)?)
    }

    /// A line for one event: nothing of it outlives the call.
    fn context(&self) -> (Context, Arc<Gathered>) {
        let gathered = Arc::new(Gathered::default());
        let journal = Arc::new(Journal::new(self.store.clone()));
        let read_model = Arc::new(ReadModel::new(self.store.clone(), journal.clone(), gathered.clone()));
        let library = Library::new(
            self.store.clone(),
            self.media.clone(),
            read_model.clone(),
            journal.clone(),
            Fetching::Delivered(self.deliveries.clone()),
            Patience::default(),
            CancellationToken::new(),
        );
        (Context { store: self.store.clone(), journal, read_model, library }, gathered)
    }

    /// Who listens is asked only now: whoever subscribed before this has either seen what was recorded in their
    /// snapshot, or is told here.
    async fn tell(&self, told: Vec<(Topic, Frame)>, quiet: bool) {
        let now = clock::wall();
        let told = told.into_iter().filter(|(topic, _)| !quiet || *topic != Topic::All);
        let topics = by_topic(told).into_iter();
        futures::future::join_all(topics.map(|(topic, frames)| self.tell_topic(topic, frames, now))).await;
    }

    /// Readers who are not told come to the same by their next snapshot: what cannot be told is no failure of the event.
    async fn tell_topic(&self, topic: Topic, frames: Vec<Frame>, now: Timestamp) {
        let listeners: Vec<Listener> = match self.push.connections.listeners(topic, now).await {
            Ok(listeners) if listeners.is_empty() => return,
            Ok(listeners) => listeners,
            Err(error) => return tracing::warn!(%error, "who listens could not be asked"),
        };
        let mut posts = Vec::new();
        for mut frame in frames {
            if let Err(error) = links::in_frame(self.links.as_ref(), &mut frame).await {
                tracing::warn!(%error, "an output has no address");
            }
            match Post::frame(&frame) {
                Ok(post) => posts.push(post),
                Err(error) => tracing::warn!(%error, "a frame was left out"),
            }
        }
        self.push.to_all(&listeners, &posts).await;
    }
}
