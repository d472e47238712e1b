//! The whole line in one process.

use crate::config::Config;
use std::net::SocketAddr;

/// A running monitor.
pub struct Running {
    /// Where the page and the API are.
    pub addr: SocketAddr,
}

/// Watches, keeps and serves until [`Running::shutdown`].
#[expect(clippy::unused_async, reason = "binds and connects")]
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    anyhow::bail!("this build has no embedded line to start at {}", config.listen)
}

impl Running {
    /// Ends everything in order; what is durable stays.
    #[expect(clippy::unused_async, reason = "waits for what it ends")]
    pub async fn shutdown(self) {}
}
