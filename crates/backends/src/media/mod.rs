//! Where bytes are kept.

pub mod object;
