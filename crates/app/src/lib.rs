//! `comfyui-monitor`: configuration, the HTTP API, live frames and the command line around the pipeline.

#[allow(clippy::doc_markdown, rustdoc::bare_urls, reason = "help texts are shown as they stand")]
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod embedded;
mod gauges;
pub mod http;
pub mod live;
pub mod telemetry;
