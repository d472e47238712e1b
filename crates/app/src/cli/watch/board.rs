//! What `watch` knows: all generations and servers, a fold of the frames to `*`.

use crate::client::frames::{Body, Frame};
use monitor_core::generation::{Instance, InstanceState, Status, Summary};
use std::cmp::Reverse;
use std::collections::HashMap;
use uuid::Uuid;

/// So many ended ones stay on the board.
const ENDED: usize = 50;

#[derive(Debug, Default)]
pub(super) struct Board {
    generations: HashMap<Uuid, Summary>,
    pub(super) instances: Vec<Instance>,
    /// Why there is no connection to the monitor.
    pub(super) lost: Option<String>,
}

impl Board {
    /// Takes a frame in; returns the generation that changed.
    pub(super) fn apply(&mut self, frame: Frame) -> Option<Uuid> {
        self.lost = None;
        match frame.body {
            Body::Snapshot { generations, instances, .. } => {
                self.generations = generations.into_iter().map(|summary| (summary.queue_id, summary)).collect();
                self.instances = instances;
                None
            }
            Body::GenerationUpdate { generation } => {
                let id = generation.queue_id;
                let known = self.generations.get(&id).map_or(0, |known| known.sequence);
                if generation.sequence < known {
                    return None;
                }
                self.generations.insert(id, *generation);
                self.forget();
                Some(id)
            }
            Body::InstanceUpdate { instance } => {
                match self.instances.iter_mut().find(|known| known.instance_id == instance.instance_id) {
                    Some(known) => *known = *instance,
                    None => self.instances.push(*instance),
                }
                None
            }
            _ => None,
        }
    }

    fn forget(&mut self) {
        let mut ended: Vec<_> = self
            .generations
            .values()
            .filter(|summary| summary.status.is_ended())
            .map(|s| (s.created_at, s.queue_id))
            .collect();
        ended.sort_unstable_by_key(|(at, _)| Reverse(*at));
        for (_, id) in ended.into_iter().skip(ENDED) {
            self.generations.remove(&id);
        }
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Summary> {
        self.generations.get(&id)
    }

    /// What runs, what waits, what has ended; in each group a fixed order, so that no row jumps.
    pub(super) fn rows(&self) -> Vec<&Summary> {
        let group = |summary: &Summary| match summary.status {
            Status::Processing => 0,
            Status::Pending => 1,
            _ => 2,
        };
        let mut rows: Vec<_> = self.generations.values().collect();
        rows.sort_by_key(|summary| {
            let at = if group(summary) == 1 { -summary.created_at.as_millis() } else { summary.created_at.as_millis() };
            (group(summary), Reverse(at), summary.queue_id)
        });
        rows
    }

    /// One line about the servers.
    pub(super) fn servers(&self) -> String {
        let one = |instance: &Instance| {
            let state = match instance.state {
                InstanceState::Connected => "live".to_owned(),
                InstanceState::Polling => "polled".to_owned(),
                InstanceState::Connecting | InstanceState::Disconnected => {
                    format!("waiting for ComfyUI at {}", instance.url)
                }
            };
            format!("{}: {state}", instance.name)
        };
        self.instances.iter().map(one).collect::<Vec<_>>().join("   ")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in super::super) fn summary(id: u128, status: &str, sequence: u64) -> Value {
        json!({
            "queueId": Uuid::from_u128(id), "promptId": format!("p{id}"), "instanceId": "default", "origin": "submitted",
            "status": status, "title": format!("Job {id}"), "createdAt": format!("2026-11-24T16:39:{id:02}.000Z"),
            "overallPercentage": 66.5, "retryCount": 0, "sequence": sequence, "strip": [], "outputCount": 1,
            "current": {"nodeId": "3", "title": "K-Sampler", "kind": "sampler", "value": 15.0, "max": 20.0},
        })
    }

    pub(in super::super) fn hear(board: &mut Board, frame: &Value) -> Option<Uuid> {
        board.apply(Frame::parse(frame.to_string()).unwrap())
    }

    pub(in super::super) fn update(id: u128, status: &str, sequence: u64) -> Value {
        json!({"type": "generation_update", "generation": summary(id, status, sequence)})
    }

    fn ids(board: &Board) -> Vec<u128> {
        board.rows().iter().map(|summary| summary.queue_id.as_u128()).collect()
    }

    #[test]
    fn what_runs_stands_above_what_waits_above_what_has_ended() {
        let mut board = Board::default();
        let snapshot = json!({"type": "snapshot", "queueId": "*", "instances": [],
            "generations": [summary(1, "completed", 5), summary(2, "failed", 5), summary(3, "processing", 5),
                            summary(4, "pending", 5), summary(5, "pending", 5)]});
        hear(&mut board, &snapshot);
        assert_eq!(ids(&board), [3, 4, 5, 2, 1]);
        assert_eq!(hear(&mut board, &update(4, "processing", 6)), Some(Uuid::from_u128(4)));
        assert_eq!(ids(&board), [4, 3, 5, 2, 1]);
    }

    #[test]
    fn an_older_update_changes_nothing_and_old_ended_jobs_go() {
        let mut board = Board::default();
        hear(&mut board, &update(1, "completed", 9));
        assert_eq!(hear(&mut board, &update(1, "processing", 8)), None);
        assert_eq!(board.get(Uuid::from_u128(1)).unwrap().status, Status::Completed);
        for id in 2..=59 {
            hear(&mut board, &update(id, "completed", 1));
        }
        assert_eq!(ids(&board).len(), ENDED);
        assert!(!ids(&board).contains(&1));
    }
}
