//! Which policy is for a failure.

use super::Failure;
use super::policy::{Match, Nodes, Pattern, Policies, Policy};
use crate::names::{self, NodeKind};

/// As much of a message as is looked at, in bytes: what an exception says can be as long as it likes.
const MAX_MESSAGE: usize = 64 * 1024;

/// Whether a policy may answer this failure with a retry. Cheap: looks at no workflow.
pub fn matches(policies: &Policies, failure: &Failure) -> bool {
    policy_for(policies, failure).is_some()
}

/// The first policy that is for this failure, unless it says never.
pub(super) fn policy_for<'a>(policies: &'a Policies, failure: &Failure) -> Option<&'a Policy> {
    let fits = |policy: &&Policy| policy.on.iter().any(|on| on.fits(failure));
    policies.list.iter().find(fits).filter(|policy| !policy.never)
}

impl Match {
    fn fits(&self, failure: &Failure) -> bool {
        let class = failure.error.class_type.as_deref();
        let kind = failure.kind.or_else(|| class.map(|class| names::kind(class, None)));
        open_or(&self.status, |status| *status == failure.cause)
            && open_or(&self.error, |error| error.is_error(&failure.error.r#type))
            && open_or(&self.message, |message| message.is_in(&failure.error.message))
            && open_or(&self.class, |pattern| class.is_some_and(|class| pattern.is(class)))
            && open_or(&self.kind, |wanted| kind == Some(*wanted))
    }
}

impl Nodes {
    pub(super) fn include(&self, class: &str, kind: NodeKind) -> bool {
        open_or(&self.class, |pattern| pattern.is(class)) && open_or(&self.kind, |wanted| *wanted == kind)
    }
}

/// What is not given is open to all.
fn open_or<T>(wanted: &[T], fits: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(fits)
}

impl Pattern {
    /// Whether the whole text is like this.
    pub(super) fn is(&self, text: &str) -> bool {
        is_like(&self.0, text)
    }

    /// Whether the name of an exception is like this, with or without the modules before it.
    fn is_error(&self, name: &str) -> bool {
        self.is(name) || name.rsplit('.').next().is_some_and(|last| self.is(last))
    }

    /// Whether a part of the text is like this, capital letters or not.
    fn is_in(&self, text: &str) -> bool {
        let end = (0..=text.len().min(MAX_MESSAGE)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        is_like(&format!("*{}*", self.0.to_lowercase()), &text[..end].to_lowercase())
    }
}

/// `*` stands for anything. Each part is taken where it first comes, which loses nothing as no part is optional.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let (parts, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let between = text.strip_prefix(head).and_then(|text| text.strip_suffix(tail));
    let mut parts = parts.split('*');
    between.is_some_and(|text| parts.try_fold(text, |text, part| Some(text.split_once(part)?.1)).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::JobError;
    use crate::retry::Cause;
    use crate::time::Timestamp;

    fn failure(cause: Cause, error: &str, message: &str, class: Option<&str>) -> Failure {
        let error = JobError {
            r#type: error.to_owned(),
            message: message.to_owned(),
            class_type: class.map(str::to_owned),
            ..JobError::default()
        };
        Failure { cause, error, kind: None, at: Timestamp(0) }
    }

    #[test]
    fn a_star_stands_for_anything_and_all_else_for_itself() {
        for (pattern, text, like) in [
            ("VAEDecode", "VAEDecode", true),
            ("VAEDecode", "VAEDecodeTiled", false),
            ("VAEDecode*", "VAEDecodeTiled", true),
            ("*Error", "ValueError", true),
            ("*Error", "Error", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("aa*aa", "aaa", false),
            ("*", "", true),
            ("**x**", "x", true),
            ("", "x", false),
        ] {
            assert_eq!(Pattern::from(pattern).is(text), like, "{pattern} {text}");
        }
    }

    #[test]
    fn an_exception_is_known_with_and_without_its_modules() {
        for (pattern, name, is) in [
            ("OutOfMemoryError", "torch.OutOfMemoryError", true),
            ("OutOfMemoryError", "torch.cuda.OutOfMemoryError", true),
            ("torch.OutOfMemoryError", "torch.cuda.OutOfMemoryError", false),
            ("torch.*", "torch.cuda.OutOfMemoryError", true),
            ("ValueError", "KeyError", false),
        ] {
            assert_eq!(Pattern::from(pattern).is_error(name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn every_field_that_is_given_must_fit_and_one_entry_of_it() {
        let on = Match {
            status: vec![Cause::ExecutionError],
            error: vec!["ValueError".into(), "RuntimeError".into()],
            message: vec!["Size Mismatch".into(), "out of *memory".into()],
            class: vec!["KSampler*".into()],
            kind: vec![NodeKind::Sampler],
        };
        let run = |cause, error, message, class| on.fits(&failure(cause, error, message, class));
        assert!(run(Cause::ExecutionError, "RuntimeError", "CUDA: OUT OF GPU MEMORY.", Some("KSamplerAdvanced")));
        assert!(!run(Cause::Timeout, "RuntimeError", "out of memory", Some("KSampler")));
        assert!(!run(Cause::ExecutionError, "KeyError", "out of memory", Some("KSampler")));
        assert!(!run(Cause::ExecutionError, "RuntimeError", "all is well", Some("KSampler")));
        assert!(!run(Cause::ExecutionError, "RuntimeError", "out of memory", Some("VAEDecode")));
        assert!(!run(Cause::ExecutionError, "RuntimeError", "out of memory", None));
    }

    #[test]
    fn a_policy_that_says_never_hides_those_after_it() {
        let policies: Policies = toml::from_str(
            "shipped = false\n\
             policy = [{ name = \"a\", match = { class = \"Fragile\" }, never = true }, \
             { name = \"b\", match = { status = \"execution_error\" }, do = { free_memory = true } }]",
        )
        .unwrap();
        assert!(!matches(&policies, &failure(Cause::ExecutionError, "E", "", Some("Fragile"))));
        assert!(matches(&policies, &failure(Cause::ExecutionError, "E", "", Some("KSampler"))));
        assert!(!matches(&policies, &failure(Cause::Timeout, "timeout", "", None)));
    }

    #[test]
    fn a_message_of_any_length_and_script_is_looked_at_in_bounded_time() {
        let long = "é".repeat(MAX_MESSAGE);
        assert!(!Pattern::from("z").is_in(&long));
        assert!(Pattern::from("É*é").is_in(&long));
    }
}
