//! A smaller picture where its size is given in megapixels (`ImageScaleToTotalPixels`, `ResolutionSelector`).

use super::place::Place;
use super::{Edit, Set};
use crate::retry::words::Said;
use crate::workflow::spec::Kind;
use serde_json::Value;

pub(super) fn edit(place: &Place, factor: f64, floor: u64) -> Option<Edit> {
    let spec = place.specs.get("megapixels").filter(|spec| spec.kind == Kind::Float)?;
    let from = place.node.inputs.get("megapixels")?.as_f64()?;
    let option = |name| spec.option(name).and_then(Value::as_f64);
    // In hundredths, or tenths where the class counts in those, so that what is written is what is said.
    let parts = if option("step").is_some_and(|step| step >= 0.1) { 10.0 } else { 100.0 };
    let least = ((floor * floor) as f64 / 1e6).max(option("min").unwrap_or(0.0));
    let to = ((from * factor * factor).max(least) * parts).ceil() / parts;
    let said = Said::Megapixels { from: from.to_string(), to: to.to_string() };
    let set = Set { node_id: place.node.id.clone(), input: "megapixels".to_owned(), value: to.into() };
    (to < from).then(|| Edit { said, inputs: vec![set], class: None })
}
