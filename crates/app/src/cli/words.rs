//! Numbers and times in words, as the page writes them.

use monitor_core::event::Eta;

/// `0.62 s`, `11.4 s`, `4:07`, `1:04:09`.
pub fn duration(millis: u64) -> String {
    let seconds = millis / 1_000;
    match millis {
        0..10 => "under 0.01 s".to_owned(),
        10..1_000 => format!("{:.2} s", millis as f64 / 1_000.0),
        1_000..60_000 => format!("{:.1} s", (millis / 100) as f64 / 10.0),
        60_000..3_600_000 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// Time left, no more exact than it is known.
pub fn left(eta: &Eta) -> String {
    let (low, high) = (eta.low_ms.max(1), eta.high_ms.max(1));
    let minutes = |millis: u64| millis.div_ceil(60_000);
    let rounded = |millis: u64, step: u64| millis.div_ceil(step * 1_000) * step;
    match eta.remaining_ms {
        ..5_000 => "a few seconds left".to_owned(),
        // A wide range is told as one.
        60_000.. if high * 2 > low * 3 && minutes(low) < minutes(high) => {
            format!("{} to {} min left", minutes(low), minutes(high))
        }
        remaining @ ..60_000 => format!("about {} s left", rounded(remaining, 5)),
        remaining @ ..120_000 => format!("about {} s left", rounded(remaining, 10)),
        remaining => format!("about {} min left", minutes(remaining)),
    }
}

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
    fn durations_are_written_as_on_the_page() {
        for (millis, text) in [
            (3, "under 0.01 s"),
            (620, "0.62 s"),
            (11_450, "11.4 s"),
            (59_999, "59.9 s"),
            (247_000, "4:07"),
            (3_849_000, "1:04:09"),
        ] {
            assert_eq!(duration(millis), text);
        }
    }

    #[test]
    fn time_left_is_no_more_exact_than_it_is_known() {
        let eta = |remaining_ms, low_ms, high_ms| left(&Eta { remaining_ms, low_ms, high_ms });
        assert_eq!(eta(3_000, 1_000, 9_000), "a few seconds left");
        assert_eq!(eta(18_200, 17_000, 20_000), "about 20 s left");
        assert_eq!(eta(71_000, 70_000, 75_000), "about 80 s left");
        assert_eq!(eta(190_000, 110_000, 240_000), "2 to 4 min left");
        assert_eq!(eta(590_000, 580_000, 600_000), "about 10 min left");
    }

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
