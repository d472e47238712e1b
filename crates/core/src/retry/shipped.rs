//! The policies that come with the program, as data and as the text a person reads. A test holds them together.

use super::Cause;
use super::policy::{
    Another, Change, Limits, MAX_RETRIES, Match, Millis, Policies, Policy, Preference, Step, WITHIN, Wait,
};

impl Policies {
    /// The shipped policies as TOML, with comments, for people to see and to copy from.
    pub const SHIPPED: &'static str = include_str!("shipped.toml");

    /// The policies in force where nobody writes others.
    pub fn shipped() -> Self {
        let limits = Limits { max_retries: Some(MAX_RETRIES), within: Some(WITHIN) };
        Self { limits, list: vec![lost_instance(), out_of_memory(), refused()] }
    }

    /// No automatic retries.
    pub fn none() -> Self {
        Self { limits: Limits::default(), list: Vec::new() }
    }
}

fn lost_instance() -> Policy {
    let wait = Wait { first: Millis(2_000), factor: 4.0, max: Millis(60_000) };
    let step =
        Step { another_instance: Another::If(Preference::Prefer), wait: Some(wait), times: 3, ..Step::default() };
    Policy {
        name: "lost instance".to_owned(),
        on: vec![on(Cause::InstanceLost)],
        never: false,
        steps: vec![step],
        limits: Limits { max_retries: Some(3), within: None },
    }
}

fn out_of_memory() -> Policy {
    let wait = |seconds: u64| Some(Wait { first: Millis(seconds * 1_000), factor: 2.0, max: Millis(60_000) });
    let change = |change, times| Step { change: vec![change], wait: wait(1), times, ..Step::default() };
    Policy {
        name: "out of memory".to_owned(),
        on: vec![
            Match { error: vec!["OutOfMemoryError".into()], ..on(Cause::ExecutionError) },
            Match { message: vec!["out of memory".into()], ..on(Cause::ExecutionError) },
        ],
        never: false,
        steps: vec![
            Step { free_memory: true, wait: wait(2), ..Step::default() },
            change(Change::TiledVae {}, 1),
            change(Change::Batch { factor: 0.5, floor: 1 }, 2),
            change(Change::Size { factor: 0.75, round: 8, floor: 512 }, 2),
            change(Change::Frames { factor: 0.6, floor: 17 }, 2),
        ],
        limits: Limits::default(),
    }
}

fn refused() -> Policy {
    Policy {
        name: "refused".to_owned(),
        on: vec![on(Cause::Refused)],
        never: true,
        steps: Vec::new(),
        limits: Limits::default(),
    }
}

fn on(status: Cause) -> Match {
    Match { status: vec![status], ..Match::default() }
}
