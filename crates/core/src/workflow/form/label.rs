//! What to call nodes and inputs in a form.

use serde_json::Value;

use super::super::spec::Spec;
use super::InputRole;

/// The role's own word where an input has one, else the server's word for it, else its name in words.
pub(super) fn input_label(name: &str, role: InputRole, spec: Option<&Spec>) -> String {
    let word = match role {
        InputRole::Prompt => "Prompt",
        InputRole::Negative => "Negative prompt",
        InputRole::Model => "Model",
        InputRole::Seed => "Seed",
        InputRole::Width => "Width",
        InputRole::Height => "Height",
        InputRole::Steps => "Steps",
        InputRole::Cfg => "CFG",
        InputRole::Sampler => "Sampler",
        InputRole::Scheduler => "Scheduler",
        InputRole::Image => "Image",
        InputRole::Other => {
            let shown = spec.and_then(|spec| spec.option("display_name")).and_then(Value::as_str);
            return words(shown.unwrap_or(name));
        }
    };
    word.to_owned()
}

/// `resize_type.longer_size` is `Resize type: longer size`.
fn words(name: &str) -> String {
    const ACRONYMS: [(&str, &str); 9] = [
        ("cfg", "CFG"),
        ("clip", "CLIP"),
        ("fps", "FPS"),
        ("lora", "LoRA"),
        ("rgb", "RGB"),
        ("unet", "UNet"),
        ("url", "URL"),
        ("vae", "VAE"),
        ("id", "ID"),
    ];
    let spaced = name.replace('.', ": ").replace('_', " ");
    let mut label = String::with_capacity(spaced.len());
    for (index, word) in spaced.split(' ').filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            label.push(' ');
        }
        let known = ACRONYMS.iter().find(|(plain, _)| *plain == word);
        let mut letters = word.chars();
        match (known, index, letters.next()) {
            (Some((_, acronym)), _, _) => label.push_str(acronym),
            (None, 0, Some(first)) => {
                label.extend(first.to_uppercase());
                label.push_str(letters.as_str());
            }
            _ => label.push_str(word),
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_inputs_become_words() {
        assert_eq!(words("filename_prefix"), "Filename prefix");
        assert_eq!(words("resize_type.longer_size"), "Resize type: longer size");
        assert_eq!(words("vae_name"), "VAE name");
    }
}
