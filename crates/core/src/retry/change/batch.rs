//! A smaller batch: fewer pictures at once.

use super::Edit;
use super::place::Place;
use crate::retry::words::Said;

pub(super) fn edit(place: &Place, factor: f64, floor: u64) -> Option<Edit> {
    let now = match place.node.class_type.as_str() {
        // `nodes.py`, `comfy_extras/nodes_images.py`: as many copies of what comes in.
        "RepeatLatentBatch" | "RepeatImageBatch" => place.whole("amount"),
        _ => place.whole("batch_size"),
    }?;
    let to = ((now.value as f64 * factor).floor() as u64).max(floor).max(now.min);
    let said = Said::Batch { from: now.value, to };
    (to < now.value).then(|| Edit { said, inputs: vec![now.set(to)], class: None })
}
