//! `--set node.input=value`.

use monitor_pipeline::api::Overrides;
use serde_json::Value;

/// One `--set`: a value that is JSON is taken as such, all else is text.
pub(super) fn parse(text: &str) -> Result<(String, String, Value), String> {
    let hint = "write it as NODE.INPUT=VALUE, for example `3.seed=42` or `6.text=a lighthouse at dusk`";
    let (place, value) = text.split_once('=').ok_or_else(|| format!("{text:?} sets nothing: {hint}"))?;
    // An input may have dots of its own; ids of nodes in a submitted graph have none.
    let (node, input) = place.split_once('.').ok_or_else(|| format!("{place:?} names no input: {hint}"))?;
    if node.is_empty() || input.is_empty() {
        return Err(format!("{place:?} names no input: {hint}"));
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((node.to_owned(), input.to_owned(), value))
}

pub(super) fn collect(settings: Vec<(String, String, Value)>) -> Overrides {
    let mut overrides = Overrides::new();
    for (node, input, value) in settings {
        let inputs = overrides.entry(node).or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Value::Object(inputs) = inputs {
            inputs.insert(input, value);
        }
    }
    overrides
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_stay_numbers_and_words_are_text() {
        let settings = [
            "3.seed=18446744073709551615",
            "3.cfg=7.5",
            "6.text=a = b",
            "6.on=true",
            "7.text=\"5\"",
            "8.a.b=",
            "3.cfg=8",
        ];
        let overrides = collect(settings.map(|text| parse(text).unwrap()).to_vec());
        let expected = json!({
            "3": {"seed": u64::MAX, "cfg": 8}, "6": {"text": "a = b", "on": true}, "7": {"text": "5"}, "8": {"a.b": ""},
        });
        assert_eq!(Value::Object(overrides), expected);
    }

    #[test]
    fn what_sets_nothing_is_told_how_to() {
        for text in ["seed", "seed=5", ".seed=5", "3.=5", ""] {
            assert!(parse(text).unwrap_err().contains("3.seed=42"), "{text}");
        }
    }
}
