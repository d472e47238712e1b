//! What a job is called where nobody gave it a name.

/// Longest title taken from a prompt, in characters, as the pages lay it out.
const PROMPT_CHARACTERS: usize = 40;

/// The title of a job, first that applies: the one `given`, the first 40 characters of the `prompt` text, the name of
/// the workflow's file without its folder and ending, else how many nodes it has.
pub fn title(given: Option<&str>, prompt: Option<&str>, file_name: Option<&str>, nodes: usize) -> String {
    given
        .and_then(spoken)
        .or_else(|| prompt.and_then(spoken).map(|prompt| beginning(&prompt)))
        .or_else(|| file_name.and_then(stem).and_then(spoken))
        .unwrap_or_else(|| match nodes {
            1 => "Workflow with 1 node".to_owned(),
            nodes => format!("Workflow with {nodes} nodes"),
        })
}

/// `text` on one line, without control characters; `None` if nothing is left to read.
fn spoken(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_control()).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// As many whole words as fit, without the comma the cut may leave; a first word that is too long is cut.
fn beginning(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(PROMPT_CHARACTERS) else {
        return text.to_owned();
    };
    let at_word_end = !text[end..].starts_with(char::is_alphanumeric);
    // `rfind` finds nothing in a text without blanks, as Chinese is: it is cut between characters.
    let whole = if at_word_end { end } else { text[..end].rfind(' ').unwrap_or(end) };
    text[..whole].trim_end_matches([' ', ',', ';', ':', '.']).to_owned()
}

fn stem(file_name: &str) -> Option<&str> {
    let name = file_name.rsplit(['/', '\\']).next()?;
    Some(name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_given_wins() {
        assert_eq!(title(Some(" Sunday\n batch "), Some("a cat"), Some("x.json"), 9), "Sunday batch");
    }

    #[test]
    fn a_prompt_is_cut_at_a_word() {
        let prompt = "a lighthouse above the fjord, painted in oil, soft light";
        assert_eq!(title(None, Some(prompt), Some("x.json"), 9), "a lighthouse above the fjord, painted in");
        assert_eq!(
            title(Some("  "), Some("a lighthouse above the fjord and its far, far shore"), None, 9),
            "a lighthouse above the fjord and its far"
        );
    }

    #[test]
    fn a_short_prompt_stays_whole() {
        assert_eq!(title(None, Some("a cat."), None, 9), "a cat.");
    }

    #[test]
    fn a_prompt_without_blanks_is_cut_between_characters() {
        assert_eq!(title(None, Some(&"夜".repeat(50)), None, 9), "夜".repeat(40));
    }

    #[test]
    fn without_a_prompt_the_file_gives_its_name_without_folder_and_ending() {
        assert_eq!(title(None, None, Some("C:\\flows\\portrait v2.json"), 9), "portrait v2");
        assert_eq!(title(None, Some(""), Some(".json"), 9), ".json");
    }

    #[test]
    fn the_last_resort_counts_nodes() {
        assert_eq!(title(None, None, None, 9), "Workflow with 9 nodes");
        assert_eq!(title(None, None, Some(""), 1), "Workflow with 1 node");
    }
}
