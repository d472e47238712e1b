//! The overall percentage: how far a job is. One function decides it ([`overall`]); the first, honest version weighs
//! nodes by kind and steps.

use crate::comfy::graph::Node;
use crate::names::NodeKind;

/// What a node weighs against the others of its graph, in units of one sampler step.
pub fn weight(node: &Node, kind: NodeKind) -> f64 {
    let base = match kind {
        NodeKind::Sampler => return steps_asked_for(node).unwrap_or(20.0),
        NodeKind::Loader | NodeKind::Upscaler | NodeKind::Video => 4.0,
        NodeKind::Vae | NodeKind::Audio | NodeKind::Model3d => 2.0,
        NodeKind::TextEncoder | NodeKind::Control | NodeKind::Other => 1.0,
        NodeKind::Saver | NodeKind::Preview | NodeKind::Image => 0.5,
        NodeKind::Latent | NodeKind::Mask | NodeKind::Math => 0.1,
    };
    // A node that asks for steps reports them, whatever its kind.
    steps_asked_for(node).map_or(base, |steps| steps.max(base))
}

fn steps_asked_for(node: &Node) -> Option<f64> {
    let steps = node.inputs.get("steps")?.as_f64()?;
    (steps.is_finite() && steps >= 1.0).then(|| steps.min(10_000.0))
}

/// How much of a running node is done, from 0 to just under 1: by its bar, or by the children it expanded into, whose
/// number nobody knows beforehand.
pub fn fraction(steps: Option<(f64, f64)>, finished_children: u32) -> f64 {
    let by_steps = steps.filter(|(_, max)| *max > 0.0).map_or(0.0, |(value, max)| (value / max).clamp(0.0, 1.0));
    let children = f64::from(finished_children);
    let by_children = children / (children + 4.0);
    by_steps.max(by_children) * 0.99
}

/// The overall percentage, 0 to 99.99: 100 is for a job that is done, and that is not known from here. `total` and
/// `done` are sums of [`weight`]s over the nodes that are to run and over those that have.
pub fn overall(total: f64, done: f64, running: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    if total <= 0.0 {
        return 0.0;
    }
    let under_way: f64 = running.into_iter().map(|(weight, fraction)| weight * fraction).sum();
    ((done + under_way) / total * 100.0).clamp(0.0, 99.99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_node_never_counts_as_done() {
        assert!(fraction(Some((20.0, 20.0)), 0) < 1.0);
        assert!(fraction(None, 1_000_000) < 1.0);
    }

    #[test]
    fn a_bar_without_a_length_says_nothing() {
        assert!(fraction(Some((3.0, 0.0)), 0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_hundred_percent_is_never_claimed_while_the_job_runs() {
        assert!(overall(10.0, 10.0, [(5.0, 0.9)]) < 100.0);
        assert!(overall(0.0, 0.0, []).abs() < f64::EPSILON);
    }
}
