//! `comfyui-monitor`: configuration, the HTTP API, live frames and the command line around the pipeline.

#[allow(clippy::doc_markdown, rustdoc::bare_urls, reason = "help texts are shown as they stand")]
pub mod cli;
#[cfg(feature = "serve")]
pub mod client;
#[cfg(feature = "api")]
pub mod clock;
pub mod config;
#[cfg(feature = "serve")]
pub mod embedded;
#[cfg(feature = "lambda")]
pub mod functions;
#[cfg(feature = "serve")]
mod gauges;
#[cfg(feature = "api")]
pub mod http;
#[cfg(any(feature = "serve", feature = "sidecar"))]
mod line;
#[cfg(feature = "api")]
pub mod live;
#[cfg(feature = "sidecar")]
pub mod sidecar;
pub mod telemetry;
