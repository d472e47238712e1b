//! A smaller batch: fewer pictures at once.

use super::Edit;
use super::place::Place;
use crate::retry::words::Said;

pub(super) fn edit(place: &Place, factor: f64, floor: u64) -> Option<Edit> {
    let input = match place.node.class_type.as_str() {
        // `nodes.py`, `comfy_extras/nodes_images.py`: as many copies of what comes in.
        "RepeatLatentBatch" | "RepeatImageBatch" => "amount",
        _ => "batch_size",
    };
    let now = place.whole(input)?;
    let to = ((now.value as f64 * factor).floor() as u64).max(floor).max(now.min);
    (to < now.value).then(|| Edit {
        node_id: place.node.id.clone(),
        class: None,
        inputs: vec![(input.to_owned(), to.into())],
        said: Said::Batch { from: now.value, to },
    })
}
