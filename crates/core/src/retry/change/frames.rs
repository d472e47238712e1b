//! A shorter video.

use super::Edit;
use super::grid::Grid;
use super::place::{FRAMES, Place, Whole};
use crate::retry::policy::Nodes;
use crate::retry::words::Said;

pub(super) fn edits(places: &[Place], on: &Nodes, factor: f64, floor: u64) -> Vec<Edit> {
    let counted: Vec<(&Place, Whole)> = places.iter().filter_map(|place| Some((place, count(place)?))).collect();
    let fewer: Vec<(u64, u64)> = counted
        .iter()
        .filter(|(place, _)| place.is_chosen(on))
        .filter_map(|(_, now)| {
            let wanted = now.value as f64 * factor;
            let to = grid(now).nearest(wanted, floor.max(now.min), now.value.checked_sub(1)?)?;
            Some((now.value, to))
        })
        .collect();
    // All that names the same count follows, or the parts of the video would no longer fit together.
    let edits = counted.iter().filter_map(|(_, now)| {
        let (from, to) = *fewer.iter().find(|(from, _)| *from == now.value)?;
        Some(Edit { said: Said::Frames { from, to }, inputs: vec![now.set(to)], class: None })
    });
    edits.collect()
}

/// The count of frames a node is to make. Without a size beside it, it picks frames of a video that is there; but for
/// the sound that goes with one (`LTXVEmptyLatentAudio`).
fn count(place: &Place) -> Option<Whole> {
    let is_sized = place.specs.contains_key("width") && place.specs.contains_key("height");
    FRAMES.iter().find_map(|input| place.whole(input).filter(|_| is_sized || *input == "frames_number"))
}

/// The counts the class takes: those its steps lead to (4n+1 for most video models); without steps, 4n+1 where the
/// count was such a one.
fn grid(now: &Whole) -> Grid {
    match now.step {
        1 if now.value % 4 == 1 => Grid { base: 1, step: 4 },
        step => Grid { base: now.min, step },
    }
}
