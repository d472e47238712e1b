//! The whole line from the outside: the real binary as a process, a fake `ComfyUI` before it, and behind it the
//! WebSocket and HTTP clients that a page has.

// A test that cannot go on says so by panicking, in its helpers as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod choosing;
mod crashes;
mod history;
mod hostile;
mod live;
mod others;
mod outages;
mod previews;
mod process;
mod readings;
mod recordings;
mod refusals;
mod retries;
mod stage;
mod steering;
mod stopping;
mod story;
mod submitting;
mod suggestions;
mod terminal;
mod workflows;
