//! Where bytes are kept.

pub mod deliveries;
pub mod object;
mod picture;
#[cfg(feature = "aws")]
pub mod s3;
mod sniff;
mod upload;
