use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Event, Line, Refusal, Tape, jobs};

/// Longest trace that is read; the longest recording has 5 MB.
const MAX_TRACE_BYTES: u64 = 512 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    #[error("cannot read {}: {source}; give a recording's folder or its trace.jsonl", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{} is longer than 512 MiB; cut the recording into several", path.display())]
    TooLong { path: PathBuf },
    #[error("tape {tape}, line {line}: {source}; each line must be one JSON object with `t`, `conn` and `kind`")]
    Line { tape: String, line: usize, source: serde_json::Error },
    #[error("tape {tape}: {file} beside the trace is not JSON: {source}")]
    Side { tape: String, file: String, source: serde_json::Error },
}

impl Tape {
    /// Reads a recording: its folder, or its `trace.jsonl` alone (history entries are then made from the messages).
    pub fn read(path: &Path) -> Result<Self, TapeError> {
        let trace = if path.is_dir() { path.join("trace.jsonl") } else { path.to_owned() };
        let folder = trace.parent().map(Path::to_owned).unwrap_or_default();
        let io = |source| TapeError::Io { path: trace.clone(), source };
        if std::fs::metadata(&trace).map_err(io)?.len() > MAX_TRACE_BYTES {
            return Err(TapeError::TooLong { path: trace });
        }
        let text = std::fs::read_to_string(&trace).map_err(io)?;
        let name = folder.file_name().unwrap_or(trace.as_os_str()).to_string_lossy().into_owned();
        Self::parse(&name, &text, |file| {
            plain_name(file).and_then(|file| std::fs::read_to_string(folder.join(file)).ok())
        })
    }

    /// Makes a tape from the text of its trace; `beside` gives the text of the files next to it.
    pub fn parse(name: &str, trace: &str, beside: impl Fn(&str) -> Option<String>) -> Result<Self, TapeError> {
        let lines = trace
            .lines()
            .enumerate()
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(index, text)| {
                serde_json::from_str(text).map_err(|source| TapeError::Line {
                    tape: name.into(),
                    line: index + 1,
                    source,
                })
            })
            .collect::<Result<Vec<Line>, _>>()?;
        let side = |file: &str| -> Result<Option<Value>, TapeError> {
            let Some(text) = beside(file) else {
                return Ok(None);
            };
            let parsed = serde_json::from_str(&text);
            parsed.map(Some).map_err(|source| TapeError::Side { tape: name.into(), file: file.into(), source })
        };
        let object_info = match side("object_info.json")? {
            Some(Value::Object(classes)) => classes,
            _ => Map::new(),
        };
        let mut history = Vec::new();
        for line in &lines {
            let Event::Http(exchange) = &line.event else {
                continue;
            };
            if !exchange.path.contains("/history") {
                continue;
            }
            let entries = match (&exchange.response_file, &exchange.response) {
                (Some(file), _) => side(file)?,
                (None, answer) => answer.clone(),
            };
            if let Some(Value::Object(entries)) = entries {
                let entries = entries.into_iter().map(|(_, entry)| entry);
                history.extend(entries.filter(|entry| entry["status"].is_object()));
            }
        }
        let jobs = jobs::find(&lines, &history);
        Ok(Self { name: name.to_owned(), refusals: refusals(&lines), lines, jobs, object_info })
    }
}

/// The file names in a trace are input like any other: only a plain name beside it is opened.
fn plain_name(file: &str) -> Option<&Path> {
    let path = Path::new(file);
    (path.file_name() == Some(path.as_os_str())).then_some(path)
}

fn refusals(lines: &[Line]) -> Vec<Refusal> {
    let exchanges = lines.iter().filter_map(|line| match &line.event {
        Event::Http(exchange) if exchange.method == "POST" && exchange.path.ends_with("/prompt") => Some(exchange),
        _ => None,
    });
    exchanges
        .filter_map(|exchange| {
            Some(Refusal {
                request: exchange.request.clone()?,
                status: exchange.status.filter(|status| *status != 200)?,
                answer: exchange.response.clone()?,
            })
        })
        .collect()
}
