//! What every adapter of a port must do, as tests: the guarantees of `monitor_pipeline::ports`, each a sentence. An
//! adapter says where it keeps things ([`Place`]) and gets all of them with one line:
//!
//! ```text
//! mod sqlite {
//!     monitor_testkit::store_conformance!(crate::SqliteFolder);
//! }
//! ```
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc)] // These are tests, run from elsewhere.

pub mod commands;
pub mod connections;
pub mod deliveries;
pub mod media;
pub mod outbox;
pub mod roster;
pub mod sample;
pub mod store;

/// Where an adapter keeps things: a folder, a schema, a bucket.
pub trait Place: Send + Sync + Sized + 'static {
    type Adapter: Clone + Send + Sync + 'static;

    /// A new, empty one; cleared away when dropped.
    fn fresh() -> Self;
    /// The one of this name, made by another process, which also clears it away.
    fn named(name: &str) -> Self;
    fn name(&self) -> String;
    /// Opens it. What was kept in it before is there again.
    fn open(&self) -> impl Future<Output = Self::Adapter> + Send;
    /// Ends its use in good order, so that it can be opened again.
    fn close(&self, adapter: Self::Adapter) -> impl Future<Output = ()> + Send;
}

/// One test for each name, each on a fresh place.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($place:ty, $suite:ident, $($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $crate::conformance::$suite::$name::<$place>().await;
        }
    )*};
}
