//! Human names and kinds of nodes.
//!
//! Both are pure functions of what a graph and `/object_info` say, and both do without the latter: a server may be
//! away, and the children of an expanded node are in no graph.

mod kind;
mod spelling;
mod split;
mod table;

pub(crate) use kind::Words;
pub use kind::{NodeKind, kind};

/// Longer names are cut, in characters.
const MAX_CHARS: usize = 120;

/// The name of a node for people. The first that applies: the user's own title; our name for a class of `ComfyUI`'s
/// own; the `display_name` of `/object_info` where it differs from the class; the class split into words.
///
/// A title (`_meta.title`) is the user's own if it differs from the class and from the display name, which the editor
/// fills in. Where the server's display name is not at hand, the one this class is known to have counts.
pub fn human_name(user_title: Option<&str>, class_type: &str, display_name: Option<&str>) -> String {
    let known = table::find(class_type);
    let stock = display_name.or(known.map(|known| known.stock)).map(clean);
    let class = clean(class_type);
    let own =
        user_title.map(clean).filter(|title| !title.is_empty() && *title != class && Some(title) != stock.as_ref());
    let name = own
        .or_else(|| known.map(|known| known.name.to_owned()))
        .or_else(|| display_name.map(current).filter(|name| !name.is_empty() && *name != class))
        .or_else(|| Some(split::words(&class)).filter(|words| !words.is_empty()))
        .unwrap_or(class);
    cut(name)
}

/// Without control characters and the space around, runs of space as one.
fn clean(text: &str) -> String {
    let printable: String = text.chars().filter(|c| c.is_whitespace() || !steers_text(*c)).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Control characters, and those that turn the direction of writing: a title must not rearrange the line it stands in.
fn steers_text(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A display name without the remark that the class is going to go: "Crop Image (DEPRECATED)".
fn current(display_name: &str) -> String {
    let name = clean(display_name);
    match name.split_once(" (DEPRECATED") {
        Some((kept, _)) => kept.to_owned(),
        None => name,
    }
}

fn cut(name: String) -> String {
    if name.chars().count() <= MAX_CHARS {
        return name;
    }
    let kept: String = name.chars().take(MAX_CHARS - 1).collect();
    format!("{}…", kept.trim_end())
}
