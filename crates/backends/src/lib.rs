//! Adapters, one file per technology.

pub mod bus;
pub mod comfy;
