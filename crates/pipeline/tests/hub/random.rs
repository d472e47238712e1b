//! Whatever the order of publishing, snapshots and a socket that now and then takes some bytes.

use super::{progress, snapshot, started};
use crate::pipe::Pipe;
use monitor_pipeline::hub::{Bounds, Hub, HubSettings, ReaderLimits, Ticket, Topic};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

/// A reader as the contract has it: a snapshot replaces all, what is older than it has is dropped.
#[derive(Default)]
struct Page {
    newest: u64,
    /// The newest lifecycle frame it knows, seen or in a snapshot.
    lifecycle: u64,
    snapshots: usize,
}

impl Page {
    fn take(&mut self, (kind, sequence): (String, u64), lifecycle: &[u64]) {
        assert!(sequence >= self.newest, "{kind} {sequence} after {}", self.newest);
        match kind.as_str() {
            "snapshot" => {
                self.snapshots += 1;
                self.lifecycle = lifecycle.iter().rev().find(|&&at| at <= sequence).copied().unwrap_or(0);
            }
            "job_started" => {
                let missed = lifecycle.iter().find(|&&at| at > self.lifecycle && at < sequence);
                assert_eq!(missed, None, "a lifecycle frame before {sequence} is missing");
                self.lifecycle = sequence;
            }
            _ => assert!(self.snapshots > 0, "the snapshot comes first"),
        }
        self.newest = sequence;
    }
}

#[test]
fn nothing_newer_than_a_snapshot_is_lost_and_nothing_older_is_sent_after_it() {
    let mut fell_behind = 0;
    for seed in 0..400 {
        let mut random = StdRng::seed_from_u64(seed);
        let backlog = Bounds { lifecycle: 4, bytes: 4096 };
        let limits = ReaderLimits { backlog, ..ReaderLimits::default() };
        let hub = Hub::new(HubSettings { limits, ..HubSettings::default() });
        let (id, pipe) = (Uuid::new_v4(), Pipe::default());
        let topic = Topic::Generation(id);
        let mut subscriber = hub.seat().unwrap().join(pipe.clone());
        let (mut page, mut sequence, mut lifecycle) = (Page::default(), 0, Vec::new());
        let mut making: Option<(Ticket, u64)> = None;
        subscriber.subscribe(topic, None, None).unwrap();
        for _ in 0..300 {
            match random.random_range(0..10) {
                0..3 => {
                    sequence += 1;
                    hub.publish(id, &progress(id, sequence));
                }
                3..6 => {
                    sequence += 1;
                    lifecycle.push(sequence);
                    hub.publish(id, &started(id, sequence));
                }
                6..8 => {
                    pipe.make_room(random.random_range(1..600));
                    subscriber.reader().flush();
                }
                8 if making.is_none() => {
                    // Read at some moment after it was asked for.
                    making = subscriber.reader().next_snapshot().map(|ticket| (ticket, sequence));
                }
                8 => {
                    if let Some((_, read_at)) = &mut making {
                        *read_at = sequence;
                    }
                }
                _ => {
                    if let Some((ticket, read_at)) = making.take() {
                        subscriber.reader().give_snapshot(ticket, &snapshot(topic, read_at));
                    }
                }
            }
            pipe.briefs().into_iter().for_each(|brief| page.take(brief, &lifecycle));
        }
        pipe.make_room(usize::MAX);
        if let Some((ticket, read_at)) = making.take() {
            subscriber.reader().give_snapshot(ticket, &snapshot(topic, read_at));
        }
        subscriber.reader().flush();
        super::give_snapshots(&subscriber, sequence);
        pipe.briefs().into_iter().for_each(|brief| page.take(brief, &lifecycle));
        assert_eq!(page.newest, sequence, "seed {seed}: the reader is not where the generation is");
        assert_eq!(subscriber.reader().deadline(), None);
        fell_behind += page.snapshots - 1;
    }
    assert!(fell_behind > 100, "the socket was too fast to test anything");
}
