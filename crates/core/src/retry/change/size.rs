//! A smaller picture.
//!
//! Nodes that make something of a given width and height are scaled; those that only name the size of what is made
//! (a scheduler, a camera path) follow, wherever they are, or they would no longer belong to it.

use super::Edit;
use super::grid::Grid;
use super::place::{Place, Whole};
use crate::names::{NodeKind, Words};
use crate::retry::policy::Nodes;
use crate::retry::words::Said;

/// A node with the width and height it gives.
struct Sized<'a> {
    place: &'a Place<'a>,
    width: Whole,
    height: Whole,
}

type Size = (u64, u64);

pub(super) fn edits(places: &[Place], on: &Nodes, factor: f64, round: u64, floor: u64) -> Vec<Edit> {
    // What lies at a place in the picture would no longer lie where it belongs.
    if places.iter().any(|place| place.whole("x").is_some() && place.whole("y").is_some()) {
        return Vec::new();
    }
    let sized: Vec<Sized> = places.iter().filter_map(Sized::of).collect();
    let makers = sized.iter().filter(|it| it.place.is_chosen(on) && it.place.puts_out(&["LATENT", "IMAGE"]));
    let scaled: Vec<(Size, Size)> =
        makers.filter_map(|it| Some((it.size(), smaller(it.size(), &sized, factor, round, floor)?))).collect();
    let edits = sized.iter().filter_map(|it| {
        let (from, to) = *scaled.iter().find(|(from, _)| *from == it.size())?;
        let inputs = vec![it.width.set(to.0), it.height.set(to.1)];
        Some(Edit { said: Said::Size { from, to }, inputs, class: None })
    });
    edits.collect()
}

impl<'a> Sized<'a> {
    /// A crop is a choice of the person's; what a text encoder of SDXL is told is a property of the pictures it learned
    /// from.
    fn of(place: &'a Place) -> Option<Self> {
        let names_it = place.kind != NodeKind::TextEncoder && !Words::of(&place.node.class_type).any(&["crop"]);
        let (width, height) = (place.whole("width")?, place.whole("height")?);
        names_it.then_some(Self { place, width, height })
    }

    fn size(&self) -> Size {
        (self.width.value, self.height.value)
    }
}

/// What becomes of a size, so that all who name it can take it.
fn smaller(from: Size, sized: &[Sized], factor: f64, round: u64, floor: u64) -> Option<Size> {
    let shorter = from.0.min(from.1);
    // 0 is "as the other side gives" (`ImageScale`).
    if shorter == 0 {
        return None;
    }
    let factor = factor.max(floor as f64 / shorter as f64);
    let same = || sized.iter().filter(|it| it.size() == from);
    let to = (
        side(same().map(|it| &it.width), from.0 as f64 * factor, round, floor)?,
        side(same().map(|it| &it.height), from.1 as f64 * factor, round, floor)?,
    );
    (factor < 1.0 && to != from).then_some(to)
}

/// The side nearest to `wanted` that all of these take, none of which is to grow.
fn side<'a>(mut sides: impl Iterator<Item = &'a Whole>, wanted: f64, round: u64, floor: u64) -> Option<u64> {
    let start = (Grid { base: 0, step: round }, floor, u64::MAX);
    let (grid, low, high) = sides.try_fold(start, |(grid, low, high), side| {
        Some((Grid::common(grid.step, side.step)?, low.max(side.min), high.min(side.value)))
    })?;
    grid.nearest(wanted, low, high)
}
