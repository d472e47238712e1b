//! What the binary is made of, for its tests and benches.

pub mod live;
