//! Finding the jobs in a recording: whose messages are whose, and what of them is the job's own.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::reel::Reel;
use super::{Event, Exchange, Line, TapeJob, notes};
use crate::play::{Action, Play, To};

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
        let run = jobs.iter().filter(|job| job.prompt_id == post.prompt_id).count();
        let entry =
            history.iter().find(|entry| entry["prompt"][1] == post.prompt_id && entry["prompt"][0] == post.number);
        jobs.push(TapeJob {
            client_id: client_of(&post.body),
            node_errors: exchange.response.as_ref().map_or(json!({}), |answer| answer["node_errors"].clone()),
            at: seconds(line.t),
            play: session.play(&post.prompt_id, run, client_of(&post.body).as_deref(), entry),
            prompt_id: post.prompt_id,
            body: post.body,
        });
    }
    // A recorder that listens beside somebody else's submissions sees no POST.
    for line in lines {
        let Some(id) = text(line, "execution_start").and_then(|data| data["prompt_id"].as_str()) else {
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
    let is_post = exchange.method == "POST" && exchange.path.ends_with("/prompt") && exchange.status == Some(200);
    let answer = exchange.response.as_ref().filter(|_| is_post)?;
    Some(Post {
        prompt_id: answer["prompt_id"].as_str()?.to_owned(),
        number: answer["number"].clone(),
        body: exchange.request.as_ref()?.as_object()?.clone(),
    })
}

/// The client id of a `POST /prompt` body; the one in `extra_data` counts only without the other (section 4).
pub(crate) fn client_of(body: &Map<String, Value>) -> Option<String> {
    let given = body.get("client_id").or_else(|| body.get("extra_data")?.get("client_id"));
    given.and_then(Value::as_str).map(str::to_owned)
}

pub(super) fn seconds(t: f64) -> Duration {
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
        body.insert("prompt".into(), entry.map_or(json!({}), |entry| entry["prompt"][2].clone()));
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
            Some(client) => self.clients.get(line.conn.as_str()).is_some_and(|sid| sid == client),
            None => witness == Some(line.conn.as_str()),
        }
    }

    /// The lines from the job's first message to its last; `run` counts jobs of the same prompt id.
    fn window(&self, id: &str, run: usize, client: Option<&str>) -> Option<(Range<usize>, Option<&'a str>)> {
        let of_job = |line: &Line| matches!(&line.event, Event::Text { data } if data["data"]["prompt_id"] == id);
        // Without a client id everybody hears the job: one listener's copy is enough.
        let witness = self.lines.iter().find(|line| of_job(line)).map(|line| line.conn.as_str());
        let heard = |line: &Line| of_job(line) && self.hears(line, client, witness);
        let starts = |line: &Line| heard(line) && text(line, "execution_start").is_some();
        let from = match self.lines.iter().enumerate().filter(|(_, line)| starts(line)).nth(run) {
            Some((index, _)) => index,
            None if run == 0 => self.lines.iter().position(heard)?,
            None => return None,
        };
        let next = self.lines.iter().skip(from + 1).position(starts).map_or(self.lines.len(), |n| from + 1 + n);
        let last = self.lines.get(from..next)?.iter().rposition(heard).map_or(from, |n| from + n);
        Some((from..last + 1, witness))
    }

    fn play(&self, id: &str, run: usize, client: Option<&str>, entry: Option<&Value>) -> Option<Play> {
        let (range, witness) = self.window(id, run, client)?;
        let began = self.lines.get(range.start)?.t;
        let mut reel = Reel::new(id, began);
        for (index, line) in self.lines.iter().enumerate().take(range.end).skip(range.start) {
            if matches!(&line.event, Event::Note { text } if text == notes::CUT) && self.hears(line, client, witness) {
                reel.push(line.t, Action::Cut);
            }
            if !self.hears(line, client, witness) {
                continue;
            }
            match &line.event {
                Event::Text { data } => reel.text(line.t, data, || self.reach(index, data)),
                Event::Binary { event, len, b64, .. } => {
                    reel.binary(line.t, *event, *len, b64, || self.reach(index, &Value::Null));
                }
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
            rest.filter(|line| matches!(&line.event, Event::Note { text } if text == what)).map(|line| line.t).next()
        };
        let terminal = entry.and_then(|entry| entry["status"]["messages"].as_array()?.last());
        if let Some(terminal) = terminal {
            reel.end(reel.last, terminal[0].as_str().unwrap_or_default(), &terminal[1]);
        } else if let Some(killed) = noted(notes::KILLED) {
            let up = noted(notes::UP_AGAIN).unwrap_or(killed);
            reel.push(killed, Action::Kill { down: seconds(up - killed) });
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
            || self.lines.iter().any(|other| self.clients.get(other.conn.as_str()) != mine && same(other))
        {
            To::All
        } else {
            To::Submitter
        }
    }
}
