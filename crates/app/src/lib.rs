//! `comfyui-monitor`: configuration, the HTTP API, live frames and the command line around the pipeline.

pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod embedded;
mod gauges;
pub mod http;
pub mod live;
pub mod telemetry;
