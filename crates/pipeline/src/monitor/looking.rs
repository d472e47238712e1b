//! Questions to the server that take several answers, asked in the order that misses nothing.

use super::watchdog::Running;
use crate::comfy::{Comfy, ComfyError};
use futures::{StreamExt, TryStreamExt, stream};
use monitor_core::comfy::rest::{HistoryEntry, QueueItem};
use monitor_core::tracker::Snapshot;
use std::collections::HashSet;

/// Jobs asked for one by one in one snapshot; what is left over is asked for by the next.
const MAX_ASKED: usize = 256;
const IN_PARALLEL: usize = 6;
/// Of the newest history, after a connect and later.
const RECENT_AT_FIRST: u32 = 64;
const RECENT: u32 = 8;

/// `/queue`, then `/history`: a job moves from the one to the other without a gap, so one that is in neither, asked
/// in this order, is gone (`comfyui-protocol`, section 5).
pub(super) async fn snapshot(
    comfy: &dyn Comfy,
    prompt_ids: Vec<String>,
    after_connect: bool,
) -> Result<Snapshot, ComfyError> {
    let queue = comfy.queue().await?;
    let queued: HashSet<&str> =
        queue.running.iter().chain(&queue.pending).map(|item| item.prompt_id.as_str()).collect();
    let asked = prompt_ids.into_iter().filter(|id| !queued.contains(id.as_str())).take(MAX_ASKED);
    let ask = |prompt_id: String| async move {
        let entry = comfy.history(&prompt_id).await?;
        Ok::<_, ComfyError>((prompt_id, entry))
    };
    let one_by_one = stream::iter(asked.collect::<Vec<_>>()).map(ask).buffered(IN_PARALLEL).try_collect::<Vec<_>>();
    let recent = async {
        match comfy.recent_history(if after_connect { RECENT_AT_FIRST } else { RECENT }).await {
            // A server, or a proxy before it, that does not know the list: the jobs in question are known one by one.
            Err(ComfyError::Http { .. } | ComfyError::NotComfy { .. }) => Ok(None),
            answer => answer.map(Some),
        }
    };
    let (found, recent) = futures::try_join!(one_by_one, recent)?;

    let history_empty = recent.as_ref().is_some_and(|recent| recent.entries.is_empty())
        && found.iter().all(|(_, entry)| entry.is_none());
    let recent = recent.unwrap_or_default();
    let among_recent: HashSet<String> = recent.entries.iter().map(|entry| entry.prompt_id.clone()).collect();
    let mut history: Vec<HistoryEntry> = Vec::new();
    let mut missing = Vec::new();
    for (prompt_id, entry) in found {
        match entry {
            _ if among_recent.contains(&prompt_id) => {}
            Some(entry) => history.push(entry),
            None => missing.push(prompt_id),
        }
    }
    history.extend(recent.entries);
    // What ended between the two questions is in both answers: the later one counts. The number tells another run
    // under the same id.
    let ended: HashSet<(&str, u64)> = history.iter().filter_map(|entry| entry.job.as_ref()).map(run).collect();
    let open = |items: Vec<QueueItem>| items.into_iter().filter(|item| !ended.contains(&run(item))).collect();
    let (running, pending) = (open(queue.running), open(queue.pending));
    Ok(Snapshot { running, pending, history, missing, history_empty, after_connect })
}

/// A prompt id and the number it was queued under, whose bits are as the server gave it.
fn run(item: &QueueItem) -> (&str, u64) {
    (&item.prompt_id, item.number.to_bits())
}

/// A prompt that the server has.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub prompt_id: String,
    pub number: Option<f64>,
    /// It is in the history, not in the queue.
    pub ended: bool,
}

/// Whether the server has a prompt, waiting, running or ended.
pub(super) async fn find(comfy: &dyn Comfy, prompt_id: &str) -> Result<Option<Found>, ComfyError> {
    let queue = comfy.queue().await?;
    let found = |item: Option<&QueueItem>, ended| Found {
        prompt_id: prompt_id.to_owned(),
        number: item.map(|item| item.number),
        ended,
    };
    if let Some(item) = queue.running.iter().chain(&queue.pending).find(|item| item.prompt_id == prompt_id) {
        return Ok(Some(found(Some(item), false)));
    }
    Ok(comfy.history(prompt_id).await?.map(|entry| found(entry.job.as_ref(), true)))
}

/// The first job of this client that runs.
pub(super) async fn running_of(comfy: &dyn Comfy, client_id: &str) -> Result<Running, ComfyError> {
    let queue = comfy.queue().await?;
    let ours = queue.running.into_iter().find(|item| item.client_id.as_deref() == Some(client_id));
    Ok(ours.map_or(Running::Nothing, |item| Running::Job(item.prompt_id)))
}

/// Takes a waiting job out of the queue or stops it while it runs; false if it is in neither state any more.
pub(super) async fn cancel(comfy: &dyn Comfy, prompt_id: &str) -> Result<bool, ComfyError> {
    if let Some(cancelled) = comfy.cancel(prompt_id).await? {
        return Ok(cancelled);
    }
    // A server before 0.26. Its `/interrupt` may not read the id (before 0.3.57) and then stops whatever runs: it is
    // asked only right after the job was seen running. A waiting job may begin to run before it is deleted: hence the
    // second look.
    let mut deleted = false;
    for _ in 0..2 {
        let queue = comfy.queue().await?;
        if queue.running.iter().any(|item| item.prompt_id == prompt_id) {
            comfy.interrupt(prompt_id).await?;
            return Ok(true);
        }
        if !queue.pending.iter().any(|item| item.prompt_id == prompt_id) {
            break;
        }
        comfy.delete(&[prompt_id.to_owned()]).await?;
        deleted = true;
    }
    Ok(deleted)
}
