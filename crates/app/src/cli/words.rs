//! Numbers and times in words, as the page writes them.

pub use monitor_core::spans::measured as duration;

/// Whole, and 100 only at the end.
pub fn percent(percentage: f64) -> u64 {
    percentage.clamp(0.0, 100.0).floor() as u64
}

/// `15/20 steps (75%)`; nothing where no steps are reported.
pub fn steps(value: Option<f64>, max: Option<f64>) -> Option<String> {
    let (value, max) = (value?, max?);
    let whole = |number: f64| if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") };
    Some(format!("{}/{}", whole(value), whole(max)))
}

/// Cut to so many characters, with an ellipsis.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A terminal obeys what is printed: text from elsewhere keeps its letters and loses its commands.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hundred_percent_is_not_rounded_up_to() {
        assert_eq!((percent(99.99), percent(100.0), percent(-1.0)), (99, 100, 0));
    }

    #[test]
    fn text_from_elsewhere_cannot_command_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c\r"), "a [2Jb c ");
    }

    #[test]
    fn steps_are_whole_where_they_can_be() {
        assert_eq!(steps(Some(15.0), Some(20.0)).as_deref(), Some("15/20"));
        assert_eq!(steps(Some(0.21), Some(0.7)).as_deref(), Some("0.2/0.7"));
        assert_eq!(steps(Some(1.0), None), None);
    }
}
