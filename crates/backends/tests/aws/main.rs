//! The adapters for AWS, against an emulator on loopback and against hand-made answers.
#![allow(clippy::unwrap_used, clippy::panic)] // Tests, also where they are not marked as such.

mod apigateway;
mod commands;
mod deliveries;
mod dynamodb;
mod emulated;
mod eventbridge;
mod forgetting;
mod media;
mod table;
