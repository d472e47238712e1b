//! A change in words.

use std::fmt;

/// More changes than this are counted, not named.
const MAX_NAMED: usize = 3;

/// What was changed about a workflow.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    NewSeed,
    Batch {
        from: u64,
        to: u64,
    },
    Size {
        from: (u64, u64),
        to: (u64, u64),
    },
    Frames {
        from: u64,
        to: u64,
    },
    Megapixels {
        from: String,
        to: String,
    },
    /// Node by its title.
    Tiled {
        title: String,
    },
    Precision {
        title: String,
        to: String,
    },
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewSeed => f.write_str("new seed"),
            Self::Batch { from, to } => write!(f, "batch size {from} to {to}"),
            Self::Size { from, to } => write!(f, "{} × {} to {} × {}", from.0, from.1, to.0, to.1),
            Self::Megapixels { from, to } => write!(f, "{from} to {to} megapixels"),
            Self::Frames { from, to } => write!(f, "{from} frames to {to}"),
            Self::Tiled { title } => write!(f, "{title} in tiles"),
            Self::Precision { title, to } => write!(f, "{title} in {to}"),
        }
    }
}

impl Said {
    /// What to do, as the title of a suggestion.
    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::NewSeed => "Another seed",
            Self::Batch { .. } => "A smaller batch",
            Self::Size { .. } | Self::Megapixels { .. } => "A smaller picture",
            Self::Frames { .. } => "A shorter video",
            Self::Tiled { .. } => "Work in tiles",
            Self::Precision { .. } => "A lower precision",
        }
    }

    /// The same where what was before goes without saying.
    fn in_short(&self) -> String {
        match self {
            Self::Batch { to, .. } => format!("batch size {to}"),
            Self::Size { to, .. } => format!("{} × {}", to.0, to.1),
            Self::Megapixels { to, .. } => format!("{to} megapixels"),
            Self::Frames { to, .. } => format!("{to} frames"),
            other => other.to_string(),
        }
    }
}

/// What a retry does.
pub(super) struct Doing<'a> {
    pub said: &'a [Said],
    pub free_memory: bool,
    pub other_instance: bool,
}

impl Doing<'_> {
    /// "Batch size 4 to 2, new seed"; none where the same runs again.
    pub(super) fn change(&self) -> Option<String> {
        self.parts(Said::to_string).map(|parts| capital(&parts))
    }

    /// "batch size 2", for what comes next.
    pub(super) fn in_short(&self) -> String {
        self.parts(Said::in_short).unwrap_or_else(|| "the same again".to_owned())
    }

    /// Of the workflow, where that is changed; how else it differs goes without saying then.
    fn parts(&self, say: impl Fn(&Said) -> String) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        for part in self.said.iter().map(say) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        if parts.is_empty() {
            parts.extend(self.free_memory.then(|| "memory freed first".to_owned()));
            parts.extend(self.other_instance.then(|| "on another instance".to_owned()));
        }
        let more = parts.len().saturating_sub(MAX_NAMED);
        parts.truncate(MAX_NAMED);
        if more > 0 {
            parts.push(format!("{more} more"));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(said: &[Said]) -> Option<String> {
        Doing { said, free_memory: true, other_instance: false }.change()
    }

    #[test]
    fn a_change_reads_as_a_person_would_say_it() {
        let title = || "VAE Decoder".to_owned();
        for (said, words, short) in [
            (Said::NewSeed, "New seed", "new seed"),
            (Said::Batch { from: 4, to: 2 }, "Batch size 4 to 2", "batch size 2"),
            (Said::Size { from: (1024, 1024), to: (768, 768) }, "1024 × 1024 to 768 × 768", "768 × 768"),
            (Said::Megapixels { from: "1".into(), to: "0.57".into() }, "1 to 0.57 megapixels", "0.57 megapixels"),
            (Said::Frames { from: 81, to: 49 }, "81 frames to 49", "49 frames"),
            (Said::Tiled { title: title() }, "VAE Decoder in tiles", "VAE Decoder in tiles"),
            (
                Said::Precision { title: title(), to: "fp8_e4m3fn".into() },
                "VAE Decoder in fp8_e4m3fn",
                "VAE Decoder in fp8_e4m3fn",
            ),
        ] {
            assert_eq!(change(std::slice::from_ref(&said)).as_deref(), Some(words));
            let doing = Doing { said: &[said], free_memory: false, other_instance: false };
            assert_eq!(doing.in_short(), short);
        }
    }

    #[test]
    fn several_changes_are_named_once_each_and_counted_when_there_are_many() {
        let batch = Said::Batch { from: 4, to: 2 };
        assert_eq!(change(&[batch.clone(), batch.clone(), Said::NewSeed]).unwrap(), "Batch size 4 to 2, new seed");
        let frames = (1..=5).map(|n| Said::Frames { from: n * 10, to: n }).collect::<Vec<_>>();
        assert_eq!(change(&frames).unwrap(), "10 frames to 1, 20 frames to 2, 30 frames to 3, 2 more");
    }

    #[test]
    fn without_a_change_of_the_workflow_it_says_what_else_is_different() {
        let doing = |free_memory, other_instance| Doing { said: &[], free_memory, other_instance };
        assert_eq!(doing(true, true).change().unwrap(), "Memory freed first, on another instance");
        assert_eq!(doing(false, false).change(), None);
        assert_eq!(doing(false, false).in_short(), "the same again");
    }
}
