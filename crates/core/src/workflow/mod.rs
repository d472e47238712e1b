//! Workflow files: pictures that carry a graph, the editor format, overrides and the form.
pub mod form;
