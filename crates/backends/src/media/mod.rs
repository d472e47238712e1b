//! Where bytes are kept.

pub mod object;
mod picture;
mod sniff;
