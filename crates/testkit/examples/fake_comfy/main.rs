//! A fake `ComfyUI` that another program holds the strings of: the tests of the page (`web/e2e`).
//!
//! The first line on its standard input says how it is to be ([`plan::Plan`]), each further one is a [`Command`]; every
//! line is JSON and gets one line as its answer. It ends with its standard input.

mod plan;

use monitor_testkit::{FakeComfy, Snapshot, Times};
use plan::Plan;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::error::Error;
use std::io::Write as _;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Command {
    /// One job that stands still goes on.
    Release,
    /// Every connection ends without a word, the port is closed.
    Kill,
    /// Begins anew on the same port.
    Restart,
    /// Every WebSocket ends without a Close frame.
    CutSockets,
    /// No socket hears anything any more.
    Stall,
    Resume,
    /// The next submissions are refused.
    Refuse {
        times: u32,
    },
    /// Every answer is 401, as of a proxy; or no longer.
    Locked {
        on: bool,
    },
    /// Somebody else's job, without validation.
    Submit {
        body: Map<String, Value>,
    },
    /// A message to all clients, as a custom node may send.
    Push {
        message: Value,
    },
    State,
    /// How many `POST /prompt` there were.
    Submitted,
    /// Answered when the server is like this.
    Wait {
        until: Until,
    },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Until {
    /// A job stands still.
    Held,
    /// One runs.
    Running,
    /// None runs or waits.
    Idle,
    /// Somebody is connected.
    Heard,
}

impl Until {
    fn holds(self, state: &Snapshot) -> bool {
        match self {
            Until::Held => state.held,
            Until::Running => state.running.is_some(),
            Until::Idle => state.alive && state.running.is_none() && state.pending.is_empty(),
            Until::Heard => !state.clients.is_empty(),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut lines = told();
    let plan = lines.recv().await.ok_or("no plan came")?;
    let fake = serde_json::from_str::<Plan>(&plan)?.builder()?.start().await?;
    say(&json!({"url": fake.base_url()}))?;
    while let Some(line) = lines.recv().await {
        let answer = match obey(&fake, serde_json::from_str(&line)?).await {
            Ok(answer) => answer,
            Err(error) => json!({"error": error.to_string()}),
        };
        say(&answer)?;
    }
    fake.shutdown().await;
    Ok(())
}

/// The lines of the standard input, which can only be waited for in a thread of its own.
fn told() -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}

fn say(answer: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{answer}")?;
    out.flush()
}

async fn obey(fake: &FakeComfy, command: Command) -> Result<Value, Box<dyn Error>> {
    match command {
        Command::Release => fake.release(),
        Command::Kill => fake.kill().await,
        Command::Restart => fake.restart().await?,
        Command::CutSockets => fake.cut_sockets(),
        Command::Stall => fake.stall(),
        Command::Resume => fake.resume(),
        Command::Refuse { times } => fake.faults(|faults| faults.refuse = Times::Next(times)),
        Command::Locked { on } => {
            let wanted = on.then(|| ("x-nobody".to_owned(), "knows".to_owned()));
            fake.faults(|faults| faults.require_header = wanted);
        }
        Command::Submit { body } => return Ok(json!({"promptId": fake.submit(&body)})),
        Command::Push { message } => fake.state().clients.iter().for_each(|client| fake.push_text(client, &message)),
        Command::Submitted => return Ok(json!({"count": fake.submitted().len()})),
        Command::Wait { until } => {
            fake.wait_until(|state| until.holds(state)).await;
        }
        Command::State => {}
    }
    let state = fake.state();
    Ok(json!({
        "alive": state.alive, "running": state.running, "held": state.held, "pending": state.pending,
        "history": state.history, "sockets": state.open_sockets,
    }))
}
