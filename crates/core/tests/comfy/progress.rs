use monitor_core::comfy::message::{Message, NodeEntry, parse};
use monitor_core::comfy::progress::ProgressReader;
use proptest::prelude::*;
use serde_json::Value;

use crate::recording;

/// What a reader's answers add up to, held against a full parse after every message.
#[derive(Default)]
struct Follower {
    reader: ProgressReader,
    known: Vec<NodeEntry<'static>>,
    must_be_complete: bool,
    /// Entries parsed by the reader.
    parsed: usize,
}

impl Follower {
    fn feed(&mut self, text: &[u8]) {
        let full = parse(text);
        let Some(progress) = self.reader.read(text) else {
            if let Message::ProgressState(state) = full.message {
                self.known = state.into_owned().nodes;
                self.must_be_complete = true;
            }
            return;
        };
        assert!(!full.lenient, "the reader took what a parse does not: {}", String::from_utf8_lossy(text));
        let Message::ProgressState(state) = full.message else { panic!("no progress_state: {:?}", full.message) };
        assert!(progress.complete || !self.must_be_complete, "compared with a message it did not read");
        self.must_be_complete = false;
        assert_eq!(progress.prompt_id, state.prompt_id);
        assert_eq!(progress.total, state.nodes.len());
        self.parsed += progress.changed.len();
        let changed = progress.changed.into_iter().map(NodeEntry::into_owned);
        if progress.complete {
            self.known = changed.collect();
        } else {
            let before: Vec<_> = self.known.iter().map(|node| node.node_id.clone()).collect();
            self.known.truncate(progress.total - changed.len());
            self.known.extend(changed);
            let after: Vec<_> = self.known.iter().map(|node| node.node_id.clone()).collect();
            assert!(after.starts_with(&before), "a node went without being told");
        }
        assert_eq!(self.known, state.nodes);
    }
}

#[test]
fn reading_the_recordings_step_by_step_says_the_same_as_reading_each_message_whole() {
    for (_, lines) in recording::all() {
        for conn in ["a", "b", "c"] {
            let mut follower = Follower::default();
            for text in recording::texts(&lines, conn) {
                follower.feed(text.as_bytes());
            }
        }
    }
}

#[test]
fn the_cost_follows_what_changed_and_not_the_nodes_already_finished() {
    let mut follower = Follower::default();
    let texts = recording::texts(&recording::lines("19-large-graph"), "a");
    for text in &texts {
        follower.feed(text.as_bytes());
    }
    let messages = texts.iter().filter(|text| text.contains("\"progress_state\"")).count();
    assert!(messages > 300);
    // Each message changes one entry; the one before it may have to be read again where it is cut in its middle.
    assert!(follower.parsed <= 2 * messages, "{} entries for {messages} messages", follower.parsed);
}

fn state(prompt: &str, nodes: &[(&str, f64)]) -> String {
    let entry =
        |(id, value): &(&str, f64)| format!(r#""{id}": {{"value": {value:?}, "max": 9.0, "state": "running"}}"#);
    let nodes: Vec<String> = nodes.iter().map(entry).collect();
    format!(r#"{{"type": "progress_state", "data": {{"prompt_id": "{prompt}", "nodes": {{{}}}}}}}"#, nodes.join(", "))
}

#[test]
fn only_what_differs_from_the_message_before_is_read() {
    let mut reader = ProgressReader::new();
    let first = state("p", &[("1", 1.0), ("2", 1.0)]);
    let read = reader.read(first.as_bytes()).unwrap();
    assert!(read.complete && read.total == 2 && read.changed.len() == 2);

    let second = state("p", &[("1", 1.0), ("2", 2.0), ("3", 0.0)]);
    let read = reader.read(second.as_bytes()).unwrap();
    assert!(!read.complete && read.total == 3);
    let changed: Vec<_> = read.changed.iter().map(|node| (&*node.node_id, node.value)).collect();
    assert_eq!(changed, [("2", Some(2.0)), ("3", Some(0.0))]);

    let read = reader.read(second.as_bytes()).unwrap();
    assert!(!read.complete && read.changed.is_empty() && read.total == 3);
}

#[test]
fn another_job_a_removed_node_and_another_order_are_read_in_full() {
    let first = state("p", &[("1", 1.0), ("2", 1.0), ("3", 1.0)]);
    for second in [
        state("q", &[("1", 1.0), ("2", 1.0), ("3", 1.0)]),
        state("p", &[("1", 1.0), ("2", 1.0)]),
        state("p", &[("1", 1.0), ("3", 1.0), ("2", 1.0)]),
        state("p", &[("1", 1.0), ("2", 1.0), ("4", 1.0)]),
        state("p", &[]),
    ] {
        let mut reader = ProgressReader::new();
        reader.read(first.as_bytes()).unwrap();
        let read = reader.read(second.as_bytes()).unwrap();
        assert!(read.complete, "{second}");
        assert_eq!(read.changed.len(), read.total, "{second}");
    }
}

#[test]
fn other_messages_are_left_alone_and_do_not_disturb_it() {
    let mut reader = ProgressReader::new();
    let first = state("p", &[("1", 1.0), ("2", 1.0)]);
    reader.read(first.as_bytes()).unwrap();
    assert_eq!(reader.read(br#"{"type": "status", "data": {}}"#), None);
    assert!(!reader.read(first.as_bytes()).unwrap().complete);
}

#[test]
fn after_a_message_it_could_not_read_the_next_is_read_in_full() {
    let first = state("p", &[("1", 1.0), ("2", 1.0)]);
    for odd in [
        first.replacen("1.0", "NaN", 1),
        first.replacen("1.0", "\"1\"", 1),
        first[..90].to_owned(),
        format!("{first} x"),
    ] {
        let mut reader = ProgressReader::new();
        reader.read(first.as_bytes()).unwrap();
        assert_eq!(reader.read(odd.as_bytes()), None, "{odd}");
        assert!(reader.read(first.as_bytes()).unwrap().complete);
    }
}

/// Something that may happen to a message on its way.
#[derive(Debug, Clone)]
enum Change {
    Nothing,
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Spacing(bool),
    OtherPrompt,
    Without(prop::sample::Index),
    Swapped(prop::sample::Index),
    Escaped,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => Just(Change::Nothing),
        1 => (any::<prop::sample::Index>(), prop::sample::select(b"0123456789.\",:{} x\\\xff".to_vec())).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => any::<prop::sample::Index>().prop_map(Change::Cut),
        1 => any::<bool>().prop_map(Change::Spacing),
        1 => Just(Change::OtherPrompt),
        1 => any::<prop::sample::Index>().prop_map(Change::Without),
        1 => any::<prop::sample::Index>().prop_map(Change::Swapped),
        1 => Just(Change::Escaped),
    ]
}

type Nodes = Vec<(String, Value)>;

fn apply(change: &Change, text: &str) -> Vec<u8> {
    let mut value: Value = serde_json::from_str(text).unwrap();
    let nodes = |value: &mut Value, edit: &dyn Fn(&mut Nodes)| {
        let mut nodes: Nodes = value["data"]["nodes"].as_object().unwrap().clone().into_iter().collect();
        if !nodes.is_empty() {
            edit(&mut nodes);
        }
        value["data"]["nodes"] = nodes.into_iter().collect();
    };
    match change {
        Change::Nothing => return text.into(),
        Change::Byte(at, byte) => {
            let mut bytes = text.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = *byte;
            return bytes;
        }
        Change::Cut(at) => return text.as_bytes()[..at.index(text.len())].into(),
        Change::Spacing(true) => return value.to_string().into(),
        Change::Spacing(false) => return serde_json::to_vec_pretty(&value).unwrap(),
        Change::OtherPrompt => {
            value["data"]["prompt_id"] = "518cf038-0000-4000-8000-000000000000".into();
        }
        Change::Without(at) => nodes(&mut value, &|nodes| {
            drop(nodes.remove(at.index(nodes.len())));
        }),
        Change::Swapped(at) => nodes(&mut value, &|nodes| {
            let at = at.index(nodes.len());
            let last = nodes.len() - 1;
            nodes.swap(at, last);
        }),
        Change::Escaped => return text.replacen("\"1\"", "\"\\u0031\"", 1).into(),
    }
    recording::on_the_wire(&value).into()
}

fn recorded_states() -> Vec<String> {
    let states = |name, limit| {
        let texts = recording::texts(&recording::lines(name), "a").into_iter();
        texts.filter(|text| text.contains("\"progress_state\"")).take(limit).collect::<Vec<_>>()
    };
    ["11-expansion-loop", "10-parallel", "18-partial-and-lazy", "24-list-mapping"]
        .iter()
        .flat_map(|name| states(name, 40))
        .collect()
}

proptest! {
    #[test]
    fn whatever_happens_to_the_messages_the_reader_says_the_same_as_a_full_parse(
        start in any::<prop::sample::Index>(),
        steps in prop::collection::vec((0_usize..3, change()), 1..40),
    ) {
        static STATES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(recorded_states);
        let mut follower = Follower::default();
        let mut at = start.index(STATES.len());
        for (forward, change) in steps {
            at = (at + forward) % STATES.len();
            follower.feed(&apply(&change, &STATES[at]));
        }
    }
}
