//! The run strip: a job as a row of segments, as wide as the time they took.

use crate::event::NodeState;
use crate::generation::Segment;

/// Segments of a strip at most.
const MAX_SEGMENTS: usize = 32;

/// Neighbours of one state become one segment; where that leaves too many, the borders between the shortest
/// neighbours go until few enough are left.
pub(super) fn strip(nodes: impl Iterator<Item = Segment>) -> Vec<Segment> {
    let segments = join_equal(nodes);
    if segments.len() <= MAX_SEGMENTS {
        return segments;
    }
    let mut borders: Vec<(bool, u64, usize)> = segments
        .windows(2)
        .enumerate()
        .filter_map(|(left, pair)| match pair {
            [a, b] => Some((tells(a.state) || tells(b.state), a.ms.min(b.ms), left)),
            _ => None,
        })
        .collect();
    // The borders to keep: around what must be seen, then between the longest.
    borders.sort_unstable_by(|a, b| b.cmp(a));
    borders.truncate(MAX_SEGMENTS - 1);
    let mut kept: Vec<usize> = borders.into_iter().map(|(_, _, left)| left).collect();
    kept.sort_unstable();

    let mut groups = Vec::with_capacity(MAX_SEGMENTS);
    let mut rest = segments.as_slice();
    let mut start = 0;
    for border in kept {
        let (group, after) = rest.split_at((border + 1 - start).min(rest.len()));
        groups.push(merged(group));
        rest = after;
        start = border + 1;
    }
    groups.push(merged(rest));
    join_equal(groups.into_iter())
}

/// What must not disappear among its neighbours.
fn tells(state: NodeState) -> bool {
    matches!(state, NodeState::Running | NodeState::Error | NodeState::Interrupted)
}

/// One segment for all of them, in the state that took longest, unless one of them must be seen.
fn merged(group: &[Segment]) -> Segment {
    let ms = group.iter().fold(0_u64, |sum, segment| sum.saturating_add(segment.ms));
    let leading = group.iter().max_by_key(|segment| (tells(segment.state), segment.ms));
    Segment { state: leading.map_or(NodeState::Pending, |segment| segment.state), ms }
}

fn join_equal(segments: impl Iterator<Item = Segment>) -> Vec<Segment> {
    segments.fold(Vec::new(), |mut joined: Vec<Segment>, segment| {
        match joined.last_mut() {
            Some(last) if last.state == segment.state => last.ms = last.ms.saturating_add(segment.ms),
            _ => joined.push(segment),
        }
        joined
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(state: NodeState, ms: u64) -> Segment {
        Segment { state, ms }
    }

    #[test]
    fn neighbours_of_one_state_are_one_segment() {
        let nodes = [
            segment(NodeState::Cached, 0),
            segment(NodeState::Finished, 10),
            segment(NodeState::Finished, 20),
            segment(NodeState::Pending, 0),
        ];
        assert_eq!(
            strip(nodes.into_iter()),
            [segment(NodeState::Cached, 0), segment(NodeState::Finished, 30), segment(NodeState::Pending, 0)]
        );
    }

    #[test]
    fn a_long_strip_keeps_its_time_its_longest_and_the_node_that_failed() {
        let nodes = (0..400).map(|n| match n {
            150 => segment(NodeState::Error, 1),
            300 => segment(NodeState::Finished, 90_000),
            n if n % 2 == 0 => segment(NodeState::Finished, 1),
            _ => segment(NodeState::Cached, 0),
        });
        let total: u64 = nodes.clone().map(|segment| segment.ms).sum();
        let strip = strip(nodes);
        assert!(strip.len() <= MAX_SEGMENTS);
        assert_eq!(strip.iter().map(|segment| segment.ms).sum::<u64>(), total);
        assert!(strip.contains(&segment(NodeState::Error, 1)));
        assert!(strip.iter().any(|segment| segment.state == NodeState::Finished && segment.ms >= 90_000));
    }

    #[test]
    fn a_strip_of_exactly_thirty_two_is_left_alone() {
        let nodes: Vec<Segment> =
            (0..32).map(|n| segment(if n % 2 == 0 { NodeState::Finished } else { NodeState::Cached }, n)).collect();
        assert_eq!(strip(nodes.clone().into_iter()), nodes);
    }
}
