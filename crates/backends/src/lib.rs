//! Adapters of the ports in `monitor-pipeline`, one file or folder per technology.

pub mod comfy;
