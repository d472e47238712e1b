//! A lower precision: weights that take less room.

use super::place::Place;
use super::{Edit, Set};
use crate::retry::words::Said;
use crate::workflow::spec::Kind;
use serde_json::Value;

/// Bits a number takes, by how the choice begins. What names none is taken for the usual half precision.
const BITS: [(&str, u64); 17] = [
    ("fp32", 32),
    ("float32", 32),
    ("fp16", 16),
    ("bf16", 16),
    ("float16", 16),
    ("bfloat16", 16),
    ("default", 16),
    ("auto", 16),
    ("disabled", 16),
    ("none", 16),
    ("fp8", 8),
    ("float8", 8),
    ("int8", 8),
    ("fp4", 4),
    ("nf4", 4),
    ("int4", 4),
    ("uint4", 4),
];

pub(super) fn edit(place: &Place, floor: u64) -> Option<Edit> {
    place.node.inputs.iter().find_map(|(input, value)| {
        let of_precision = ["dtype", "precision", "quantization"].iter().any(|word| input.contains(word));
        let Kind::Choice(choices) = place.specs.get(input).filter(|_| of_precision)?.kind else {
            return None;
        };
        let now = bits(value)?;
        let lower = choices.iter().filter_map(|choice| Some((choice, bits(choice)?)));
        // The first listed of the highest.
        let (to, _) = lower.filter(|(_, bits)| (floor..now).contains(bits)).rev().max_by_key(|(_, bits)| *bits)?;
        let said = Said::Precision { title: place.title.clone(), to: to.as_str()?.to_owned() };
        let set = Set { node_id: place.node.id.clone(), input: input.clone(), value: to.clone() };
        Some(Edit { said, inputs: vec![set], class: None })
    })
}

fn bits(choice: &Value) -> Option<u64> {
    let choice = choice.as_str()?;
    BITS.iter().find(|(name, _)| choice.starts_with(name)).map(|(_, bits)| *bits)
}
