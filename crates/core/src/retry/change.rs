//! Makes another workflow of one that failed.
