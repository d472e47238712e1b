//! What a node put out: the files and texts in `executed.output`, `history.outputs[id]` and `jobs.outputs[id]`.
//!
//! A file is recognised by its shape, not by the key it stands under: every extension invents keys of its own.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// How deep files are looked for.
pub const MAX_DEPTH: usize = 8;
/// How many items one node may put out.
pub const MAX_ITEMS: usize = 10_000;
/// Longest file name and subfolder, in bytes.
pub const MAX_NAME: usize = 1024;
/// Longest text, in bytes; a longer one is cut.
pub const MAX_TEXT: usize = 64 << 10;

/// Everything one node put out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output {
    /// In the order of the output, every file once.
    pub items: Vec<OutputItem>,
    /// Files left out and texts cut because they were beyond the bounds.
    pub oddities: u32,
}

/// A file or a text, with the key of the output it was found under.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputItem {
    pub key: String,
    pub content: Content,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    File {
        file: FileRef,
        /// The image moves (animated WEBP or PNG, or a video under `images`).
        animated: bool,
        /// `format` of the entry, as extensions give it: "video/h264-mp4".
        format: Option<String>,
    },
    Text(String),
}

/// A file on the server. The names are the server's, hostile until checked, and only good for asking it for `/view`:
/// never use them as a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileRef {
    pub filename: String,
    /// Empty for none.
    pub subfolder: String,
    pub folder: Folder,
}

/// The folder a file is in (`type` on the wire).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Folder {
    Output,
    /// Gone after a restart of the server: fetch at once.
    Temp,
    Input,
}

impl Folder {
    /// As `type` of a file entry and of `/view` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Temp => "temp",
            Self::Input => "input",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        match name {
            "output" => Some(Self::Output),
            "temp" => Some(Self::Temp),
            "input" => Some(Self::Input),
            _ => None,
        }
    }
}

/// Reads the output of one node.
pub fn read(output: &Value) -> Output {
    let mut search = Search::default();
    if let Some(keys) = output.as_object() {
        for (key, value) in keys {
            search.key = key;
            search.animated = value_is_animated(keys, key);
            match key.as_str() {
                "text" => search.texts(value),
                "result" => search.results(value),
                _ => search.files(value, MAX_DEPTH),
            }
        }
    }
    search.found
}

/// `animated: [true]` stands beside the images it is about.
fn value_is_animated(output: &Map<String, Value>, key: &str) -> bool {
    let flags = output.get("animated").and_then(Value::as_array);
    key == "images" && flags.is_some_and(|flags| flags.contains(&Value::Bool(true)))
}

#[derive(Default)]
struct Search<'a> {
    key: &'a str,
    animated: bool,
    seen: HashSet<FileRef>,
    found: Output,
}

impl Search<'_> {
    fn files(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Object(fields) => {
                if let Some(file) = file(fields) {
                    self.add_file(file, fields.get("format").and_then(Value::as_str));
                } else if depth > 0 {
                    for field in fields.values() {
                        self.files(field, depth - 1);
                    }
                }
            }
            Value::Array(items) if depth > 0 => {
                for item in items {
                    self.files(item, depth - 1);
                }
            }
            _ => {}
        }
    }

    fn texts(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add_text(text),
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::String(text) => self.add_text(text),
                        other => self.files(other, MAX_DEPTH),
                    }
                }
            }
            other => self.files(other, MAX_DEPTH),
        }
    }

    /// 3D nodes: `[path, camera, image path]`, the path being `subfolder/name` in `output` (`ComfyUI`
    /// `nodes_load_3d.py`).
    fn results(&mut self, value: &Value) {
        for item in value.as_array().into_iter().flatten() {
            match item {
                Value::String(path) if is_model(path) => {
                    let path = path.replace('\\', "/");
                    let (subfolder, filename) = path.rsplit_once('/').unwrap_or(("", &path));
                    let [filename, subfolder] = [filename, subfolder].map(str::to_owned);
                    self.add_file(FileRef { filename, subfolder, folder: Folder::Output }, None);
                }
                Value::String(_) => {}
                other => self.files(other, MAX_DEPTH),
            }
        }
    }

    fn add_file(&mut self, file: FileRef, format: Option<&str>) {
        if file.filename.len() > MAX_NAME || file.subfolder.len() > MAX_NAME || self.is_full() {
            self.found.oddities += 1;
        } else if self.seen.insert(file.clone()) {
            let format = format.filter(|format| format.len() <= MAX_NAME).map(str::to_owned);
            self.add(Content::File { file, animated: self.animated, format });
        }
    }

    fn add_text(&mut self, text: &str) {
        if self.is_full() {
            self.found.oddities += 1;
            return;
        }
        let end = text.floor_char_boundary(MAX_TEXT);
        if end < text.len() {
            self.found.oddities += 1;
        }
        self.add(Content::Text(text[..end].to_owned()));
    }

    fn add(&mut self, content: Content) {
        self.found.items.push(OutputItem { key: self.key.to_owned(), content });
    }

    fn is_full(&self) -> bool {
        self.found.items.len() >= MAX_ITEMS
    }
}

/// A file by its shape: a text `filename` and a `type` that is a folder.
fn file(fields: &Map<String, Value>) -> Option<FileRef> {
    let filename = fields.get("filename")?.as_str().filter(|name| !name.is_empty())?;
    let folder = Folder::parse(fields.get("type")?.as_str()?)?;
    let subfolder = fields.get("subfolder").and_then(Value::as_str).unwrap_or_default();
    Some(FileRef { filename: filename.to_owned(), subfolder: subfolder.to_owned(), folder })
}

fn is_model(path: &str) -> bool {
    const MODELS: [&str; 11] = ["glb", "gltf", "obj", "fbx", "stl", "ply", "usdz", "splat", "spz", "ksplat", "3mf"];
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    MODELS.iter().any(|model| extension.eq_ignore_ascii_case(model))
}
