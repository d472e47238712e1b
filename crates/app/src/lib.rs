//! `comfyui-monitor`: configuration, the HTTP API and the command line around the pipeline.

pub mod clock;
pub mod config;
pub mod http;
