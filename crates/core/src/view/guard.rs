//! The guards that make the fold commutative and idempotent: whatever order events come in, and however often, the
//! same value stays. They rely on one promise of the contract: a sequence is given out once per generation, so two
//! events with the same one are the same event.

/// Keeps what the event with the highest sequence said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Newest<T>(Option<(u64, T)>);

// Not derived: a derive would ask for `T: Default`.
impl<T> Default for Newest<T> {
    fn default() -> Self {
        Newest(None)
    }
}

impl<T> Newest<T> {
    /// Whether it was newer than what was there. `value` is only made when it is.
    pub(super) fn offer(&mut self, sequence: u64, value: impl FnOnce() -> T) -> bool {
        let newer = self.0.as_ref().is_none_or(|(held, _)| sequence > *held);
        if newer {
            self.0 = Some((sequence, value()));
        }
        newer
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }
}

impl<T: Clone + PartialEq> Newest<T> {
    /// As [`Newest::offer`], for what hardly ever changes: an equal value is not copied again.
    pub(super) fn offer_same(&mut self, sequence: u64, value: &T) -> bool {
        match &mut self.0 {
            Some((held, current)) if current == value => {
                let newer = sequence > *held;
                *held = sequence.max(*held);
                newer
            }
            _ => self.offer(sequence, || value.clone()),
        }
    }
}

/// Keeps the smaller one.
pub(super) fn keep_min<T: Ord + Copy>(held: &mut Option<T>, value: T) -> bool {
    let smaller = held.is_none_or(|held| value < held);
    if smaller {
        *held = Some(value);
    }
    smaller
}

/// Sets a flag that is never taken back.
pub(super) fn raise(flag: &mut bool) -> bool {
    !std::mem::replace(flag, true)
}
