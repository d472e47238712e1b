//! How far a job is, in time: the overall percentage, the time left and its range.

mod ahead;
mod bar;
mod course;

pub use course::{Course, Leg, Reading};
