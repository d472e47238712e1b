//! Each adapter against the guarantees of its port.
#![allow(clippy::unwrap_used)] // Tests, also where they are not marked as such.

use monitor_backends::media::object::ObjectMedia;
use monitor_backends::store::sqlite::Sqlite;
use monitor_testkit::conformance::{Place, media::MAX_BYTES};
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder of its own, or one that somebody else clears away.
struct Folder {
    path: PathBuf,
    _own: Option<TempDir>,
}

impl Folder {
    fn fresh() -> Folder {
        let own = tempfile::tempdir().unwrap();
        Folder { path: own.path().to_owned(), _own: Some(own) }
    }

    fn named(name: &str) -> Folder {
        Folder { path: PathBuf::from(name), _own: None }
    }

    fn name(&self) -> String {
        self.path.to_str().unwrap().to_owned()
    }
}

struct SqliteFolder(Folder);

impl Place for SqliteFolder {
    type Adapter = Sqlite;

    fn fresh() -> Self {
        SqliteFolder(Folder::fresh())
    }

    fn named(name: &str) -> Self {
        SqliteFolder(Folder::named(name))
    }

    fn name(&self) -> String {
        self.0.name()
    }

    async fn open(&self) -> Sqlite {
        Sqlite::open(&self.0.path).await.unwrap()
    }

    async fn close(&self, adapter: Sqlite) {
        adapter.close().await;
    }
}

struct MediaFolder(Folder);

impl Place for MediaFolder {
    type Adapter = ObjectMedia;

    fn fresh() -> Self {
        MediaFolder(Folder::fresh())
    }

    fn named(name: &str) -> Self {
        MediaFolder(Folder::named(name))
    }

    fn name(&self) -> String {
        self.0.name()
    }

    async fn open(&self) -> ObjectMedia {
        ObjectMedia::local(&self.0.path, MAX_BYTES).unwrap()
    }

    async fn close(&self, adapter: ObjectMedia) {
        drop(adapter);
    }
}

mod store {
    monitor_testkit::store_conformance!(crate::SqliteFolder);
}

mod outbox {
    monitor_testkit::outbox_conformance!(crate::SqliteFolder);
}

mod media {
    monitor_testkit::media_conformance!(crate::MediaFolder);
}
