//! `watch`: all jobs, live.

mod board;
mod lines;
mod screen;

use super::run::reachable;
use super::{Exit, Global, Usage, path_text};
use crate::client::Monitor;
use crate::client::live::{Heard, Live};
use crate::config::Flags;
use board::Board;
use clap::Args;
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use lines::Lines;
use reqwest::Url;
use screen::Screen;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::interval;
use uuid::Uuid;

/// Watch all jobs of a running monitor, live
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor watch
  comfyui-monitor watch --server http://studio:8190 --token-file monitor-token
  comfyui-monitor watch | grep failed          without a terminal: a line for what begins and ends")]
pub(super) struct WatchArgs {
    /// The monitor [default: the one at the configured address]
    #[arg(long, value_name = "URL")]
    server: Option<Url>,
    /// A file with its token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

pub(super) async fn watch(global: &Global, args: WatchArgs) -> anyhow::Result<Exit> {
    let values = path_text(args.token_file.as_ref()).map(|path| ("token_file", path));
    let config = global.load_quietly(Flags { values: values.into_iter().collect(), ..Flags::default() })?.config;
    let base = match args.server {
        Some(url) => url,
        None => reachable(config.listen)?,
    };
    let monitor = Monitor::new(base, config.token)?;
    let live = Live::open(monitor.clone(), "*".to_owned()).await.map_err(|error| Usage(error.to_string()))?;
    if std::io::stdout().is_terminal() {
        Box::pin(on_screen(monitor, live)).await
    } else {
        Box::pin(in_lines(live)).await
    }
}

fn hear(board: &mut Board, heard: Heard) -> Option<Uuid> {
    match heard {
        Heard::Frame(frame) => board.apply(*frame),
        Heard::Lost { reason, again_in } => {
            board.lost = Some(format!("{reason}; again in {} s", again_in.as_secs_f32()));
            None
        }
    }
}

async fn in_lines(mut live: Live) -> anyhow::Result<Exit> {
    let (mut board, mut lines) = (Board::default(), Lines::default());
    loop {
        let heard = tokio::select! {
            heard = live.next() => heard,
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        };
        let changed = hear(&mut board, heard);
        if let Some(reason) = &board.lost {
            eprintln!("No connection to the monitor: {reason}");
        }
        for line in lines.of(&board, changed) {
            if writeln!(std::io::stdout(), "{line}").is_err() {
                // The reader (`| head`) has seen enough.
                return Ok(Exit::Done);
            }
        }
    }
}

async fn on_screen(monitor: Monitor, mut live: Live) -> anyhow::Result<Exit> {
    let mut keys = keys();
    let mut terminal = ratatui::try_init()?;
    let (mut board, mut screen) = (Board::default(), Screen::default());
    // What came within a frame is drawn at once.
    let mut redraw = interval(Duration::from_millis(50));
    let mut dirty = true;
    let result = loop {
        tokio::select! {
            heard = live.next() => {
                hear(&mut board, heard);
                dirty = true;
            }
            key = keys.recv() => {
                dirty = true;
                match key.as_ref().map(|key| (key.code, key.modifiers)) {
                    None
                    | Some((KeyCode::Char('q') | KeyCode::Esc, _) | (KeyCode::Char('c'), KeyModifiers::CONTROL)) => {
                        break Ok(Exit::Done);
                    }
                    Some((KeyCode::Up | KeyCode::Char('k'), _)) => screen.step(&board, -1),
                    Some((KeyCode::Down | KeyCode::Char('j'), _)) => screen.step(&board, 1),
                    Some((KeyCode::Char('c'), _)) => screen.note = cancel(&monitor, screen.selected).await,
                    Some(_) => screen.note.clear(),
                }
            }
            _ = redraw.tick(), if dirty => {
                dirty = false;
                if let Err(error) = terminal.draw(|frame| screen.draw(frame, &board)) {
                    break Err(error.into());
                }
            }
        }
    };
    ratatui::try_restore()?;
    result
}

async fn cancel(monitor: &Monitor, selected: Option<Uuid>) -> String {
    let Some(id) = selected else { return "Select a job first".to_owned() };
    match monitor.cancel(id).await {
        Ok(generation) => format!("Cancelling {}", generation.title),
        Err(error) => error.to_string(),
    }
}

/// The terminal can only be asked by waiting: a thread does, and ends with its listener.
fn keys() -> mpsc::Receiver<KeyEvent> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        while !sender.is_closed() {
            match event::poll(Duration::from_millis(200)) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) => return,
            }
            match event::read() {
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => {
                    if sender.blocking_send(key).is_err() {
                        return;
                    }
                }
                // Anything else (a resize) is a reason to draw again.
                Ok(_) => drop(sender.try_send(KeyEvent::new(KeyCode::Null, KeyModifiers::NONE))),
                Err(_) => return,
            }
        }
    });
    receiver
}
