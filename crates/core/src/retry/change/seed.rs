//! A new seed: another picture of the same, where a seed has bad luck.

use super::Edit;
use super::place::{Place, SEEDS};
use crate::retry::words::Said;

/// Larger numbers are rounded by JavaScript.
const MAX_SEED: u64 = (1 << 53) - 1;

pub(super) fn edit(place: &Place, jitter: f64) -> Option<Edit> {
    let now = SEEDS.iter().find_map(|input| place.whole(input))?;
    let span = now.max.min(MAX_SEED).checked_sub(now.min)?.checked_add(1)?;
    let drawn = mixed(now.value ^ jitter.to_bits()) % span;
    let drawn = if now.min + drawn == now.value { (drawn + 1) % span } else { drawn };
    let to = now.min + drawn;
    (to != now.value).then(|| Edit { said: Said::NewSeed, inputs: vec![now.set(to)], class: None })
}

/// Spreads one number over all (the finaliser of `SplitMix64`), so that near ones end far apart.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
