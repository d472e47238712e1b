//! Where generations are kept.

pub mod sqlite;
