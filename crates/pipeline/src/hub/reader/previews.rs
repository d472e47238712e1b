//! Previews of one reader: at most one per gap and job, and never more than one that waits for the gap to end.

use super::{Encoded, Life, Phase, Reader, Subscription, Topic};
use std::time::{Duration, Instant};

/// Of one job.
#[derive(Debug, Default)]
pub(super) struct Previews {
    next_at: Option<Instant>,
    /// The newest of those that came before that.
    early: Option<Encoded>,
}

impl Previews {
    fn is_due(&self, now: Instant) -> bool {
        self.next_at.is_none_or(|next| now >= next)
    }

    fn sent(&mut self, now: Instant, gap: Duration) {
        *self = Previews { next_at: Some(now + gap), early: None };
    }

    pub(super) fn forget(&mut self) {
        self.early = None;
    }
}

impl Subscription {
    /// It asked, and has the snapshot.
    fn takes_previews(&self) -> bool {
        self.previews.is_some() && matches!(self.phase, Phase::Live)
    }
}

impl Reader {
    pub(in crate::hub) fn wants_previews(&self, topic: Topic) -> bool {
        let mut state = self.state();
        state.life == Life::Open && state.subscription(topic).is_some_and(|subscription| subscription.takes_previews())
    }

    /// Sends it, or keeps it instead of the one that waits.
    pub(in crate::hub) fn offer_preview(&self, topic: Topic, frame: &Encoded, now: Instant) {
        let mut state = self.state();
        if state.life != Life::Open {
            return;
        }
        let Some(subscription) = state.subscription(topic).filter(|subscription| subscription.takes_previews()) else {
            return;
        };
        let Some(previews) = &mut subscription.previews else { return };
        if previews.is_due(now) {
            previews.sent(now, self.limits.preview_gap);
            self.send(&mut state, frame, Some(topic));
        } else if previews.early.replace(frame.clone()).is_none() {
            // Its task has to know of the moment.
            self.wake.notify_one();
        }
    }

    /// When the reader's task has to call [`Reader::give_previews`] next.
    pub fn previews_due(&self) -> Option<Instant> {
        let state = self.state();
        let previews = state.subscriptions.iter().filter_map(|subscription| subscription.previews.as_ref());
        previews.filter(|previews| previews.early.is_some()).filter_map(|previews| previews.next_at).min()
    }

    /// The newest of the previews that came too soon, of each job whose gap is over.
    pub fn give_previews(&self, now: Instant) {
        let mut state = self.state();
        if state.life != Life::Open {
            return;
        }
        for at in 0..state.subscriptions.len() {
            let subscription = &mut state.subscriptions[at];
            let (topic, takes) = (subscription.topic, subscription.takes_previews());
            let Some(previews) = subscription.previews.as_mut().filter(|previews| previews.is_due(now)) else {
                continue;
            };
            if let Some(frame) = previews.early.take().filter(|_| takes) {
                previews.sent(now, self.limits.preview_gap);
                self.send(&mut state, &frame, Some(topic));
            }
        }
    }
}
