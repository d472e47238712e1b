//! The recorded sessions in `fixtures/tapes`.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use serde_json::Value;

pub(crate) fn fixtures() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "fixtures"].iter().collect()
}

pub(crate) fn file(name: &str) -> Vec<u8> {
    fs::read(fixtures().join(name)).unwrap()
}

pub(crate) fn names() -> Vec<String> {
    let tapes = fs::read_dir(fixtures().join("tapes")).unwrap();
    let mut names: Vec<String> = tapes.map(|tape| tape.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 29, "a recording is missing");
    names
}

/// Every recording: its name and its lines.
pub(crate) fn all() -> Vec<(String, Vec<Value>)> {
    names().into_iter().map(|name| (name.clone(), lines(&name))).collect()
}

/// The JSON files of the recordings whose name begins so, as `recording/file` and content.
pub(crate) fn files(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for tape in names() {
        for file in fs::read_dir(fixtures().join("tapes").join(&tape)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if name.starts_with(prefix) {
                let path = format!("{tape}/{name}");
                files.push((path.clone(), self::file(&format!("tapes/{path}"))));
            }
        }
    }
    assert!(!files.is_empty(), "no recording has a {prefix} file");
    files
}

pub(crate) fn lines(name: &str) -> Vec<Value> {
    let trace = String::from_utf8(file(&format!("tapes/{name}/trace.jsonl"))).unwrap();
    trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The text messages of a recording on one socket as they went over the wire, with all sockets' if `conn` is empty.
pub(crate) fn texts(lines: &[Value], conn: &str) -> Vec<String> {
    let texts = lines.iter().filter(|line| line["kind"] == "text" && (conn.is_empty() || line["conn"] == conn));
    texts.map(|line| on_the_wire(&line["data"])).collect()
}

/// The binary frames of a recording that were kept whole.
pub(crate) fn frames(lines: &[Value]) -> Vec<Vec<u8>> {
    let frames = lines.iter().filter(|line| line["kind"] == "binary");
    frames
        .map(|line| {
            let mut frame = base64::engine::general_purpose::STANDARD.decode(line["b64"].as_str().unwrap()).unwrap();
            frame.resize(usize::try_from(line["len"].as_u64().unwrap()).unwrap(), 0);
            frame
        })
        .collect()
}

/// As Python's `json.dumps` writes it: ASCII, with a space after commas and colons.
pub(crate) fn on_the_wire(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (at, (name, field)) in fields.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write_text(name, out);
                out.push_str(": ");
                write(field, out);
            }
            out.push('}');
        }
        Value::String(text) => write_text(text, out),
        other => out.push_str(&other.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    for c in Value::from(text).to_string().chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").unwrap();
            }
        }
    }
}

/// Any JSON, with the field names that messages have.
pub(crate) fn json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let names = prop::sample::select(vec![
        "prompt_id",
        "node",
        "node_id",
        "nodes",
        "status",
        "exec_info",
        "value",
        "max",
        "state",
        "timestamp",
        "output",
        "traceback",
        "executed",
        "entries",
        "gpus",
        "t",
        "m",
        "images",
        "filename",
        "type",
        "text",
        "result",
        "class_type",
        "inputs",
        "error",
        "node_errors",
        "errors",
        "extra_info",
        "queue_running",
        "queue_pending",
        "messages",
        "outputs",
        "prompt",
        "jobs",
        "id",
        "pagination",
        "devices",
        "system",
        "input",
        "required",
        "input_order",
        "output_name",
        "1",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 64.0)),
        "[a-z0-9 \\\\\"\u{1f600}]{0,6}".prop_map(Value::from),
        names.clone().prop_map(Value::from),
        Just(Value::from("output")),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())),
        ]
    })
}
