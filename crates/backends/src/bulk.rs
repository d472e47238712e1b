//! What is too large for a bus goes beside it: the whole `detail` under `bulk/<its SHA-256>` in an object store, and a
//! reference to it in its place. `bulk` is a name that no detail has of its own.

use bytes::Bytes;
use monitor_core::event::Event;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// A larger detail is no detail of ours: a whole workflow with its outputs stays far below.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;
const FOLDER: &str = "bulk";
const FIELD: &str = "bulk";

#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    #[error("{0:?} is no reference of ours")]
    Reference(String),
    #[error("{size} bytes are more than the {MAX_BYTES} that are taken")]
    TooLarge { size: u64 },
    #[error("what is stored under {0} is not what the event refers to")]
    Mismatch(String),
    #[error("there is nothing stored under {0}: its time may be over")]
    NotFound(String),
    #[error("{key} cannot be read or written: {cause}")]
    Failed { key: String, cause: String },
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl BulkError {
    /// Whether the same may go well later.
    pub fn is_passing(&self) -> bool {
        matches!(self, BulkError::Failed { .. })
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reference {
    key: String,
    size: u64,
    sha256: String,
}

impl Reference {
    /// Only where we put things: whoever may write to the bus may not read the bucket through us.
    fn checked(&self) -> Result<Key, BulkError> {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_ours = self.sha256.len() == 64
            && self.sha256.bytes().all(digits)
            && self.key.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')) == Some(self.sha256.as_str());
        if is_ours { Ok(Key::from(self.key.as_str())) } else { Err(BulkError::Reference(self.key.clone())) }
    }
}

/// Stores `detail`, the detail of `event` as JSON, and gives what stands for it: the base fields and the reference.
///
/// # Errors
/// See [`BulkError`].
pub async fn aside(event: &Event, detail: String, bulk: &dyn ObjectStore) -> Result<Value, BulkError> {
    let size = detail.len() as u64;
    if size > MAX_BYTES {
        return Err(BulkError::TooLarge { size });
    }
    let sha256 = hex(&Sha256::digest(detail.as_bytes()));
    let reference = Reference { key: format!("{FOLDER}/{sha256}"), size, sha256 };
    // Also where it is there, and then it is the same, for the name is the content's: written again, it stays longer.
    if let Err(error) = bulk.put(&reference.checked()?, Bytes::from(detail).into()).await {
        return Err(BulkError::Failed { key: reference.key, cause: error.to_string() });
    }
    let mut short = serde_json::to_value(&event.base)?;
    short[FIELD] = serde_json::to_value(reference)?;
    Ok(short)
}

/// `detail` as it was before [`aside`]; as it is where nothing was left out.
///
/// # Errors
/// See [`BulkError`]. What is given back is what the event refers to, or nothing is.
pub async fn whole(mut detail: Value, bulk: &dyn ObjectStore) -> Result<Value, BulkError> {
    let Some(reference) = detail.get_mut(FIELD).map(Value::take) else {
        return Ok(detail);
    };
    let reference: Reference = serde_json::from_value(reference)?;
    let key = reference.checked()?;
    if reference.size > MAX_BYTES {
        return Err(BulkError::TooLarge { size: reference.size });
    }
    let told = |error: object_store::Error| match error {
        object_store::Error::NotFound { .. } => BulkError::NotFound(reference.key.clone()),
        error => BulkError::Failed { key: reference.key.clone(), cause: error.to_string() },
    };
    let found = bulk.get(&key).await.map_err(told)?;
    if found.meta.size != reference.size {
        return Err(BulkError::Mismatch(reference.key));
    }
    let bytes = found.bytes().await.map_err(told)?;
    if hex(&Sha256::digest(&bytes)) != reference.sha256 {
        return Err(BulkError::Mismatch(reference.key));
    }
    Ok(serde_json::from_slice(&bytes)?)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_testkit::conformance::sample::{Job, attempt, record};
    use object_store::memory::InMemory;
    use serde_json::json;

    fn job(number: u32) -> Job {
        Job::of(&attempt(&record(number), 1))
    }

    async fn set_aside(bulk: &InMemory) -> (Value, Value) {
        let event = job(1).completed(7, 3000);
        let detail = event.detail().unwrap();
        (detail.clone(), aside(&event, detail.to_string(), bulk).await.unwrap())
    }

    #[tokio::test]
    async fn what_was_left_out_comes_back_whole_and_what_was_not_stays_as_it_is() {
        let bulk = InMemory::new();
        let (detail, short) = set_aside(&bulk).await;
        assert_eq!(short["queueId"], detail["queueId"]);
        assert_eq!(short["bulk"]["size"], detail.to_string().len());
        assert_eq!(short.get("executionData"), None);
        assert_eq!(set_aside(&bulk).await.1, short);
        assert_eq!(whole(short, &bulk).await.unwrap(), detail);
        assert_eq!(whole(detail.clone(), &bulk).await.unwrap(), detail);
    }

    #[tokio::test]
    async fn only_what_an_event_of_ours_refers_to_is_read() {
        let bulk = InMemory::new();
        let (_, short) = set_aside(&bulk).await;
        let sha256 = short["bulk"]["sha256"].as_str().unwrap().to_owned();
        let other = hex(&Sha256::digest(b"other"));
        bulk.put(&Key::from("secret"), "{}".into()).await.unwrap();
        bulk.put(&Key::from(format!("bulk/{other}")), "{}".into()).await.unwrap();
        let asked = async |key: &str, size: u64, sha256: &str| {
            whole(json!({"bulk": {"key": key, "size": size, "sha256": sha256}}), &bulk).await.unwrap_err()
        };
        for key in ["secret", "bulk/../secret", &format!("bulk/{}", sha256.to_uppercase()), "bulk/", &sha256] {
            assert!(matches!(asked(key, 2, &sha256).await, BulkError::Reference(_)), "{key}");
        }
        let key = format!("bulk/{sha256}");
        assert!(matches!(asked(&key, 2, &sha256).await, BulkError::Mismatch(_)));
        assert!(matches!(asked(&format!("bulk/{other}"), 2, &other).await, BulkError::Mismatch(_)));
        assert!(matches!(asked(&key, MAX_BYTES + 1, &sha256).await, BulkError::TooLarge { .. }));
        let gone = hex(&Sha256::digest(b"gone"));
        assert!(matches!(asked(&format!("bulk/{gone}"), 2, &gone).await, BulkError::NotFound(_)));
        assert!(matches!(whole(json!({"bulk": 3}), &bulk).await.unwrap_err(), BulkError::Json(_)));
    }
}
