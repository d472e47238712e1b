//! What of a frame can be left out when a gateway does not take the whole: the page fetches the rest over HTTP.

use monitor_core::event::JobError;
use monitor_core::frame::{Frame, FrameBody};
use monitor_core::generation::{Generation, Output, Summary};

/// Characters of one text, where many of them together were too much.
const TEXT: usize = 2_000;
const RUNNING: usize = 20;
const LISTED: usize = 40;
const OUTPUTS: usize = 60;

/// The frame in a smaller form; `None` where there is nothing to leave out.
pub(super) fn smaller(frame: &Frame) -> Option<Frame> {
    let mut frame = frame.clone();
    match &mut frame.body {
        FrameBody::Snapshot { generation, generations, truncated, .. } => {
            *truncated = true;
            if let Some(Some(generation)) = generation {
                generation.nodes.clear();
                shorten(generation);
            }
            if let Some(generations) = generations {
                generations.truncate(LISTED);
                generations.iter_mut().for_each(shorten_summary);
            }
        }
        FrameBody::WorkflowNodes { workflow_data } => {
            for node in &mut workflow_data.nodes {
                node.dependencies.clear();
                node.expected = None;
            }
        }
        FrameBody::JobProgress { nodes, .. } => nodes.truncate(RUNNING),
        FrameBody::Outputs { outputs } | FrameBody::Completed { outputs, .. } => shorten_outputs(outputs),
        FrameBody::JobFailed { error, message } | FrameBody::JobRetry { error, message, .. } => {
            shorten_error(error);
            cut(message);
        }
        FrameBody::GenerationUpdate { generation } => shorten_summary(generation),
        _ => return None,
    }
    Some(frame)
}

fn shorten(generation: &mut Generation) {
    shorten_outputs(&mut generation.outputs);
    generation.metadata = None;
    generation.warnings.truncate(RUNNING);
    for error in generation.error.iter_mut().chain(generation.attempts.iter_mut().filter_map(|of| of.error.as_mut())) {
        shorten_error(error);
    }
}

fn shorten_summary(summary: &mut Summary) {
    summary.metadata = None;
    summary.warnings.clear();
    if let Some(error) = &mut summary.error {
        shorten_error(error);
    }
}

/// The newest of them, and of long texts the beginning.
fn shorten_outputs(outputs: &mut Vec<Output>) {
    let older = outputs.len().saturating_sub(OUTPUTS);
    outputs.drain(..older);
    for text in outputs.iter_mut().filter_map(|output| output.text.as_mut()) {
        cut(text);
    }
}

fn shorten_error(error: &mut JobError) {
    error.traceback.clear();
    cut(&mut error.message);
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT) {
        text.truncate(end);
        text.push('…');
    }
}
