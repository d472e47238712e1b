use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Event, Exchange, Line};

/// Binary frames up to this length are kept whole, of longer ones the first [`KEPT_BYTES`].
const WHOLE_FRAME_BYTES: usize = 8 * 1024;
const KEPT_BYTES: usize = 512;

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("cannot write {}: {source}; is there room, and may this user write there?", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("a recording is at {}; choose another folder", path.display())]
    Exists { path: PathBuf },
    #[error("this line cannot be made JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes a recording folder as [`Tape::read`](super::Tape::read) reads it.
///
/// Every call takes the time since the recording began; lines are kept in the order of the calls.
pub struct TapeWriter {
    folder: PathBuf,
    trace: BufWriter<File>,
    prompts: usize,
    histories: usize,
}

impl TapeWriter {
    /// Makes the folder; one that holds a recording already is refused.
    pub fn create(folder: &Path) -> Result<Self, WriteError> {
        let io = |source| WriteError::Io { path: folder.to_owned(), source };
        create_dir_all(folder).map_err(io)?;
        let path = folder.join("trace.jsonl");
        if path.exists() {
            return Err(WriteError::Exists { path });
        }
        let trace = BufWriter::new(File::create(&path).map_err(io)?);
        Ok(Self { folder: folder.to_owned(), trace, prompts: 0, histories: 0 })
    }

    pub fn line(&mut self, at: Duration, conn: &str, event: Event) -> Result<(), WriteError> {
        let t = (at.as_secs_f64() * 10_000.0).round() / 10_000.0;
        let mut line = serde_json::to_vec(&Line { t, conn: conn.to_owned(), event })?;
        line.push(b'\n');
        self.trace.write_all(&line).map_err(|source| WriteError::Io { path: self.folder.clone(), source })
    }

    /// A WebSocket was opened at this path and query.
    pub fn open(&mut self, at: Duration, conn: &str, url: &str) -> Result<(), WriteError> {
        self.line(at, conn, Event::Open { url: url.to_owned() })
    }

    /// A text message came; one that is not JSON is kept as a note, since the format has no place for it.
    pub fn text(&mut self, at: Duration, conn: &str, message: &str) -> Result<(), WriteError> {
        match serde_json::from_str(message) {
            Ok(data) => self.line(at, conn, Event::Text { data }),
            Err(error) => {
                self.note(at, conn, &format!("recorder: a message of {} bytes is not JSON: {error}", message.len()))
            }
        }
    }

    /// A binary message came, its type word included.
    pub fn binary(&mut self, at: Duration, conn: &str, frame: &[u8]) -> Result<(), WriteError> {
        let event = frame.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        let truncated = frame.len() > WHOLE_FRAME_BYTES;
        let kept = frame.get(..KEPT_BYTES).filter(|_| truncated).unwrap_or(frame);
        self.line(at, conn, Event::Binary { event, len: frame.len(), b64: STANDARD.encode(kept), truncated })
    }

    pub fn sent(&mut self, at: Duration, conn: &str, data: Value) -> Result<(), WriteError> {
        self.line(at, conn, Event::Sent { data })
    }

    /// A WebSocket ended; `code` is 1006 without a Close frame, `None` if the recorder closed it.
    pub fn close(&mut self, at: Duration, conn: &str, code: Option<u16>) -> Result<(), WriteError> {
        self.line(at, conn, Event::Close { code })
    }

    pub fn note(&mut self, at: Duration, conn: &str, text: &str) -> Result<(), WriteError> {
        self.line(at, conn, Event::Note { text: text.to_owned() })
    }

    /// A request was answered. Bodies of accepted prompts and history entries also become files of their own.
    pub fn http(&mut self, at: Duration, mut exchange: Exchange) -> Result<(), WriteError> {
        if exchange.method == "POST" && exchange.path.ends_with("/prompt") && exchange.status == Some(200) {
            self.prompts += 1;
            self.beside(&numbered("prompt", self.prompts), exchange.request.as_ref())?;
            let answer = json!({"status": exchange.status, "body": exchange.response});
            self.beside(&numbered("prompt_response", self.prompts), Some(&answer))?;
        }
        if exchange.path.contains("/history/") && exchange.response.as_ref().is_some_and(Value::is_object) {
            self.histories += 1;
            let name = numbered("history", self.histories);
            self.beside(&name, exchange.response.as_ref())?;
            exchange.response = None;
            exchange.response_file = Some(name);
        }
        self.line(at, "http", Event::Http(Box::new(exchange)))
    }

    /// The classes of the graphs recorded, as `/object_info` gives them.
    pub fn object_info(&mut self, classes: &Value) -> Result<(), WriteError> {
        self.beside("object_info.json", Some(classes))
    }

    /// Writes out what is buffered; a writer that is dropped does so too, but cannot tell of an error.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.trace.flush().map_err(|source| WriteError::Io { path: self.folder.clone(), source })
    }

    fn beside(&self, name: &str, value: Option<&Value>) -> Result<(), WriteError> {
        let path = self.folder.join(name);
        let text = serde_json::to_vec_pretty(&value)?;
        std::fs::write(&path, text).map_err(|source| WriteError::Io { path, source })
    }
}

fn numbered(stem: &str, number: usize) -> String {
    if number == 1 { format!("{stem}.json") } else { format!("{stem}-{number}.json") }
}
