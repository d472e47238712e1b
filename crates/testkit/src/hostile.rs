//! What no honest server sends, and a monitor must survive.

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// A frame as it goes on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    Text(String),
    Binary(Bytes),
}

/// One kind of attack or accident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hostile {
    /// Binary frames of 0 to 7 bytes, and headers that count past the end of the frame.
    ShortFrames,
    /// Texts that are no JSON, no object, or lack `type` or `data`.
    BadJson,
    /// `NaN`, `Infinity` and lone surrogates, which Python writes and strict parsers refuse (section 1).
    PythonJson,
    /// Known messages with fields of other types.
    WrongTypes,
    /// A message nested this deep.
    Nested(usize),
    /// One text message of this many bytes.
    Huge(usize),
    /// One `progress_state` with this many nodes, of a prompt nobody knows.
    ManyNodes(usize),
    /// `executed` of a prompt nobody knows, with [`file_names`].
    FileNames,
}

impl Hostile {
    pub fn frames(&self) -> Vec<Raw> {
        let text = |texts: &[&str]| texts.iter().map(|text| Raw::Text((*text).to_owned())).collect();
        match self {
            Self::ShortFrames => [
                b"".as_slice(),
                b"\0",
                b"\0\0\0\x01",
                b"\0\0\0\x01\0\0\0",
                b"\0\0\0\x03\xff\xff\xff\xffabc",
                b"\0\0\0\x04\xff\xff\xff\xff{}",
                b"\0\0\0\x04\0\0\0\x02{]\xff\xd8",
                b"\xff\xff\xff\xff",
            ]
            .into_iter()
            .map(|bytes| Raw::Binary(Bytes::from_static(bytes)))
            .collect(),
            Self::BadJson => text(&["", "{nope", "[1,2]", "null", "\"text\"", "{}", r#"{"type":7,"data":{}}"#, r#"{"type":"executing"}"#]),
            Self::PythonJson => text(&[
                r#"{"type":"progress","data":{"value":NaN,"max":Infinity,"prompt_id":"x","node":"1"}}"#,
                r#"{"type":"executed","data":{"node":"1","display_node":"1","output":{"images":[{"filename":"\ud800.png","subfolder":"","type":"output"}]},"prompt_id":"x"}}"#,
            ]),
            Self::WrongTypes => text(&[
                r#"{"type":"status","data":{"status":{"exec_info":{"queue_remaining":-1}}}}"#,
                r#"{"type":"status","data":null}"#,
                r#"{"type":"progress_state","data":{"prompt_id":"x","nodes":{"1":{"value":"a","max":{},"state":7}}}}"#,
                r#"{"type":"progress_state","data":{"prompt_id":"x","nodes":[]}}"#,
                r#"{"type":"progress","data":{"value":1e308,"max":0,"prompt_id":null,"node":null}}"#,
                r#"{"type":"executing","data":{"node":["1"],"prompt_id":7}}"#,
                r#"{"type":"execution_error","data":{"prompt_id":"x","traceback":"text","executed":null,"current_inputs":7}}"#,
            ]),
            Self::Nested(depth) => vec![Raw::Text(format!(
                "{{\"type\":\"nested\",\"data\":{}{}}}",
                "[".repeat(*depth),
                "]".repeat(*depth)
            ))],
            Self::Huge(bytes) => vec![Raw::Text(format!("{{\"type\":\"huge\",\"data\":\"{}\"}}", "x".repeat(*bytes)))],
            Self::ManyNodes(count) => vec![Raw::Text(many_nodes("00000000-0000-4000-8000-000000000000", *count).to_string())],
            Self::FileNames => vec![Raw::Text(
                json!({"type": "executed", "data": {"node": "1", "display_node": "1", "output": {"images": file_names()},
                       "prompt_id": "00000000-0000-4000-8000-000000000000"}})
                .to_string(),
            )],
        }
    }
}

/// A `progress_state` message with this many running nodes.
pub fn many_nodes(prompt_id: &str, count: usize) -> Value {
    let nodes: Map<String, Value> = (0..count)
        .map(|index| {
            let id = index.to_string();
            let entry = json!({"value": 0.0, "max": 1.0, "state": "running", "node_id": id, "prompt_id": prompt_id,
                               "display_node_id": id, "parent_node_id": null, "real_node_id": id});
            (id, entry)
        })
        .collect();
    json!({"type": "progress_state", "data": {"prompt_id": prompt_id, "nodes": nodes}})
}

/// File entries whose names try to leave the media folder, or to break what shows them.
pub fn file_names() -> Vec<Value> {
    let file =
        |filename: &str, subfolder: &str| json!({"filename": filename, "subfolder": subfolder, "type": "output"});
    vec![
        file("../../escape.png", ""),
        file("escape.png", "../../.."),
        file("/etc/passwd", ""),
        file("passwd", "/etc"),
        file("..\\..\\escape.png", "C:\\Windows"),
        file("nul\0byte.png", "a\0b"),
        file("line\nbreak\r\nX-Header: 1.png", ""),
        file("<img src=x onerror=alert(1)>.png", "<b>"),
        file("a?b=c&d=e#f%2e%2e.png", "sub dir/%2e%2e"),
        file("\u{202e}gnp.exe", ""),
        file("CON", ""),
        file("", ""),
        file(".", "."),
        file(&format!("{}.png", "x".repeat(5_000)), &"y/".repeat(2_000)),
        json!({"filename": "type.png", "subfolder": "", "type": "../output"}),
        json!({"filename": 7, "subfolder": null, "type": []}),
    ]
}
