//! Dead letters: where events end that the bus refuses for good.

pub mod file;
