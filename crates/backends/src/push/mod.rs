//! Gateways that hold the connections of pages.

pub mod apigateway;
