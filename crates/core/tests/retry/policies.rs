//! What a person may write, and what is said about mistakes.

use crate::stage::policies;
use monitor_core::retry::policy::{Another, Change, Limits, Millis, Wait};
use monitor_core::retry::{Cause, Policies};

#[test]
fn the_shipped_text_says_what_is_shipped() {
    #[derive(serde::Deserialize)]
    struct File {
        retry: toml::Table,
    }
    let mut file: File = toml::from_str(Policies::SHIPPED).unwrap();
    file.retry.insert("shipped".to_owned(), false.into());
    let written: Policies = file.retry.try_into().unwrap();
    assert_eq!(written, Policies::shipped());
    assert_eq!(written.check(), Ok(()));
}

/// Reads the `[retry]` of a configuration file.
fn retry_of(text: &str) -> Policies {
    #[derive(serde::Deserialize)]
    struct File {
        retry: Policies,
    }
    toml::from_str::<File>(text).unwrap_or_else(|error| panic!("{text}\n{error}")).retry
}

#[test]
fn every_example_of_the_manual_is_fine_and_it_shows_what_is_shipped() {
    let manual = std::fs::read_to_string(crate::stage::fixtures().join("../docs/retries.md")).unwrap();
    assert!(manual.contains(Policies::SHIPPED), "the manual shows other policies than those that are shipped");
    let examples: Vec<&str> = manual.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() > 4, "the examples were not found");
    for example in examples {
        assert_eq!(retry_of(example).check(), Ok(()), "{example}");
    }
}

#[test]
fn nothing_written_means_what_is_shipped_and_shipped_can_be_left_out() {
    assert_eq!(policies("").list, Policies::shipped().list);
    assert_eq!(policies("shipped = false"), Policies::none());
    assert_eq!(Policies::none().check(), Ok(()));
}

#[test]
fn an_own_policy_comes_first_and_replaces_the_shipped_one_of_its_name() {
    let mine = policies(
        "[[policy]]\nname = \"mine\"\nmatch = { error = \"ValueError\" }\ndo = { change = \"new_seed\" }\n\
         [[policy]]\nname = \"out of memory\"\nmatch = { error = \"OutOfMemoryError\" }\nnever = true",
    );
    let names: Vec<&str> = mine.list.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["mine", "out of memory", "lost instance", "refused"]);
    assert!(mine.list[1].never);
}

#[test]
fn one_entry_stands_for_a_list_and_a_text_for_a_table() {
    let short = policies(
        "[[policy]]\nname = \"a\"\nmatch = { status = \"timeout\", kind = \"sampler\" }\n\
         do = { wait = \"2s\", change = \"batch\" }",
    );
    let long = policies(
        "[[policy]]\nname = \"a\"\nmatch = [{ status = [\"timeout\"], kind = [\"sampler\"] }]\n\
         do = [{ wait = { first = \"2s\", factor = 2, max = \"60s\" }, \
         change = [{ what = \"batch\", factor = 0.5, floor = 1 }], times = 1, another_instance = false }]",
    );
    assert_eq!(short, long);
    let step = &short.list[0].steps[0];
    assert_eq!(step.wait, Some(Wait { first: Millis(2_000), factor: 2.0, max: Millis(60_000) }));
    assert_eq!(step.change, [Change::Batch { factor: 0.5, floor: 1 }]);
    assert_eq!((step.another_instance, short.list[0].on[0].status[0]), (Another::Must(false), Cause::Timeout));
}

#[test]
fn durations_are_written_as_people_do() {
    for (text, millis) in [("500ms", 500), ("2s", 2_000), ("30m", 1_800_000), ("1 h", 3_600_000)] {
        assert_eq!(text.parse(), Ok(Millis(millis)));
    }
    assert_eq!(Millis(1_800_000).to_string(), "30m");
    assert_eq!(Millis(1_500).to_string(), "1500ms");
    for text in ["", "2", "s", "-1s", "1.5s", "3 parsecs", "99999999999999999999h"] {
        assert!(text.parse::<Millis>().unwrap_err().contains("\"30m\""), "{text}");
    }
    let limits: Limits = toml::from_str("within = \"1h\"").unwrap();
    assert_eq!(limits, Limits { max_retries: None, within: Some(Millis(3_600_000)) });
}

#[test]
fn a_slip_of_the_pen_is_answered_with_what_was_meant_to_be_there() {
    let policy = |rest: &str| format!("[[policy]]\nname = \"a\"\nmatch = {{ error = \"E\" }}\n{rest}");
    for (text, said) in [
        ("max_retry = 3".to_owned(), "unknown field `max_retry`"),
        (policy("do = { free = true }"), "unknown field `free`, expected one of `wait`, `free_memory`"),
        (policy("do = { change = \"smaller\" }"), "unknown variant `smaller`, expected one of `new_seed`, `batch`"),
        (policy("do = { change = { what = \"batch\", flor = 2 } }"), "unknown field `flor`"),
        (policy("do = { change = 3 }"), "expected one entry or a list of them"),
        (policy("do = [{ change = [3] }]"), "the name of a change such as \"batch\""),
        (policy("do = { another_instance = \"maybe\" }"), "expected true, false or \"prefer\""),
        (policy("do = { wait = 2 }"), "a duration such as \"2s\""),
        (policy("do = { wait = \"soon\" }"), "\"soon\" is no duration"),
        ("[[policy]]\nname = \"a\"\nmatch = { status = \"lost\" }".to_owned(), "unknown variant `lost`"),
        ("[[policy]]\nname = \"a\"\nnever = true".to_owned(), "missing field `match`"),
    ] {
        let error = toml::from_str::<Policies>(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}\n{error}");
    }
}

/// What the check says of a policy that is fine but for this.
fn faults(top: &str, policy: &str) -> String {
    let text = format!("{top}\n[[policy]]\nname = \"mine\"\n{policy}");
    let policies: Policies = toml::from_str(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    policies.check().map_err(|error| error.to_string()).unwrap_err()
}

#[test]
fn each_mistake_is_named_with_its_policy_its_field_and_the_fix() {
    let step = |step: &str| faults("", &format!("match = {{ error = \"E\" }}\ndo = [{step}]"));
    let on = |on: &str| faults("", &format!("match = {on}\nnever = true"));
    for (said, policy_field, fix) in [
        (step(""), "\"mine\", do:", "never = true"),
        (step("{}"), "\"mine\", do[0]:", "Write wait"),
        (step("{ wait = \"1s\", times = 0 }"), "do[0].times:", "Leave the step out"),
        (step("{ free_memory = true, on = { class = \"A\" } }"), "do[0].on:", "leave it out"),
        (step("{ wait = \"0s\" }"), "do[0].wait.first:", "at once"),
        (step("{ wait = { first = \"2s\", factor = 0.5 } }"), "do[0].wait.factor:", "from 1"),
        (step("{ wait = { first = \"2s\", factor = nan } }"), "do[0].wait.factor:", "from 1"),
        (step("{ wait = { first = \"2m\", max = \"1m\" } }"), "do[0].wait.max:", "at least first"),
        (step("{ change = { what = \"batch\", factor = 1.0 } }"), "do[0].change[0].factor:", "between 0 and 1"),
        (step("{ change = { what = \"frames\", factor = 0 } }"), "do[0].change[0].factor:", "between 0 and 1"),
        (step("{ change = { what = \"batch\", floor = 0 } }"), "do[0].change[0].floor:", "at least 1"),
        (step("{ change = [\"batch\", { what = \"size\", round = 7 }] }"), "do[0].change[1].round:", "multiple of 8"),
        (step("{ change = { what = \"precision\", floor = 64 } }"), "do[0].change[0].floor:", "in bits"),
        (step("{ change = \"batch\", on = { class = \"\" } }"), "do[0].on.class:", "Write a name"),
        (on("{}"), "match[0]:", "Name a status"),
        (on("[]"), "match:", "status ="),
        (on("{ error = \" \" }"), "match[0].error:", "Write a name"),
        (on("{ message = \"a\\nb\" }"), "match[0].message:", "several lines"),
        (on("{ class = \"*a*b*c*d*e*f*g*h*i\" }"), "match[0].class:", "stars"),
        (faults("", "match = { error = \"E\" }\nnever = true\ndo = { wait = \"1s\" }"), "never:", "Leave out one"),
        (
            faults("limits = { max_retries = 0 }", "match = { error = \"E\" }\nnever = true"),
            "limits.max_retries:",
            "never",
        ),
        (
            faults("limits = { within = \"0s\" }", "match = { error = \"E\" }\nnever = true"),
            "limits.within:",
            "at most",
        ),
        (
            faults("", "match = { error = \"E\" }\nnever = true\nlimits = { max_retries = 0 }"),
            "\"mine\", limits",
            "from 1",
        ),
    ] {
        assert!(said.contains(policy_field) && said.contains(fix), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn all_mistakes_are_said_at_once_and_two_of_one_name_are_one() {
    let text = "limits = { max_retries = 1000 }\n\
                [[policy]]\nname = \"a\"\nmatch = {}\n\
                [[policy]]\nname = \"a\"\nmatch = { error = \"E\" }\nnever = true\n\
                [[policy]]\nname = \" \"\nmatch = { error = \"E\" }\nnever = true";
    let error = toml::from_str::<Policies>(text).unwrap().check().unwrap_err();
    let places: Vec<(Option<&str>, &str)> =
        error.problems.iter().map(|problem| (problem.policy.as_deref(), problem.field.as_str())).collect();
    let expected = [
        (None, "limits.max_retries"),
        (Some("a"), "match[0]"),
        (Some("a"), "do"),
        (Some("a"), "name"),
        (Some(" "), "name"),
    ];
    assert_eq!(places, expected);
}

#[test]
fn classes_nobody_has_heard_of_are_fine() {
    let text = "[[policy]]\nname = \"a\"\nmatch = { class = \"*SomebodysNode*\" }\n\
                do = { change = \"batch\", on = { class = \"AnotherNode (v2)\" } }";
    assert_eq!(toml::from_str::<Policies>(text).unwrap().check(), Ok(()));
}
