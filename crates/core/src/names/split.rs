//! Splitting a class name into words.

/// The words of a class name, spelled as people write them.
pub(super) fn words(class: &str) -> String {
    class.to_owned()
}
