//! Finding the jobs in a recording: whose messages are whose, and what of them is the job's own.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Event, Exchange, Line, TapeJob, notes};
use crate::play::{Action, Ending, ImageKind, Picture, Play, Step, To};

/// Frames longer than this are not believed; the largest recorded preview has 52 kB.
const MAX_FRAME_BYTES: usize = 64 * 1024 * 1024;

pub(super) fn find(lines: &[Line], history: &[Value]) -> Vec<TapeJob> {
    let session = Session::new(lines);
    let mut jobs: Vec<TapeJob> = Vec::new();
    for line in lines {
        let Event::Http(exchange) = &line.event else {
            continue;
        };
        let Some(post) = accepted(exchange) else {
            continue;
        };
        let run = jobs
            .iter()
            .filter(|job| job.prompt_id == post.prompt_id)
            .count();
        let entry = history.iter().find(|entry| {
            entry["prompt"][1] == post.prompt_id && entry["prompt"][0] == post.number
        });
        jobs.push(TapeJob {
            client_id: client_of(&post.body),
            node_errors: exchange
                .response
                .as_ref()
                .map_or(json!({}), |answer| answer["node_errors"].clone()),
            at: seconds(line.t),
            play: session.play(
                &post.prompt_id,
                run,
                client_of(&post.body).as_deref(),
                entry,
            ),
            prompt_id: post.prompt_id,
            body: post.body,
        });
    }
    // A recorder that listens beside somebody else's submissions sees no POST.
    for line in lines {
        let Some(id) = text(line, "execution_start").and_then(|data| data["prompt_id"].as_str())
        else {
            continue;
        };
        if jobs.iter().all(|job| job.prompt_id != id) {
            jobs.push(session.overheard(id, line, history));
        }
    }
    jobs
}

struct Post {
    prompt_id: String,
    number: Value,
    body: Map<String, Value>,
}

fn accepted(exchange: &Exchange) -> Option<Post> {
    let is_post = exchange.method == "POST"
        && exchange.path.ends_with("/prompt")
        && exchange.status == Some(200);
    let answer = exchange.response.as_ref().filter(|_| is_post)?;
    Some(Post {
        prompt_id: answer["prompt_id"].as_str()?.to_owned(),
        number: answer["number"].clone(),
        body: exchange.request.as_ref()?.as_object()?.clone(),
    })
}

/// The client id of a `POST /prompt` body; the one in `extra_data` counts only without the other (section 4).
pub(crate) fn client_of(body: &Map<String, Value>) -> Option<String> {
    let given = body
        .get("client_id")
        .or_else(|| body.get("extra_data")?.get("client_id"));
    given.and_then(Value::as_str).map(str::to_owned)
}

fn seconds(t: f64) -> Duration {
    Duration::try_from_secs_f64(t).unwrap_or_default()
}

fn text<'a>(line: &'a Line, kind: &str) -> Option<&'a Value> {
    match &line.event {
        Event::Text { data } if data["type"] == kind => Some(&data["data"]),
        _ => None,
    }
}

/// The lines of one recording and whose connection is whose.
struct Session<'a> {
    lines: &'a [Line],
    clients: HashMap<&'a str, String>,
}

impl<'a> Session<'a> {
    fn new(lines: &'a [Line]) -> Self {
        let mut clients = HashMap::new();
        for line in lines {
            if let Some(sid) = text(line, "status").and_then(|data| data["sid"].as_str()) {
                clients.insert(line.conn.as_str(), sid.to_owned());
            }
        }
        Self { lines, clients }
    }

    fn overheard(&self, id: &str, start: &Line, history: &[Value]) -> TapeJob {
        let client_id = self.clients.get(start.conn.as_str()).cloned();
        let entry = history.iter().find(|entry| entry["prompt"][1] == id);
        let mut body = Map::new();
        body.insert(
            "prompt".into(),
            entry.map_or(json!({}), |entry| entry["prompt"][2].clone()),
        );
        body.insert("client_id".into(), json!(client_id));
        TapeJob {
            body,
            prompt_id: id.to_owned(),
            node_errors: json!({}),
            at: seconds(start.t),
            play: self.play(id, 0, client_id.as_deref(), entry),
            client_id,
        }
    }

    /// The connections that heard a job, in whichever order they were open.
    fn hears(&self, line: &Line, client: Option<&str>, witness: Option<&str>) -> bool {
        match client {
            Some(client) => self
                .clients
                .get(line.conn.as_str())
                .is_some_and(|sid| sid == client),
            None => witness == Some(line.conn.as_str()),
        }
    }

    /// The lines from the job's first message to its last; `run` counts jobs of the same prompt id.
    fn window(
        &self,
        id: &str,
        run: usize,
        client: Option<&str>,
    ) -> Option<(Range<usize>, Option<&'a str>)> {
        let of_job = |line: &Line| matches!(&line.event, Event::Text { data } if data["data"]["prompt_id"] == id);
        // Without a client id everybody hears the job: one listener's copy is enough.
        let witness = self
            .lines
            .iter()
            .find(|line| of_job(line))
            .map(|line| line.conn.as_str());
        let heard = |line: &Line| of_job(line) && self.hears(line, client, witness);
        let starts = |line: &Line| heard(line) && text(line, "execution_start").is_some();
        let from = match self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| starts(line))
            .nth(run)
        {
            Some((index, _)) => index,
            None if run == 0 => self.lines.iter().position(heard)?,
            None => return None,
        };
        let next = self
            .lines
            .iter()
            .skip(from + 1)
            .position(starts)
            .map_or(self.lines.len(), |n| from + 1 + n);
        let last = self
            .lines
            .get(from..next)?
            .iter()
            .rposition(heard)
            .map_or(from, |n| from + n);
        Some((from..last + 1, witness))
    }

    fn play(
        &self,
        id: &str,
        run: usize,
        client: Option<&str>,
        entry: Option<&Value>,
    ) -> Option<Play> {
        let (range, witness) = self.window(id, run, client)?;
        let began = self.lines.get(range.start)?.t;
        let mut reel = Reel::new(id, began);
        for (index, line) in self
            .lines
            .iter()
            .enumerate()
            .take(range.end)
            .skip(range.start)
        {
            if matches!(&line.event, Event::Note { text } if text == notes::CUT)
                && self.hears(line, client, witness)
            {
                reel.push(line.t, Action::Cut);
            }
            if !self.hears(line, client, witness) {
                continue;
            }
            match &line.event {
                Event::Text { data } => reel.text(line.t, data, || self.reach(index, data)),
                Event::Binary {
                    event, len, b64, ..
                } => reel.binary(line.t, *event, *len, b64, || {
                    self.reach(index, &Value::Null)
                }),
                _ => {}
            }
        }
        if !reel.ended {
            self.end_unheard(&mut reel, range.end, entry);
        }
        reel.play.history = entry.cloned();
        Some(reel.play)
    }

    /// A job whose end nobody heard: the server was killed, or only `/history` tells it.
    fn end_unheard(&self, reel: &mut Reel, from: usize, entry: Option<&Value>) {
        let noted = |what: &str| {
            let rest = self.lines.iter().skip(from);
            rest.filter(|line| matches!(&line.event, Event::Note { text } if text == what))
                .map(|line| line.t)
                .next()
        };
        let terminal = entry.and_then(|entry| entry["status"]["messages"].as_array()?.last());
        if let Some(terminal) = terminal {
            reel.end(
                reel.last,
                terminal[0].as_str().unwrap_or_default(),
                &terminal[1],
            );
        } else if let Some(killed) = noted(notes::KILLED) {
            let up = noted(notes::UP_AGAIN).unwrap_or(killed);
            reel.push(
                killed,
                Action::Kill {
                    down: seconds(up - killed),
                },
            );
            reel.play.ends_at = seconds(killed - reel.began);
        }
    }

    /// Whether a message that names no job went to everybody: then another client's socket has it too.
    fn reach(&self, index: usize, data: &Value) -> To {
        let Some(line) = self.lines.get(index) else {
            return To::All;
        };
        let mine = self.clients.get(line.conn.as_str());
        let mut others = self.lines.iter().filter(|other| {
            let sid = self.clients.get(other.conn.as_str());
            sid.is_some() && sid != mine
        });
        let same = |other: &Line| match (&line.event, &other.event) {
            (Event::Binary { b64, .. }, Event::Binary { b64: theirs, .. }) => b64 == theirs,
            (_, Event::Text { data: theirs }) => theirs == data,
            _ => false,
        };
        let alone = others.next().is_none();
        let text_frame = matches!(line.event, Event::Binary { event: 3, .. });
        if (alone && text_frame)
            || self
                .lines
                .iter()
                .any(|other| self.clients.get(other.conn.as_str()) != mine && same(other))
        {
            To::All
        } else {
            To::Submitter
        }
    }
}

/// The play of one job, while its lines come in.
struct Reel {
    play: Play,
    began: f64,
    last: f64,
    ended: bool,
    /// The node whose bar moved last: that of the next type 1 preview.
    moved: String,
    /// A type 4 preview, which stands before its `progress`; kept in the order of type 1.
    early: Option<Action>,
}

impl Reel {
    fn new(id: &str, began: f64) -> Self {
        let play = Play {
            prompt_id: id.to_owned(),
            cached: Vec::new(),
            cached_at: Duration::ZERO,
            steps: Vec::new(),
            ends_at: Duration::ZERO,
            ending: Ending::Lost,
            history: None,
        };
        Self {
            play,
            began,
            last: began,
            ended: false,
            moved: String::new(),
            early: None,
        }
    }

    fn push(&mut self, t: f64, action: Action) {
        self.last = t;
        self.play
            .steps
            .push(Step::new(seconds(t - self.began), action));
    }

    fn end(&mut self, t: f64, kind: &str, data: &Value) {
        let mut data = data.clone();
        if let Some(map) = data.as_object_mut() {
            map.shift_remove("timestamp");
        }
        self.play.ends_at = seconds(t - self.began);
        self.play.ending = match kind {
            "execution_error" => Ending::Error(data),
            "execution_interrupted" => Ending::Interrupted(data),
            _ => Ending::Success,
        };
        self.ended = true;
    }

    fn text(&mut self, t: f64, message: &Value, reach: impl Fn() -> To) {
        let kind = message["type"].as_str().unwrap_or_default();
        let data = &message["data"];
        let named = data.get("prompt_id").and_then(Value::as_str);
        if named.is_some_and(|id| id != self.play.prompt_id) {
            return;
        }
        let blocked = data["exception_type"] == "ExecutionBlocked";
        let to = match kind {
            // Made by the server from its own state, or not the job's.
            "status" | "feature_flags" | "logs" | "execution_start" => return,
            "execution_cached" => {
                let nodes = data["nodes"].as_array().into_iter().flatten();
                self.play.cached = nodes
                    .filter_map(|node| node.as_str().map(str::to_owned))
                    .collect();
                self.play.cached_at = seconds(t - self.began);
                return;
            }
            "execution_success" | "execution_interrupted" => return self.end(t, kind, data),
            "execution_error" if !blocked => return self.end(t, kind, data),
            "executing" if data["node"].is_null() || named.is_none() => return,
            "executing" | "executed" => To::Submitter,
            "progress" | "progress_state" | "execution_error" => To::SubmitterOrAll,
            _ => reach(),
        };
        if kind == "progress" {
            data["node"]
                .as_str()
                .unwrap_or_default()
                .clone_into(&mut self.moved);
        }
        self.push(
            t,
            Action::Text {
                kind: kind.to_owned(),
                data: data.clone(),
                to,
            },
        );
        if kind == "progress"
            && let Some(preview) = self.early.take()
        {
            self.push(t, preview);
        }
    }

    fn binary(&mut self, t: f64, event: u32, len: usize, b64: &str, reach: impl Fn() -> To) {
        let Ok(mut bytes) = STANDARD.decode(b64) else {
            return;
        };
        if len > MAX_FRAME_BYTES {
            return;
        }
        let cut = bytes.len() < len;
        match event {
            1 => {
                let kind = if bytes.get(4..8) == Some(&[0, 0, 0, 2]) {
                    ImageKind::Png
                } else {
                    ImageKind::Jpeg
                };
                let image = picture(&bytes, 8, len);
                self.push(
                    t,
                    Action::Preview {
                        node: self.moved.clone(),
                        kind,
                        image,
                    },
                );
            }
            4 => {
                let header_len = bytes.get(4..8).map_or(0, |word| {
                    word.iter()
                        .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
                });
                let header: Value = bytes
                    .get(8..8 + header_len)
                    .and_then(|json| serde_json::from_slice(json).ok())
                    .unwrap_or_default();
                let kind = if header["image_type"] == "image/png" {
                    ImageKind::Png
                } else {
                    ImageKind::Jpeg
                };
                let node = header["node_id"].as_str().unwrap_or_default().to_owned();
                self.early = Some(Action::Preview {
                    node,
                    kind,
                    image: picture(&bytes, 8 + header_len, len),
                });
            }
            _ => {
                if cut {
                    bytes.resize(len, 0);
                }
                self.push(
                    t,
                    Action::Binary {
                        bytes: bytes.into(),
                        to: reach(),
                    },
                );
            }
        }
    }
}

/// The image of a preview frame; what the recorder cut is replaced by a picture of the same length.
fn picture(frame: &[u8], from: usize, len: usize) -> Picture {
    let recorded = frame.get(from..).unwrap_or_default();
    if frame.len() >= len {
        return Picture::Recorded(Bytes::copy_from_slice(recorded));
    }
    let seed = recorded.iter().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    Picture::Drawn {
        seed,
        len: len.saturating_sub(from),
    }
}
