//! Logs: to stderr, quiet while all is well.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Does nothing where a subscriber is set already.
pub fn init(log: &Log) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails only where somebody else has set one before, which then holds.
    let _ = match log.format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).compact().try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}
