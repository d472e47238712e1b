//! Lists: what the store has, with the live state of what is going on.

use super::Service;
use crate::api::ApiError;
use crate::clock;
use crate::ports::{ListQuery, Page};
use crate::records::midnight;
use monitor_core::frame::FrameBody;
use monitor_core::generation::{Instance, Status, Summary};
use monitor_core::time::Timestamp;

/// Ended generations in the snapshot of all.
const NEWEST_ENDED: u32 = 50;
/// Generations that wait or run in the snapshot of all.
const MOST_OPEN: u32 = 200;

impl Service {
    pub(super) async fn page(&self, mut query: ListQuery) -> Result<Page, ApiError> {
        let now = clock::wall();
        if query.today == Timestamp::default() {
            query.today = midnight(now);
        }
        let mut page = self.parts.store.list(&query).await?;
        for summary in &mut page.items {
            self.parts.read_model.freshen(summary, now);
        }
        Ok(page)
    }
}

/// What those who watch all see first: what is open, and the newest that has ended.
pub(crate) fn shown_first() -> [ListQuery; 2] {
    let query = |statuses: &[Status], limit| ListQuery { statuses: statuses.to_vec(), limit, ..ListQuery::default() };
    [
        query(&[Status::Pending, Status::Processing], MOST_OPEN),
        query(&[Status::Completed, Status::Failed, Status::Interrupted], NEWEST_ENDED),
    ]
}

pub(crate) fn snapshot_of_all(generations: Vec<Summary>, instances: Vec<Instance>) -> FrameBody {
    FrameBody::Snapshot {
        queue_id: "*".to_owned(),
        sequence: None,
        generation: None,
        generations: Some(generations),
        instances: Some(instances),
        truncated: false,
    }
}
