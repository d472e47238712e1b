//! Many rows in one statement, out of few statement texts.
//!
//! Each statement is a trip to the connection's thread and back, each new text is compiled anew. Batches are cut into
//! powers of two, so that any number of rows is written in a few trips with texts that are compiled once.

use sqlx::AssertSqlSafe;
use std::sync::Arc;

/// 2^6 rows of a dozen columns stay far below the 32,766 parameters `SQLite` allows.
const POWERS: usize = 7;

pub(crate) struct Batch {
    texts: [Arc<str>; POWERS],
}

impl Batch {
    /// `row` is repeated, with commas between, between `before` and `after`.
    pub(crate) fn new(before: &str, row: &str, after: &str) -> Batch {
        let text = |power: usize| {
            let rows = vec![row; 1 << power].join(", ");
            Arc::from(format!("{before}{rows}{after}"))
        };
        Batch {
            texts: std::array::from_fn(text),
        }
    }

    /// How many of `left` rows go next, and the text for so many.
    pub(crate) fn next(&self, left: usize) -> (usize, AssertSqlSafe<Arc<str>>) {
        let power = (left.max(1).ilog2() as usize).min(POWERS - 1);
        // Safe: texts are made of our own literals, and values are bound.
        (1 << power, AssertSqlSafe(Arc::clone(&self.texts[power])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_is_cut_into_powers_of_two() {
        let batch = Batch::new("VALUES ", "(?)", "");
        let mut left: usize = 150;
        let mut sizes = Vec::new();
        while left > 0 {
            let (size, AssertSqlSafe(text)) = batch.next(left);
            assert_eq!(text.matches("(?)").count(), size);
            sizes.push(size);
            left -= size;
        }
        assert_eq!(sizes, [64, 64, 16, 4, 2]);
    }
}
