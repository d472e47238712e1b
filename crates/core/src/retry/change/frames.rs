//! A shorter video.

use super::Edit;
use super::grid::Grid;
use super::place::{Place, Whole};
use crate::retry::words::Said;

/// What the count of frames is called, by `ComfyUI`'s own classes and the common extensions.
const INPUTS: [&str; 5] = ["length", "num_frames", "video_frames", "frame_count", "frames"];

pub(super) fn edits(places: &[Place], factor: f64, floor: u64) -> Vec<Edit> {
    let counted: Vec<(&Place, &str, Whole)> =
        places.iter().filter_map(|place| count(place).map(|(input, now)| (place, input, now))).collect();
    let fewer: Vec<(u64, u64)> = counted
        .iter()
        .filter(|(place, ..)| place.chosen)
        .filter_map(|(.., now)| {
            let wanted = now.value as f64 * factor;
            let to = grid(now).nearest(wanted, floor.max(now.min), now.value.checked_sub(1)?)?;
            Some((now.value, to))
        })
        .collect();
    // All that names the same count follows, or the parts of the video would no longer fit together.
    let edits = counted.iter().filter_map(|(place, input, now)| {
        let (from, to) = *fewer.iter().find(|(from, _)| *from == now.value)?;
        Some(Edit {
            node_id: place.node.id.clone(),
            class: None,
            inputs: vec![((*input).to_owned(), to.into())],
            said: Said::Frames { from, to },
        })
    });
    edits.collect()
}

/// The count of frames a node is to make. Without a size beside it, it picks frames of a video that is there.
fn count<'a>(place: &Place) -> Option<(&'a str, Whole)> {
    if !(place.specs.contains_key("width") && place.specs.contains_key("height")) {
        return None;
    }
    INPUTS.iter().find_map(|input| Some((*input, place.whole(input)?)))
}

/// The counts the class takes: those its steps lead to (4n+1 for most video models); without steps, 4n+1 where the
/// count was such a one.
fn grid(now: &Whole) -> Grid {
    match now.step {
        1 if now.value % 4 == 1 => Grid { base: 1, step: 4 },
        step => Grid { base: now.min, step },
    }
}
