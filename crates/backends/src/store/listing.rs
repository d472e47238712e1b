//! What lists mean, whatever database has the rows: cursors, ranks, and how titles and ids are searched.

use monitor_core::generation::{Status, Summary};
use monitor_core::time::{Timestamp, percentage};
use monitor_pipeline::ports::StoreError;
use uuid::Uuid;

/// A status as its place among all of them, which is also its rank; it stands so in files that people have.
pub(crate) fn rank(status: Status) -> i64 {
    status as i64
}

/// When it ended, if it has. What was refused never ran and may have no end of its own.
pub(crate) fn ended_at(summary: &Summary) -> Option<Timestamp> {
    let ended_at = summary.completed_at.or(summary.started_at).unwrap_or(summary.created_at);
    summary.status.is_ended().then_some(ended_at)
}

/// Of those that ended by themselves, how many went well.
pub(crate) fn success_percentage(completed: u64, failed: u64) -> Option<f64> {
    let ended = completed + failed;
    (ended > 0).then(|| percentage(completed as f64 / ended as f64 * 100.0))
}

/// How titles and what is searched in them are compared.
pub(crate) fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// The ids whose text begins so, as a range.
pub(crate) fn ids_beginning_with(text: &str) -> Option<(Uuid, Uuid)> {
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    let is_beginning = (1..=32).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let filled = |with: &str| Uuid::try_parse(&format!("{digits}{}", with.repeat(32 - digits.len()))).ok();
    if is_beginning { Some((filled("0")?, filled("f")?)) } else { None }
}

/// The last row of a page: the next page begins behind it, whatever was added in front meanwhile.
pub(crate) struct Cursor {
    pub(crate) created_at: i64,
    pub(crate) queue_id: Uuid,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.created_at, self.queue_id.simple())
    }
}

impl Cursor {
    pub(crate) fn read(text: &str) -> Result<Cursor, StoreError> {
        let parts = text.split_once('_').and_then(|(created_at, queue_id)| {
            Some(Cursor { created_at: created_at.parse().ok()?, queue_id: Uuid::try_parse(queue_id).ok()? })
        });
        parts.ok_or_else(|| StoreError::BadCursor(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_stand_in_files_as_they_always_did() {
        assert_eq!(Status::ALL.map(rank), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_beginning_of_an_id_is_the_range_of_all_that_begin_so() {
        let id: Uuid = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9".parse().unwrap();
        for beginning in ["0", "0A1b", "0a1b2c3d-", "0a1b2c3d-4e5f-6", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"] {
            let (lowest, highest) = ids_beginning_with(beginning).unwrap();
            assert!((lowest..=highest).contains(&id), "{beginning}");
        }
        let (lowest, highest) = ids_beginning_with("0a1c").unwrap();
        assert!(!(lowest..=highest).contains(&id));
    }

    #[test]
    fn what_is_no_beginning_of_an_id_is_no_range() {
        for text in ["", "-", "cat", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f90", "é"] {
            assert_eq!(ids_beginning_with(text), None, "{text}");
        }
    }

    #[test]
    fn a_cursor_is_read_back_and_a_forged_one_refused() {
        let cursor = Cursor { created_at: -5, queue_id: Uuid::max() };
        let read = Cursor::read(&cursor.to_string()).unwrap();
        assert_eq!((read.created_at, read.queue_id), (-5, Uuid::max()));
        for forged in ["", "_", "1", "1_2", "x_ffffffffffffffffffffffffffffffff", "1_ffffffffffffffffffffffffffffffff'"]
        {
            assert!(matches!(Cursor::read(forged), Err(StoreError::BadCursor(_))), "{forged}");
        }
    }
}
