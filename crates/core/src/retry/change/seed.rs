//! A new seed: another picture of the same, where a seed has bad luck.

use super::Edit;
use super::place::Place;
use crate::retry::words::Said;

/// Larger numbers are rounded by JavaScript.
const MAX_SEED: u64 = (1 << 53) - 1;

pub(super) fn edit(place: &Place, jitter: f64) -> Option<Edit> {
    let seeds = place.node.inputs.keys().filter(|input| {
        let moves_on = place.specs.get(*input).is_some_and(|spec| spec.is_set("control_after_generate"));
        moves_on || matches!(input.as_str(), "seed" | "noise_seed")
    });
    let inputs: Vec<_> = seeds
        .filter_map(|input| {
            let now = place.whole(input)?;
            let span = now.max.min(MAX_SEED).checked_sub(now.min)?.checked_add(1)?;
            let drawn = now.min + mixed(now.value ^ jitter.to_bits()) % span;
            let drawn = if drawn == now.value { now.min + (drawn - now.min + 1) % span } else { drawn };
            (drawn != now.value).then(|| (input.clone(), drawn.into()))
        })
        .collect();
    (!inputs.is_empty()).then(|| Edit { node_id: place.node.id.clone(), class: None, inputs, said: Said::NewSeed })
}

/// Spreads one number over all (the finaliser of `SplitMix64`), so that near ones end far apart.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
