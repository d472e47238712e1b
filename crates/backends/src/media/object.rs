//! Media on an object store: a local folder, or S3 ([`super::s3`]) by the same code.
//!
//! Keys are `media/ab/cd/<media id>` (`abcd` its first digits, so that no folder grows large), with `.thumbnail` behind
//! for thumbnails. Nothing a server or a workflow said is part of a key.

use super::picture;
use super::upload::Upload;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use monitor_pipeline::ports::{Media, MediaError, StoredFile};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt};
use std::io::{BufReader, Cursor};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;
use uuid::Uuid;

const THUMBNAIL: &str = ".thumbnail";
/// An image larger than this, in a store that cannot be read in place, gets no thumbnail.
const MAX_IMAGE_IN_MEMORY: u64 = 64 * 1024 * 1024;

/// Clones share the store.
#[derive(Clone)]
pub struct ObjectMedia {
    store: Arc<dyn ObjectStore>,
    max_bytes: u64,
    shared: bool,
    #[cfg(feature = "aws")]
    links: Option<super::s3::Links>,
    /// Decoding takes much memory: one at a time.
    decoding: Arc<Semaphore>,
}

impl ObjectMedia {
    /// Files larger than `max_bytes` are refused.
    pub fn new(store: Arc<dyn ObjectStore>, max_bytes: u64) -> ObjectMedia {
        ObjectMedia {
            store,
            max_bytes,
            shared: false,
            #[cfg(feature = "aws")]
            links: None,
            decoding: Arc::new(Semaphore::new(1)),
        }
    }

    /// Where others write too and readers come to the store itself: what is there is not written again, and is told its
    /// type. A local folder cannot keep that.
    #[must_use]
    pub fn shared(self) -> ObjectMedia {
        ObjectMedia { shared: true, ..self }
    }

    #[cfg(feature = "aws")]
    pub(super) fn with_links(self, links: super::s3::Links) -> ObjectMedia {
        ObjectMedia { links: Some(links), ..self }
    }

    #[cfg(feature = "aws")]
    pub(super) fn links(&self) -> Option<&super::s3::Links> {
        self.links.as_ref()
    }

    /// Below `dir/media`; `dir` is made where it is missing.
    ///
    /// # Errors
    /// [`MediaError::Failed`] when `dir` cannot be made or read.
    pub fn local(dir: &Path, max_bytes: u64) -> Result<ObjectMedia, MediaError> {
        let told = |cause: String| {
            let place = dir.display();
            MediaError::Failed(format!("{place}: {cause}: make it writable, or name another folder with --data-dir"))
        };
        std::fs::create_dir_all(dir).map_err(|error| told(error.to_string()))?;
        // A row that says "stored" may outlive a power cut; so must the bytes.
        let store = LocalFileSystem::new_with_prefix(dir).map_err(|error| told(error.to_string()))?.with_fsync(true);
        Ok(ObjectMedia::new(Arc::new(store), max_bytes))
    }

    /// What an image shows of itself. A picture that cannot be read back is stored all the same, without.
    async fn look(&self, key: &Key, size: u64, content_type: &'static str) -> Option<picture::Picture> {
        if !picture::is_readable(content_type) {
            return None;
        }
        let _turn = self.decoding.acquire().await.ok()?;
        let stored =
            self.store.get(key).await.inspect_err(|error| tracing::warn!(%error, %key, "no thumbnail")).ok()?;
        let looking = match stored.payload {
            GetResultPayload::File(file, _) => {
                tokio::task::spawn_blocking(move || picture::look(BufReader::new(file), content_type))
            }
            GetResultPayload::Stream(_) if size > MAX_IMAGE_IN_MEMORY => return None,
            GetResultPayload::Stream(_) => {
                let bytes = stored.bytes().await.ok()?;
                tokio::task::spawn_blocking(move || picture::look(Cursor::new(bytes), content_type))
            }
        };
        // A decoder that panics over a hostile file costs that file its thumbnail, no more.
        looking.await.inspect_err(|error| tracing::warn!(%error, %key, "an image could not be decoded")).ok()?
    }

    /// The file is stored by now: a thumbnail that cannot be is no reason to call that failed.
    async fn store_thumbnail(&self, media_id: Uuid, thumbnail: Vec<u8>) -> Option<String> {
        let key = thumbnail_key_of(media_id);
        match self.store.put(&key, thumbnail.into()).await {
            Ok(_) => Some(key.to_string()),
            Err(error) => {
                tracing::warn!(%error, %key, "a thumbnail could not be stored");
                None
            }
        }
    }
}

pub(super) fn key_of(media_id: Uuid) -> Key {
    let digits = media_id.simple().to_string();
    Key::from_iter(["media", &digits[..2], &digits[2..4], &media_id.hyphenated().to_string()])
}

pub(super) fn thumbnail_key_of(media_id: Uuid) -> Key {
    Key::from(format!("{}{THUMBNAIL}", key_of(media_id)))
}

/// Only keys that we gave out: anything else is not there, wherever it points.
pub(super) fn checked(key: &str) -> Result<Key, MediaError> {
    let name = key.rsplit('/').next().unwrap_or_default();
    let given = match name.strip_suffix(THUMBNAIL) {
        Some(name) => Uuid::try_parse(name).map(thumbnail_key_of),
        None => Uuid::try_parse(name).map(key_of),
    };
    given.ok().filter(|given| given.as_ref() == key).ok_or_else(|| MediaError::NotFound(key.to_owned()))
}

fn told(key: &str, error: &object_store::Error) -> MediaError {
    match error {
        object_store::Error::NotFound { .. } => MediaError::NotFound(key.to_owned()),
        error => MediaError::Failed(error.to_string()),
    }
}

#[async_trait]
impl Media for ObjectMedia {
    async fn store(
        &self,
        media_id: Uuid,
        bytes: BoxStream<'static, Result<Bytes, MediaError>>,
    ) -> Result<StoredFile, MediaError> {
        let key = key_of(media_id);
        let upload = Upload { store: &*self.store, key: &key, max_bytes: self.max_bytes, shared: self.shared };
        let written = upload.write(bytes).await?;
        let (size, content_type) = (written.size, written.content_type());
        let picture = self.look(&key, size, content_type).await;
        let (width, height) = picture.as_ref().map(|picture| (picture.width, picture.height)).unzip();
        let thumbnail_key = match picture.and_then(|picture| picture.thumbnail) {
            None => None,
            Some(thumbnail) => self.store_thumbnail(media_id, thumbnail).await,
        };
        Ok(StoredFile {
            key: key.to_string(),
            size,
            sha256: written.sha256(),
            content_type: content_type.to_owned(),
            width,
            height,
            thumbnail_key,
        })
    }

    async fn open(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, MediaError>>), MediaError> {
        let place = checked(key)?;
        // A range that holds nothing is asked for by nobody, but told with the size, for whoever answers 416.
        if let Some(range) = &range {
            let size = self.store.head(&place).await.map_err(|error| told(key, &error))?.size;
            if range.start >= range.end.min(size) {
                return Ok((size, futures::stream::empty().boxed()));
            }
        }
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.store.get_opts(&place, options).await.map_err(|error| told(key, &error))?;
        let size = found.meta.size;
        let key = key.to_owned();
        Ok((size, found.into_stream().map_err(move |error| told(&key, &error)).boxed()))
    }

    async fn delete(&self, key: &str) -> Result<(), MediaError> {
        match self.store.delete(&checked(key)?).await {
            // Deleted before, by whoever was cut off right after.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(told(key, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::upload::PART;
    use super::*;

    #[test]
    fn only_keys_that_were_given_out_are_taken() {
        let id = Uuid::from_u128(0xabcd_0000_0000_0000_0000_0000_0000_0001);
        let key = key_of(id).to_string();
        assert_eq!(key, format!("media/ab/cd/{id}"));
        assert_eq!(checked(&key).unwrap(), key_of(id));
        assert_eq!(checked(&format!("{key}{THUMBNAIL}")).unwrap(), thumbnail_key_of(id));
        for forged in [
            String::new(),
            "monitor.db".to_owned(),
            format!("media/ab/ce/{id}"),
            format!("/{key}"),
            format!("../{key}"),
            format!("media/ab/cd/../cd/{id}"),
            format!("media/ab/cd/{}", id.simple()),
            format!("{key}{THUMBNAIL}{THUMBNAIL}"),
            format!("{key}\0"),
            key.to_uppercase(),
        ] {
            assert!(matches!(checked(&forged), Err(MediaError::NotFound(_))), "{forged}");
        }
    }

    fn files_below(dir: &Path) -> Vec<String> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                files.extend(files_below(&entry.path()));
            } else {
                files.push(entry.file_name().into_string().unwrap());
            }
        }
        files.sort();
        files
    }

    #[tokio::test]
    async fn an_upload_that_breaks_off_leaves_no_file_and_one_that_ends_leaves_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let media = ObjectMedia::local(dir.path(), 1 << 30).unwrap();
        let id = Uuid::from_u128(1);
        // More than one part, so that parts of it are on the disk when it breaks off.
        let parts = || (0..3).map(|_| Ok(Bytes::from(vec![0xfe; PART])));
        let broken = parts().chain([Err(MediaError::Source("reset".to_owned()))]);
        media.store(id, futures::stream::iter(broken.collect::<Vec<_>>()).boxed()).await.unwrap_err();
        assert_eq!(files_below(dir.path()), [""; 0]);
        media.store(id, futures::stream::iter(parts().collect::<Vec<_>>()).boxed()).await.unwrap();
        assert_eq!(files_below(dir.path()), [id.to_string()]);
    }

    #[tokio::test]
    async fn in_a_shared_store_the_same_is_not_written_again_and_anything_else_replaces_it() {
        let store = Arc::new(object_store::memory::InMemory::new());
        let media = ObjectMedia::new(Arc::clone(&store) as Arc<dyn ObjectStore>, 1 << 30).shared();
        let id = Uuid::from_u128(1);
        let put = async |bytes: &'static [u8]| {
            media.store(id, futures::stream::iter([Ok(Bytes::from_static(bytes))]).boxed()).await.unwrap();
            store.get(&key_of(id)).await.unwrap()
        };
        let (first, again, other) = (put(b"{}").await, put(b"{}").await, put(b"a cat").await);
        assert_eq!(first.meta.e_tag, again.meta.e_tag);
        assert_ne!(first.meta.e_tag, other.meta.e_tag);
        let type_of = |found: &object_store::GetResult| {
            found.attributes.get(&object_store::Attribute::ContentType).map(|value| value.as_ref().to_owned())
        };
        assert_eq!(type_of(&first).as_deref(), Some("application/json"));
        assert_eq!(type_of(&other).as_deref(), Some("text/plain; charset=utf-8"));
        assert_eq!(other.bytes().await.unwrap(), &b"a cat"[..]);
    }

    #[tokio::test]
    async fn a_store_in_memory_does_as_well_as_a_folder() {
        let media = ObjectMedia::new(Arc::new(object_store::memory::InMemory::new()), 1 << 20);
        let mut png = Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(640, 640).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let bytes = futures::stream::iter([Ok(Bytes::from(png.into_inner()))]).boxed();
        let file = media.store(Uuid::from_u128(1), bytes).await.unwrap();
        assert_eq!((file.width, file.height), (Some(640), Some(640)));
        let (_, thumbnail) = media.open(&file.thumbnail_key.unwrap(), None).await.unwrap();
        assert!(!thumbnail.try_collect::<Vec<_>>().await.unwrap().concat().is_empty());
    }
}
