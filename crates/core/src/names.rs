//! Human names and kinds of nodes.
