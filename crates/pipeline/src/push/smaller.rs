//! What of a frame is left out where a gateway does not take the whole: what is missed least goes first, step by step,
//! until the rest fits. `truncated` says so, and the page fetches all of it over HTTP. Much of a frame may be links: one
//! that a role has signed is beyond a kilobyte.

use crate::hub::{EncodeError, Encoded};
use monitor_core::event::JobError;
use monitor_core::frame::{Frame, FrameBody};
use monitor_core::generation::{Generation, Output, Status, Summary};
use std::mem::take;
use uuid::Uuid;

/// Characters of one text, where many of them together were too much.
const TEXT: usize = 2_000;

/// The frame with no more left out than must be; `None` where nothing of it can be and it still does not fit.
pub(super) fn within(largest: usize, frame: &Frame) -> Result<Option<Encoded>, EncodeError> {
    let mut frame = frame.clone();
    while leave_out(&mut frame.body) {
        let encoded = Encoded::text(&frame)?;
        if encoded.payload().len() <= largest {
            return Ok(Some(encoded));
        }
    }
    Ok(None)
}

/// The next step; false where there is none.
fn leave_out(body: &mut FrameBody) -> bool {
    match body {
        FrameBody::Snapshot { generation, generations, truncated, .. } => {
            *truncated = true;
            match (generation, generations) {
                (Some(Some(generation)), _) => leave_out_of_generation(generation),
                (_, Some(generations)) => leave_out_of_list(generations),
                _ => false,
            }
        }
        FrameBody::Outputs { outputs, truncated } | FrameBody::Completed { outputs, truncated, .. } => {
            *truncated = true;
            leave_out_of_outputs(outputs)
        }
        FrameBody::WorkflowNodes { workflow_data } => each(&mut workflow_data.nodes, |node| {
            node.expected.take().is_some() | !take(&mut node.dependencies).is_empty()
        }),
        FrameBody::JobProgress { nodes, .. } => {
            let kept = nodes.len() / 2;
            nodes.drain(kept..).next().is_some()
        }
        FrameBody::JobFailed { error, message } | FrameBody::JobRetry { error, message, .. } => {
            shorten_error(error) | cut(message)
        }
        FrameBody::GenerationUpdate { generation } => shorten_summary(generation),
        _ => false,
    }
}

fn leave_out_of_generation(generation: &mut Generation) -> bool {
    !take(&mut generation.nodes).is_empty() || shorten(generation) || leave_out_of_outputs(&mut generation.outputs)
}

/// Of long texts the beginning stays, then the newer half.
fn leave_out_of_outputs(outputs: &mut Vec<Output>) -> bool {
    let texts = outputs.iter_mut().filter_map(|output| output.text.as_mut());
    each(texts, cut) || {
        let older = outputs.len().div_ceil(2);
        outputs.drain(..older).next().is_some()
    }
}

/// What has ended goes before what has not: its pictures, then all of it, older ones first. Of what is left, what runs
/// stays longest, and before it what runs next. Lists have the newest first.
fn leave_out_of_list(list: &mut Vec<Summary>) -> bool {
    let is_ended = |summary: &Summary| summary.status.is_ended();
    if each(&mut *list, shorten_summary) {
        return true;
    }
    let shown = those(list, |summary| is_ended(summary) && summary.thumbnail_url.is_some());
    if let older @ [_, ..] = &shown[shown.len() / 2..] {
        return each(&mut *list, |summary| older.contains(&summary.queue_id) && summary.thumbnail_url.take().is_some());
    }
    let ended = those(list, is_ended);
    if let older @ [_, ..] = &ended[ended.len() / 2..] {
        list.retain(|summary| !older.contains(&summary.queue_id));
        return true;
    }
    if each(&mut *list, |summary| summary.thumbnail_url.take().is_some() | !take(&mut summary.strip).is_empty()) {
        return true;
    }
    let mut open = those(list, |summary| summary.status == Status::Pending);
    open.extend(those(list, |summary| summary.status == Status::Processing));
    let last_to_run = &open[..open.len().div_ceil(2)];
    list.retain(|summary| !last_to_run.contains(&summary.queue_id));
    !last_to_run.is_empty()
}

fn those(list: &[Summary], wanted: impl Fn(&Summary) -> bool) -> Vec<Uuid> {
    list.iter().filter(|summary| wanted(summary)).map(|summary| summary.queue_id).collect()
}

fn shorten(generation: &mut Generation) -> bool {
    let attempts = generation.attempts.iter_mut().filter_map(|attempt| attempt.error.as_mut());
    let errors = each(generation.error.iter_mut().chain(attempts), shorten_error);
    errors | generation.metadata.take().is_some() | !take(&mut generation.warnings).is_empty()
}

fn shorten_summary(summary: &mut Summary) -> bool {
    let error = each(&mut summary.error, shorten_error);
    error | summary.metadata.take().is_some() | !take(&mut summary.warnings).is_empty()
}

fn shorten_error(error: &mut JobError) -> bool {
    !take(&mut error.traceback).is_empty() | cut(&mut error.message)
}

fn cut(text: &mut String) -> bool {
    let Some((end, _)) = text.char_indices().nth(TEXT).filter(|(end, _)| end + '…'.len_utf8() < text.len()) else {
        return false;
    };
    text.truncate(end);
    text.push('…');
    true
}

/// Of all of them; whether any was changed.
fn each<T>(all: impl IntoIterator<Item = T>, mut change: impl FnMut(T) -> bool) -> bool {
    all.into_iter().fold(false, |changed, one| change(one) | changed)
}
