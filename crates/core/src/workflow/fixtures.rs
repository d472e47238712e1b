//! Files of `fixtures/` for the unit tests, built in: the core reads no files, and neither do its tests.

use std::sync::LazyLock;

use serde_json::Value;

/// The bytes of a file in `fixtures/`.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/", $name)).as_slice()
    };
}
pub(super) use fixture;

/// The node classes of a real server.
pub(super) static OBJECT_INFO: LazyLock<Value> = LazyLock::new(|| json(fixture!("object_info-0.33.0.json")));

/// The class of that name on that server.
pub(super) fn known(class: &str) -> Option<&'static Value> {
    OBJECT_INFO.get(class)
}

/// A recorded graph: text to picture with SD 1.5.
pub(super) fn sent_graph() -> Value {
    json(fixture!("tapes/02-txt2img/prompt.json"))["prompt"].take()
}

/// The same in the editor's format.
pub(super) fn editor_file() -> Value {
    json(fixture!("editor/txt2img.json"))
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}
