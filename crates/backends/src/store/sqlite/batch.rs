//! Many rows in one statement, out of few statement texts.
//!
//! Each statement is a trip to the connection's thread and back, each new text is compiled anew. So a batch is one
//! statement, with room for the next power of two of rows: the rows that are too many are not bound, which makes them
//! NULL, and statements leave those out.

use sqlx::AssertSqlSafe;
use std::sync::Arc;

/// 2^7 rows of a dozen columns stay far below the 32,766 parameters `SQLite` allows.
const POWERS: usize = 8;
/// Rows of one statement at most.
pub(crate) const MOST: usize = 1 << (POWERS - 1);

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
        Batch { texts: std::array::from_fn(text) }
    }

    /// How many of `left` rows go next, and the text for so many.
    pub(crate) fn next(&self, left: usize) -> (usize, AssertSqlSafe<Arc<str>>) {
        let size = left.clamp(1, MOST);
        let room = size.next_power_of_two().ilog2() as usize;
        // Safe: texts are made of our own literals, and values are bound.
        (size, AssertSqlSafe(Arc::clone(&self.texts[room])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_one_statement_with_room_for_all_of_it() {
        let batch = Batch::new("VALUES ", "(?)", "");
        for (left, size, room) in [(1, 1, 1), (3, 3, 4), (20, 20, 32), (128, 128, 128), (1000, 128, 128)] {
            let (next, AssertSqlSafe(text)) = batch.next(left);
            assert_eq!((next, text.matches("(?)").count()), (size, room), "{left}");
        }
    }
}
