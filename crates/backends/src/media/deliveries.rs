//! What became of each output, as small objects beside the outputs: whoever is told of new objects (a rule of
//! `EventBridge` on the bucket) hears of it.

use async_trait::async_trait;
use monitor_pipeline::ports::{Deliveries, MediaError, MediaRecord};
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use std::sync::Arc;
use uuid::Uuid;

/// Below this prefix they lie, by media id.
pub const PREFIX: &str = "settled/";
/// A row is some hundred bytes, and as long as a text that a node put out.
const LARGEST: u64 = 4 * 1024 * 1024;

pub struct ObjectDeliveries {
    store: Arc<dyn ObjectStore>,
}

impl ObjectDeliveries {
    pub fn new(store: Arc<dyn ObjectStore>) -> ObjectDeliveries {
        ObjectDeliveries { store }
    }
}

fn key_of(media_id: Uuid) -> Key {
    Key::from(format!("{PREFIX}{media_id}"))
}

/// The output that a new object tells of; `None` for objects of other kinds.
pub fn media_id_of(key: &str) -> Option<Uuid> {
    Uuid::try_parse(key.strip_prefix(PREFIX)?).ok()
}

fn failed(error: &impl ToString) -> MediaError {
    MediaError::Failed(error.to_string())
}

#[async_trait]
impl Deliveries for ObjectDeliveries {
    async fn announce(&self, row: &MediaRecord) -> Result<(), MediaError> {
        let bytes = serde_json::to_vec(row).map_err(|error| failed(&error))?;
        self.store.put(&key_of(row.media_id), bytes.into()).await.map(drop).map_err(|error| failed(&error))
    }

    async fn find(&self, media_id: Uuid) -> Result<Option<MediaRecord>, MediaError> {
        let found = match self.store.get(&key_of(media_id)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        if found.meta.size > LARGEST {
            return Err(MediaError::TooLarge { limit: LARGEST });
        }
        let bytes = found.bytes().await.map_err(|error| failed(&error))?;
        let row: MediaRecord = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
        // What lies there under another's name is nobody's.
        Ok(Some(row).filter(|row| row.media_id == media_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_deliveries_tell_of_an_output() {
        let id = Uuid::from_u128(5);
        assert_eq!(media_id_of(key_of(id).as_ref()), Some(id));
        for other in ["settled/", "settled/x", "media/00/00/x", &id.to_string(), &format!("a/settled/{id}")] {
            assert_eq!(media_id_of(other), None, "{other}");
        }
    }
}
