//! `watch` in a terminal: one row a generation.

use super::board::Board;
use super::lines::what;
use crate::cli::words;
use monitor_core::generation::{Status, Summary};
use monitor_core::spans::Steady;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table, TableState};
use std::collections::HashMap;
use uuid::Uuid;

const BAR: usize = 16;
/// What is alive is amber, and nothing else is.
const LIVE: Color = Color::Indexed(215);

#[derive(Debug, Default)]
pub(super) struct Screen {
    /// By id: a row that moves stays the selected one.
    pub(super) selected: Option<Uuid>,
    pub(super) note: String,
    state: TableState,
    /// The words of the time left, by generation.
    left: HashMap<Uuid, Steady>,
}

impl Screen {
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, board: &Board) {
        let [head, body, foot] =
            Layout::vertical([Constraint::Length(2), Constraint::Min(1), Constraint::Length(1)]).areas(frame.area());
        let state = match &board.lost {
            Some(reason) => Line::from(format!("No connection to the monitor: {reason}")).red(),
            None => Line::from(words::printable(&board.servers())).dim(),
        };
        frame.render_widget(Paragraph::new(vec![Line::from("ComfyUI Monitor").bold(), state]), head);

        let rows = board.rows();
        if rows.is_empty() {
            frame.render_widget(
                Paragraph::new("No jobs yet. Jobs from any client of your servers show up here.").dim(),
                body,
            );
        } else {
            let at = self.selected.and_then(|id| rows.iter().position(|row| row.queue_id == id));
            self.state.select(at);
            let left: Vec<String> = rows.iter().map(|row| self.left(row)).collect();
            self.left.retain(|id, _| rows.iter().any(|row| row.queue_id == *id && row.status == Status::Processing));
            // Wide terminals have room for the longest ("10 to 40 min, first run here").
            let room = if frame.area().width < 120 { 18 } else { 28 };
            let widths = [
                Constraint::Length(1),
                Constraint::Fill(2),
                Constraint::Fill(3),
                Constraint::Length(u16::try_from(BAR).unwrap_or(u16::MAX)),
                Constraint::Length(4),
                Constraint::Length(room),
            ];
            let table = Table::new(rows.into_iter().zip(left).map(|(summary, left)| row(summary, left)), widths)
                .column_spacing(2)
                .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
            frame.render_stateful_widget(table, body, &mut self.state);
        }
        let keys = if self.note.is_empty() { "↑ ↓ select   c cancel   q quit" } else { &self.note };
        frame.render_widget(Paragraph::new(words::printable(keys)).dim(), foot);
    }

    fn left(&mut self, summary: &Summary) -> String {
        if summary.status != Status::Processing || summary.stalled_since.is_some() {
            return String::new();
        }
        let steady = self.left.entry(summary.queue_id).or_default();
        steady.left(summary.eta, summary.over_ms, monitor_pipeline::clock::now().mono).to_owned()
    }

    /// Up is -1.
    pub(super) fn step(&mut self, board: &Board, by: isize) {
        let rows = board.rows();
        let at = self.selected.and_then(|id| rows.iter().position(|row| row.queue_id == id));
        let next = at.map_or(0, |at| at.saturating_add_signed(by).min(rows.len().saturating_sub(1)));
        self.selected = rows.get(next).map(|row| row.queue_id);
    }
}

fn row(summary: &Summary, left: String) -> Row<'static> {
    let (glyph, color) = match summary.status {
        Status::Processing if summary.stalled_since.is_some() => ("▲", Color::Indexed(185)),
        Status::Processing => ("●", LIVE),
        Status::Pending if summary.retry.is_some() => ("↻", Color::Indexed(111)),
        Status::Pending => ("◌", Color::Gray),
        Status::Completed => ("✓", Color::Green),
        Status::Failed => ("✗", Color::Red),
        Status::Interrupted => ("■", Color::Gray),
    };
    let percent = match summary.status {
        Status::Pending => String::new(),
        _ => format!("{:>3}%", words::percent(summary.overall_percentage)),
    };
    Row::new([
        Cell::from(glyph).style(color),
        Cell::from(words::printable(&summary.title)),
        Cell::from(words::printable(&what(summary))).style(Style::new().dim()),
        Cell::from(bar(summary, color)),
        Cell::from(percent),
        Cell::from(left).style(Style::new().dim()),
    ])
}

fn bar(summary: &Summary, color: Color) -> Line<'static> {
    if summary.status == Status::Pending {
        return Line::default();
    }
    let lit = (summary.overall_percentage.clamp(0.0, 100.0) / 100.0 * BAR as f64).floor() as usize;
    let color = if summary.status == Status::Processing { color } else { Color::DarkGray };
    Line::from(vec![
        Span::styled("━".repeat(lit), color),
        Span::styled("─".repeat(BAR - lit), Style::new().fg(Color::DarkGray).dim()),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::{hear, update};
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    fn drawn(screen: &mut Screen, board: &Board, width: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, 6)).unwrap();
        terminal.draw(|frame| screen.draw(frame, board)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..6).map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_running_job_shows_its_node_its_steps_and_how_far_it_is() {
        let (mut board, mut screen) = (Board::default(), Screen::default());
        assert!(drawn(&mut screen, &board, 100).contains("No jobs yet"));
        hear(&mut board, &update(1, "processing", 1));
        let text = drawn(&mut screen, &board, 100);
        assert!(text.contains("● ") && text.contains("Job 1") && text.contains("K-Sampler 15/20"), "{text}");
        assert!(text.contains(&"━".repeat(10)) && text.contains("66%"), "{text}");
        drawn(&mut screen, &board, 10);
    }

    #[test]
    fn a_running_job_says_how_long_it_still_takes_and_a_silent_one_since_when() {
        let (mut board, mut screen) = (Board::default(), Screen::default());
        let mut frame = update(1, "processing", 1);
        hear(&mut board, &frame);
        assert!(drawn(&mut screen, &board, 100).contains("not known yet"));
        frame["generation"]["eta"] = json!({"remainingMs": 190_000, "lowMs": 110_000, "highMs": 240_000});
        hear(&mut board, &frame);
        let text = drawn(&mut Screen::default(), &board, 100);
        assert!(text.contains("2 to 4 min left"), "{text}");
        frame["generation"]["stalledSince"] = json!("2026-11-24T16:39:04.974Z");
        frame["generation"]["message"] = json!("No word from K-Sampler for 1:12");
        hear(&mut board, &frame);
        let text = drawn(&mut screen, &board, 140);
        assert!(text.contains("▲ ") && text.contains("No word from K-Sampler for 1:12"), "{text}");
    }

    #[test]
    fn a_lost_connection_is_told() {
        let mut board = Board::default();
        board.lost = Some("refused".into());
        assert!(drawn(&mut Screen::default(), &board, 80).contains("No connection to the monitor: refused"));
    }

    #[test]
    fn the_selection_stays_on_its_job_when_rows_move() {
        let (mut board, mut screen) = (Board::default(), Screen::default());
        hear(&mut board, &update(1, "processing", 1));
        screen.step(&board, 1);
        assert_eq!(screen.selected, Some(Uuid::from_u128(1)));
        hear(&mut board, &update(2, "processing", 1));
        screen.step(&board, 1);
        assert_eq!(screen.selected, Some(Uuid::from_u128(1)), "it is the last row now");
        screen.step(&board, -1);
        assert_eq!(screen.selected, Some(Uuid::from_u128(2)));
    }
}
