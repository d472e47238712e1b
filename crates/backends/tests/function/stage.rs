//! Connections, a gateway, deliveries, a roster and queues in memory.

use async_trait::async_trait;
use bytes::Bytes;
use monitor_backends::media::object::ObjectMedia;
use monitor_backends::store::sqlite::Sqlite;
use monitor_core::event::Event;
use monitor_core::frame::{FrameBody, ProgressType};
use monitor_core::time::Timestamp;
use monitor_pipeline::function::Function;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{
    Command, CommandError, Commands, Connections, Deliveries, Gateway, Links, Listener, MOST_SUBSCRIPTIONS, MediaError,
    MediaRecord, PostError, Roster, StoreError,
};
use monitor_pipeline::push::Push;
use monitor_pipeline::remote::Remote;
use object_store::memory::InMemory;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

#[derive(Default)]
pub struct World {
    pub subscriptions: Mutex<Vec<(Topic, Listener)>>,
    pub connected: Mutex<Vec<String>>,
    pub posts: Mutex<Vec<(String, Value)>>,
    /// What the gateway answers next to a connection, then nothing bad.
    pub refusals: Mutex<HashMap<String, Vec<PostError>>>,
    pub settled: Mutex<HashMap<Uuid, MediaRecord>>,
    pub heard: Mutex<Vec<Event>>,
    pub sent: Mutex<Vec<(String, Command)>>,
    /// Instances without a queue.
    pub deaf: Mutex<Vec<String>>,
    /// Nothing can be sent for now.
    pub cut: AtomicBool,
}

impl World {
    /// What a connection was told, by type.
    pub fn told(&self, connection_id: &str) -> Vec<String> {
        let posts = self.posts.lock().unwrap();
        let of = posts.iter().filter(|(to, _)| to == connection_id);
        of.map(|(_, frame)| frame["type"].as_str().unwrap().to_owned()).collect()
    }

    pub fn last(&self, connection_id: &str) -> Value {
        let posts = self.posts.lock().unwrap();
        posts.iter().rfind(|(to, _)| to == connection_id).unwrap().1.clone()
    }

    pub fn refuse(&self, connection_id: &str, errors: impl IntoIterator<Item = PostError>) {
        self.refusals.lock().unwrap().insert(connection_id.to_owned(), errors.into_iter().collect());
    }

    pub fn listens(&self, connection_id: &str, topic: Topic) {
        let listener = Listener { connection_id: connection_id.to_owned(), previews: false };
        self.subscriptions.lock().unwrap().push((topic, listener));
    }
}

#[async_trait]
impl Connections for World {
    async fn connect(&self, connection_id: &str, _: Timestamp) -> Result<(), StoreError> {
        self.connected.lock().unwrap().push(connection_id.to_owned());
        Ok(())
    }

    async fn disconnect(&self, connection_id: &str) -> Result<(), StoreError> {
        self.connected.lock().unwrap().retain(|known| known != connection_id);
        self.subscriptions.lock().unwrap().retain(|(_, listener)| listener.connection_id != connection_id);
        Ok(())
    }

    async fn subscribe(
        &self,
        id: &str,
        topic: Topic,
        previews: Option<bool>,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut all = self.subscriptions.lock().unwrap();
        if all.iter().filter(|(_, listener)| listener.connection_id == id).count() >= MOST_SUBSCRIPTIONS {
            return Ok(false);
        }
        all.push((topic, Listener { connection_id: id.to_owned(), previews: previews.unwrap_or(false) }));
        Ok(true)
    }

    async fn unsubscribe(&self, id: &str, topic: Topic) -> Result<(), StoreError> {
        self.subscriptions.lock().unwrap().retain(|(of, listener)| *of != topic || listener.connection_id != id);
        Ok(())
    }

    async fn listeners(&self, topic: Topic, _: Timestamp) -> Result<Vec<Listener>, StoreError> {
        let all = self.subscriptions.lock().unwrap();
        Ok(all.iter().filter(|(of, _)| *of == topic).map(|(_, listener)| listener.clone()).collect())
    }
}

#[async_trait]
impl Gateway for World {
    async fn post(&self, connection_id: &str, message: Bytes) -> Result<(), PostError> {
        if let Some(errors) = self.refusals.lock().unwrap().get_mut(connection_id)
            && !errors.is_empty()
        {
            return Err(errors.remove(0));
        }
        if message.len() > 128 * 1024 {
            return Err(PostError::TooLarge);
        }
        let frame = serde_json::from_slice(&message).unwrap();
        self.posts.lock().unwrap().push((connection_id.to_owned(), frame));
        Ok(())
    }
}

#[async_trait]
impl Deliveries for World {
    async fn announce(&self, row: &MediaRecord) -> Result<(), MediaError> {
        self.settled.lock().unwrap().insert(row.media_id, row.clone());
        Ok(())
    }

    async fn find(&self, media_id: Uuid) -> Result<Option<MediaRecord>, MediaError> {
        Ok(self.settled.lock().unwrap().get(&media_id).cloned())
    }
}

#[async_trait]
impl Links for World {
    async fn link(
        &self,
        media_id: Uuid,
        thumbnail: bool,
        _: Option<&str>,
        _: Option<&str>,
    ) -> Result<String, MediaError> {
        Ok(format!("https://bucket/{media_id}{}", if thumbnail { ".thumbnail" } else { "" }))
    }
}

#[async_trait]
impl Roster for World {
    async fn hear(&self, event: &Event) -> Result<(), StoreError> {
        self.heard.lock().unwrap().push(event.clone());
        Ok(())
    }

    async fn heard(&self, instance_id: Option<&str>) -> Result<Vec<Event>, StoreError> {
        let heard = self.heard.lock().unwrap();
        let wanted = |event: &&Event| instance_id.is_none_or(|wanted| event.base.instance_id == wanted);
        Ok(heard.iter().filter(wanted).cloned().collect())
    }
}

#[async_trait]
impl Commands for World {
    async fn reach(&self, instance_id: &str) -> Result<(), CommandError> {
        if self.deaf.lock().unwrap().iter().any(|deaf| deaf == instance_id) {
            return Err(CommandError::NoQueue(instance_id.to_owned()));
        }
        Ok(())
    }

    async fn send(&self, instance_id: &str, command: &Command, _: Duration) -> Result<(), CommandError> {
        self.reach(instance_id).await?;
        if self.cut.load(Ordering::Relaxed) {
            return Err(CommandError::Failed("timed out".to_owned()));
        }
        self.sent.lock().unwrap().push((instance_id.to_owned(), command.clone()));
        Ok(())
    }
}

/// A frame that a newer one of its kind replaces.
pub fn overall_progress() -> FrameBody {
    FrameBody::JobProgress {
        progress_type: ProgressType::OverallProgress,
        progress_data: None,
        nodes: Vec::new(),
        overall_percentage: 1.0,
        elapsed_ms: 0,
        eta: None,
        over_ms: None,
        critical_node_id: None,
        stalled_since: None,
        message: None,
        next: Vec::new(),
    }
}

pub struct Stage {
    pub world: Arc<World>,
    pub store: Arc<Sqlite>,
    pub function: Function,
    pub remote: Remote,
    _folder: TempDir,
}

pub async fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(folder.path()).await.unwrap());
    let world = Arc::new(World::default());
    let media = Arc::new(ObjectMedia::new(Arc::new(InMemory::new()), 1 << 20));
    let function = Function {
        store: store.clone(),
        media: media.clone(),
        links: world.clone(),
        deliveries: world.clone(),
        roster: world.clone(),
        push: Push { connections: world.clone(), gateway: world.clone() },
    };
    let remote = Remote { line: function.clone(), commands: world.clone() };
    Stage { world, store, function, remote, _folder: folder }
}
