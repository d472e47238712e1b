//! Where generations are kept.

#[cfg(feature = "aws")]
pub mod dynamodb;
mod listing;
mod periods;
pub mod sqlite;
