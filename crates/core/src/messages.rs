//! The status message of a node, by class and kind.
