//! The values an input may take: every so many from a base.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    pub base: u64,
    pub step: u64,
}

impl Grid {
    /// The multiples of both numbers; none where those are too far apart for any picture.
    pub(super) fn common(a: u64, b: u64) -> Option<Self> {
        let (mut rest, mut divisor) = (a.max(1), b.max(1));
        while rest != 0 {
            (rest, divisor) = (divisor % rest, rest);
        }
        Some(Self { base: 0, step: (a.max(1) / divisor).checked_mul(b.max(1))? })
    }

    /// The value nearest to `wanted`, from `low` to `high`.
    pub(super) fn nearest(self, wanted: f64, low: u64, high: u64) -> Option<u64> {
        let first = low.saturating_sub(self.base).div_ceil(self.step);
        let last = high.checked_sub(self.base)? / self.step;
        let steps = ((wanted - self.base as f64) / self.step as f64).round();
        (first <= last).then(|| (steps.max(0.0) as u64).clamp(first, last) * self.step + self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_value_is_on_the_grid_and_within_bounds() {
        let four = Grid { base: 1, step: 4 };
        assert_eq!(four.nearest(48.6, 17, 80), Some(49));
        assert_eq!(four.nearest(3.0, 17, 80), Some(17));
        assert_eq!(four.nearest(200.0, 17, 80), Some(77));
        assert_eq!(four.nearest(20.0, 18, 20), None, "nothing of the grid lies between");
        assert_eq!(Grid { base: 7, step: 6 }.nearest(1.0, 0, 5), None, "all of it lies above");
        assert_eq!(four.nearest(f64::NAN, 17, 80), Some(17));
    }

    #[test]
    fn what_two_steps_share_is_their_least_common_multiple() {
        assert_eq!(Grid::common(64, 32), Some(Grid { base: 0, step: 64 }));
        assert_eq!(Grid::common(64, 12), Some(Grid { base: 0, step: 192 }));
        assert_eq!(Grid::common(8, 0), Some(Grid { base: 0, step: 8 }));
        assert_eq!(Grid::common(u64::MAX, u64::MAX - 1), None);
    }
}
