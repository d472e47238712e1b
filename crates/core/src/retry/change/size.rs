//! A smaller picture.
//!
//! Nodes that make something of a given width and height are scaled; those that only name the size of what is made
//! (a scheduler, a camera path) follow, wherever they are, or they would no longer belong to it.

use super::Edit;
use super::grid::Grid;
use super::place::Place;
use crate::names::{NodeKind, Words};
use crate::retry::words::Said;

type Size = (u64, u64);

pub(super) fn edits(places: &[Place], factor: f64, round: u64, floor: u64) -> Vec<Edit> {
    // What lies at a place in the picture would no longer lie where it belongs.
    if places.iter().any(|place| place.whole("x").is_some() && place.whole("y").is_some()) {
        return Vec::new();
    }
    let sized: Vec<(&Place, Size)> = places.iter().filter_map(|place| Some((place, size(place)?))).collect();
    let makers = sized.iter().filter(|(place, _)| place.chosen && place.puts_out(&["LATENT", "IMAGE"]));
    let scaled: Vec<(Size, Size)> =
        makers.filter_map(|(_, from)| Some((*from, smaller(*from, &sized, factor, round, floor)?))).collect();
    let edits = sized.iter().filter_map(|(place, from)| {
        let (_, to) = scaled.iter().find(|(scaled, _)| scaled == from)?;
        Some(Edit {
            node_id: place.node.id.clone(),
            class: None,
            inputs: vec![("width".to_owned(), to.0.into()), ("height".to_owned(), to.1.into())],
            said: Said::Size { from: *from, to: *to },
        })
    });
    edits.collect()
}

/// What the node is to make, or whose size it names. A crop is a choice of the person's; what a text encoder of SDXL is
/// told is a property of the pictures it learned from.
fn size(place: &Place) -> Option<Size> {
    let names_it = place.kind != NodeKind::TextEncoder && !Words::of(&place.node.class_type).any(&["crop"]);
    let size = (place.whole("width")?.value, place.whole("height")?.value);
    names_it.then_some(size)
}

/// What becomes of a size, so that all who name it can take it.
fn smaller(from: Size, sized: &[(&Place, Size)], factor: f64, round: u64, floor: u64) -> Option<Size> {
    let shorter = from.0.min(from.1);
    // 0 is "as the other side gives" (`ImageScale`).
    if shorter == 0 {
        return None;
    }
    let factor = factor.max(floor as f64 / shorter as f64);
    let side = |name: &str, now: u64| {
        let mut sides = sized.iter().filter(|(_, size)| *size == from).filter_map(|(place, _)| place.whole(name));
        let (grid, low) = sides.try_fold((Grid { base: 0, step: round }, floor), |(grid, low), side| {
            Some((Grid::common(grid.step, side.step)?, low.max(side.min)))
        })?;
        grid.nearest(now as f64 * factor, low, now)
    };
    let to = (side("width", from.0)?, side("height", from.1)?);
    (factor < 1.0 && to != from).then_some(to)
}
