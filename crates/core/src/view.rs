//! The view of a generation: the fold of its events.
