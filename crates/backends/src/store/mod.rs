//! Where generations are kept.

#[cfg(feature = "aws")]
pub mod dynamodb;
mod listing;
pub mod sqlite;
