//! The files a server has: those its jobs named, whose bytes are made when asked for, and uploads.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::files::{self, Traits};

/// As many files made by jobs are kept, the newest.
const MAX_MADE: usize = 20_000;

/// Uploads take at most this much memory together.
const MAX_UPLOADED_BYTES: usize = 512 * 1024 * 1024;

/// `type`, `subfolder` and `filename`, as `/view` names a file.
pub(crate) type Place = (String, String, String);

enum Content {
    Made(Traits),
    Uploaded(Bytes),
}

#[derive(Default)]
pub(crate) struct Disk {
    files: HashMap<Place, Content>,
    /// The files made by jobs, oldest first.
    made: VecDeque<Place>,
    uploaded: usize,
}

impl Disk {
    /// Puts every file there that an output names.
    pub(crate) fn write(&mut self, output: &Value, prompt: &Arc<Value>) {
        let animated = output["animated"].as_array().is_some_and(|flags| flags.contains(&Value::Bool(true)));
        let traits = Traits { animated, prompt: Some(Arc::clone(prompt)) };
        for value in output.as_object().into_iter().flat_map(|output| output.values()) {
            for item in value.as_array().into_iter().flatten() {
                if let Some(place) = place(item) {
                    let content = Content::Made(traits.clone());
                    if self.files.insert(place.clone(), content).is_none() {
                        self.made.push_back(place);
                    }
                }
            }
        }
        while self.made.len() > MAX_MADE {
            self.made.pop_front().and_then(|oldest| self.files.remove(&oldest));
        }
    }

    /// What `/view` gives; `None` is a file that is not there.
    pub(crate) fn read(&self, place: &Place) -> Option<Bytes> {
        Some(match self.files.get(place)? {
            // The place is part of the seed: equal names in two folders are two files.
            Content::Made(traits) if place.1.is_empty() => files::bytes(&place.2, traits).into(),
            Content::Made(traits) => files::bytes(&format!("{}/{}", place.1, place.2), traits).into(),
            Content::Uploaded(bytes) => bytes.clone(),
        })
    }

    /// Keeps an upload and gives the name it got: equal content keeps its name, other content under a taken name gets
    /// a number (recording 25). `None` if the disk is full.
    pub(crate) fn upload(&mut self, (kind, subfolder, name): Place, bytes: Bytes, overwrite: bool) -> Option<String> {
        if self.uploaded + bytes.len() > MAX_UPLOADED_BYTES {
            return None;
        }
        let (stem, extension) =
            name.rsplit_once('.').map_or((name.as_str(), String::new()), |(stem, end)| (stem, format!(".{end}")));
        let mut candidate = name.clone();
        for number in 1.. {
            let place = (kind.clone(), subfolder.clone(), candidate.clone());
            match self.files.get(&place) {
                Some(Content::Uploaded(taken)) if *taken == bytes => return Some(candidate),
                Some(_) if !overwrite => candidate = format!("{stem} ({number}){extension}"),
                _ => {
                    self.uploaded += bytes.len();
                    self.files.insert(place, Content::Uploaded(bytes));
                    break;
                }
            }
        }
        Some(candidate)
    }

    /// Temp files are deleted when the server starts.
    pub(crate) fn clean(&mut self) {
        self.files.retain(|(kind, ..), _| kind != "temp");
        self.made.retain(|(kind, ..)| kind != "temp");
    }
}

/// A file is recognised by its shape (section 7).
fn place(item: &Value) -> Option<Place> {
    let filename = item["filename"].as_str()?;
    let kind = item["type"].as_str().filter(|kind| ["output", "temp", "input"].contains(kind))?;
    Some((kind.to_owned(), item["subfolder"].as_str().unwrap_or_default().to_owned(), filename.to_owned()))
}
