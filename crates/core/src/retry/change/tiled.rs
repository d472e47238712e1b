//! The same class in tiles: a VAE that works on one part of the picture after the other.

use super::place::Place;
use super::{Edit, Set};
use crate::retry::words::Said;
use crate::workflow::Classes;
use crate::workflow::spec;
use serde_json::Value;

/// `nodes.py` and `comfy_extras/nodes_audio.py`.
const IN_TILES: [(&str, &str); 3] =
    [("VAEDecode", "VAEDecodeTiled"), ("VAEEncode", "VAEEncodeTiled"), ("VAEDecodeAudio", "VAEDecodeAudioTiled")];

/// The class that does the same in tiles.
pub(crate) fn counterpart(class: &str) -> Option<&'static str> {
    IN_TILES.iter().find(|(whole, _)| *whole == class).map(|(_, tiled)| *tiled)
}

/// Only the node that failed: another VAE has done its work already, or has not come to it.
pub(super) fn edit(place: &Place, classes: &Classes) -> Option<Edit> {
    let class = counterpart(&place.node.class_type).filter(|_| place.suspect)?;
    let info = classes(class)?;
    let known = spec::of_node(info, &place.node.inputs);
    let takes_all = place.node.inputs.keys().all(|input| known.contains_key(input));
    let outputs = |info: &Value| info.get("output").cloned();
    if !takes_all || outputs(info) != outputs(place.info) {
        return None;
    }
    let id = &place.node.id;
    let mut inputs = Vec::new();
    spec::walk(info, &mut |name, spec| {
        if spec.required && !place.node.inputs.contains_key(name) {
            let default = spec.default_value();
            inputs.extend(default.map(|value| Set { node_id: id.clone(), input: name.to_owned(), value }));
        }
        None
    });
    Some(Edit { said: Said::Tiled { title: place.title.clone() }, inputs, class: Some((id.clone(), class)) })
}
