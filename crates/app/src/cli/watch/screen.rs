//! `watch` in a terminal: one row a generation.

use super::board::Board;
use super::lines::what;
use crate::cli::words;
use monitor_core::generation::{Status, Summary};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table, TableState};
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
            let widths = [
                Constraint::Length(1),
                Constraint::Fill(2),
                Constraint::Fill(3),
                Constraint::Length(u16::try_from(BAR).unwrap_or(u16::MAX)),
                Constraint::Length(4),
                Constraint::Length(18),
            ];
            let table = Table::new(rows.into_iter().map(row), widths)
                .column_spacing(2)
                .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
            frame.render_stateful_widget(table, body, &mut self.state);
        }
        let keys = if self.note.is_empty() { "↑ ↓ select   c cancel   q quit" } else { &self.note };
        frame.render_widget(Paragraph::new(words::printable(keys)).dim(), foot);
    }

    /// Up is -1.
    pub(super) fn step(&mut self, board: &Board, by: isize) {
        let rows = board.rows();
        let at = self.selected.and_then(|id| rows.iter().position(|row| row.queue_id == id));
        let next = at.map_or(0, |at| at.saturating_add_signed(by).min(rows.len().saturating_sub(1)));
        self.selected = rows.get(next).map(|row| row.queue_id);
    }
}

fn row(summary: &Summary) -> Row<'static> {
    let (glyph, color) = match summary.status {
        Status::Processing => ("●", LIVE),
        Status::Pending if summary.retry.is_some() => ("↻", Color::Indexed(111)),
        Status::Pending => ("◌", Color::Gray),
        Status::Completed => ("✓", Color::Green),
        Status::Failed => ("✗", Color::Red),
        Status::Interrupted => ("■", Color::Gray),
    };
    let left = match (summary.status, &summary.eta) {
        (Status::Processing, Some(eta)) => words::left(eta),
        _ => String::new(),
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
