//! Workflow files: pictures that carry a graph, the editor format, overrides, the form and the title of a job.
//!
//! Bytes in, values out. A file ([`file`]) holds a graph in API format, which can be submitted as it is, or in the
//! editor's own format, which [`editor`] turns into API format with the help of the server's node classes. A graph in
//! API format then gets what a person typed ([`overrides`]), tells which fields there are to type into ([`form`]), and
//! what to call the job ([`title`]).
//!
//! **Node classes.** Everything here that needs to know a class takes a [`Classes`]: a function from the class to its
//! raw entry of `/object_info` (section 4 of `ComfyUI`'s REST routes), so that a caller may keep them as it likes and
//! hand over only those of one graph.

pub mod editor;
pub mod file;
#[cfg(test)]
mod fixtures;
pub mod form;
pub mod overrides;
pub(crate) mod spec;
pub mod title;

use serde_json::Value;

/// Looks up the raw `/object_info` entry of a node class; `None` for a class the server does not know.
pub type Classes<'a> = dyn Fn(&str) -> Option<&'a Value> + 'a;

/// A [`Classes`] over a whole `/object_info` answer (`{class: entry}`).
pub fn classes<'a>(object_info: &'a Value) -> impl Fn(&str) -> Option<&'a Value> + 'a {
    move |class| object_info.get(class)
}
