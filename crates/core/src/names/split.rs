//! Splitting a class name into words.
//!
//! Classes are named in every style there is: `VAEDecode`, `VHS_VideoCombine`, `easy fullLoader`,
//! `KSampler //Inspire`. The name is cut where the writing changes, then what people write as one is joined again.

use super::spelling;

/// The words of a class name, spelled as people write them: `UnetLoaderGGUF` is `UNet Loader GGUF`.
pub(super) fn words(class: &str) -> String {
    // The author behind a bar or slashes is a remark, not a word of the name.
    let (name, author) = class.split_once("//").or_else(|| class.split_once('|')).unwrap_or((class, ""));
    let mut tokens = tokens(name);
    if tokens.len() > 1 {
        // That it is a node goes without saying.
        tokens.pop_if(|last| last == "Node");
    }
    let spelled = spell(&tokens);
    match author.trim() {
        "" => spelled,
        author if spelled.is_empty() => author.to_owned(),
        author => format!("{spelled} ({author})"),
    }
}

/// Pieces of a name: runs of letters and digits in one writing. Brackets and dots stay where they are.
pub(super) fn tokens(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut tokens = Vec::new();
    let mut token = String::new();
    for (at, c) in chars.iter().enumerate() {
        if matches!(c, '_' | '-' | ' ' | ':' | '/') {
            tokens.push(std::mem::take(&mut token));
            continue;
        }
        if begins_word(&chars, at) {
            tokens.push(std::mem::take(&mut token));
        }
        token.push(*c);
    }
    tokens.push(token);
    tokens.retain(|token| !token.is_empty());
    tokens
}

fn begins_word(chars: &[char], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|at| chars[at]) else {
        return false;
    };
    let (c, after) = (chars[at], chars.get(at + 1).copied());
    let dimension =
        |at: usize| chars[at].is_ascii_digit() && chars.get(at + 1) == Some(&'D') && before_digit(chars, at);
    if dimension(at) {
        // `Load3D`: the dimension is a word of its own.
        return before.is_alphabetic();
    }
    if c == 'D' && dimension(at - 1) {
        return false;
    }
    if before == 'D' && at >= 2 && dimension(at - 2) {
        return c.is_alphanumeric();
    }
    if c.is_ascii_digit() {
        // `Kandinsky5`, but not `SD3`, `v2`, `img2img`.
        let word = chars[..at].iter().rev().take_while(|c| c.is_lowercase()).count();
        let goes_on = chars[at..].iter().find(|c| !c.is_ascii_digit()).is_some_and(|c| c.is_lowercase());
        return word >= 3 && at > word && chars[at - word - 1].is_uppercase() && !goes_on;
    }
    if c.is_uppercase() {
        // `aB` and `2B` begin one, and the last of several capitals does if it goes on small: `VAEDecode`.
        let goes_on_small = after.is_some_and(char::is_lowercase);
        return before.is_lowercase() || before.is_ascii_digit() || (before.is_uppercase() && goes_on_small);
    }
    false
}

/// A single digit: `3D`, but not the end of `23D`.
fn before_digit(chars: &[char], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| !chars[before].is_ascii_digit() && chars[before] != '.')
}

/// Joins tokens to what people write, the longest first, and capitalises the rest.
fn spell(tokens: &[String]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let joined = (1..=4.min(tokens.len() - at)).rev().find_map(|length| {
            let run = tokens[at..at + length].concat();
            spelling::find(&run.to_lowercase()).map(|word| (word.to_owned(), length))
        });
        let outer = at == 0 || at + 1 == tokens.len();
        let (word, length) = joined.unwrap_or_else(|| (capitalised(&tokens[at], outer), 1));
        words.push(word);
        at += length;
    }
    words.join(" ")
}

fn capitalised(token: &str, outer: bool) -> String {
    const SMALL: [&str; 13] = ["a", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "to", "with"];
    let lower = token.to_lowercase();
    if SMALL.contains(&lower.as_str()) && token.chars().count() > 1 && !outer {
        return lower;
    }
    let mut chars = token.chars();
    chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}
