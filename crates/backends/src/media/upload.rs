//! Bytes on their way into an object store: what they are is learnt while they go by.

use super::sniff;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use monitor_pipeline::ports::MediaError;
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, WriteMultipart,
};
use sha2::{Digest, Sha256};

/// Smaller files are written in one step, larger ones in parts of this size, one after another: several files are on
/// their way at one time already, over what may be a slow uplink. S3 takes no smaller parts.
pub(super) const PART: usize = 5 * 1024 * 1024;
const PARTS_AT_ONCE: usize = 1;

/// What is learnt while the bytes go by.
pub(super) struct Written {
    pub(super) size: u64,
    sha256: Sha256,
    head: Vec<u8>,
}

impl Written {
    fn take(&mut self, chunk: &[u8], limit: u64) -> Result<(), MediaError> {
        self.size = self.size.saturating_add(chunk.len() as u64);
        if self.size > limit {
            return Err(MediaError::TooLarge { limit });
        }
        self.sha256.update(chunk);
        let missing = sniff::HEAD.saturating_sub(self.head.len()).min(chunk.len());
        self.head.extend_from_slice(&chunk[..missing]);
        Ok(())
    }

    pub(super) fn content_type(&self) -> &'static str {
        sniff::content_type(&self.head, self.size == self.head.len() as u64)
    }

    pub(super) fn sha256(self) -> String {
        crate::bulk::hex(&self.sha256.finalize())
    }
}

pub(super) struct Upload<'a> {
    pub(super) store: &'a dyn ObjectStore,
    pub(super) key: &'a Key,
    pub(super) max_bytes: u64,
    /// Others write here too, and readers come to the store itself: what is there is not written again, and says what
    /// it is. A folder can keep no such word.
    pub(super) shared: bool,
}

impl Upload<'_> {
    /// Writes all of `bytes`; nothing is there before all of it is.
    pub(super) async fn write(
        &self,
        mut bytes: BoxStream<'static, Result<Bytes, MediaError>>,
    ) -> Result<Written, MediaError> {
        let mut written = Written { size: 0, sha256: Sha256::new(), head: Vec::new() };
        let mut first = Vec::new();
        while let Some(chunk) = bytes.try_next().await? {
            written.take(&chunk, self.max_bytes)?;
            first.extend_from_slice(&chunk);
            if first.len() > PART {
                return self.in_parts(written, first, bytes).await;
            }
        }
        self.at_once(written.content_type(), first.into()).await.map_err(failed)?;
        Ok(written)
    }

    async fn at_once(&self, content_type: &'static str, bytes: Bytes) -> object_store::Result<()> {
        let options = |mode| PutOptions { mode, attributes: self.attributes(content_type), ..PutOptions::default() };
        if self.shared {
            match self.store.put_opts(self.key, bytes.clone().into(), options(PutMode::Create)).await {
                Ok(_) => return Ok(()),
                // By an earlier try, as a rule.
                Err(object_store::Error::AlreadyExists { .. }) if self.holds(&bytes).await => return Ok(()),
                // Other bytes are replaced: they must be those that the row tells of. And what was cut off is tried again
                // in this form alone, for it may have arrived.
                Err(_) => {}
            }
        }
        self.store.put_opts(self.key, bytes.into(), options(PutMode::Overwrite)).await.map(drop)
    }

    async fn holds(&self, bytes: &Bytes) -> bool {
        match self.store.get(self.key).await {
            Ok(there) if there.meta.size == bytes.len() as u64 => {
                there.bytes().await.is_ok_and(|there| there == *bytes)
            }
            _ => false,
        }
    }

    /// Of what is larger than a part, the last writer's stands: all parts become the object in one step.
    async fn in_parts(
        &self,
        mut written: Written,
        first: Vec<u8>,
        mut bytes: BoxStream<'static, Result<Bytes, MediaError>>,
    ) -> Result<Written, MediaError> {
        let attributes = self.attributes(written.content_type());
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let upload = self.store.put_multipart_opts(self.key, options).await.map_err(failed)?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
        parts.write(&first);
        drop(first);
        let copied = async {
            while let Some(chunk) = bytes.try_next().await? {
                written.take(&chunk, self.max_bytes)?;
                parts.wait_for_capacity(PARTS_AT_ONCE).await.map_err(failed)?;
                parts.write(&chunk);
            }
            // The last one too.
            parts.wait_for_capacity(PARTS_AT_ONCE).await.map_err(failed)
        };
        if let Err(error) = copied.await {
            if let Err(left) = parts.abort().await {
                tracing::warn!(%left, key = %self.key, "a broken upload could not be taken back");
            }
            return Err(error);
        }
        parts.finish().await.map_err(failed)?;
        Ok(written)
    }

    fn attributes(&self, content_type: &'static str) -> Attributes {
        let mut attributes = Attributes::new();
        if self.shared {
            attributes.insert(Attribute::ContentType, content_type.into());
        }
        attributes
    }
}

#[allow(clippy::needless_pass_by_value)] // As `map_err` hands it over.
fn failed(error: object_store::Error) -> MediaError {
    MediaError::Failed(error.to_string())
}
