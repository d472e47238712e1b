//! Ids that the same happening always gets again, also in another run on an empty folder (`CONTRACT.md`, "Events").

use std::fmt::Write;
use std::sync::LazyLock;
use uuid::Uuid;

/// Our namespace for UUIDv5, itself the UUIDv5 of `comfyui.monitor` in the DNS namespace.
static NAMESPACE: LazyLock<Uuid> = LazyLock::new(|| Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"comfyui.monitor"));

fn named(parts: &[&str]) -> Uuid {
    // Room for the name of an event: every step of a node makes one.
    let mut name = String::with_capacity(128);
    for part in parts {
        // A length before each part: no two lists of parts can run together into the same name.
        let told = write!(name, "{}:", part.len());
        debug_assert!(told.is_ok(), "writing to a string does not fail");
        name.push_str(part);
        name.push(';');
    }
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// The queue id of a job that somebody else submitted: of instance, prompt id and queue number, so that a prompt id
/// used twice makes two generations. `number` is absent where the server never told it.
pub fn observed_queue_id(instance_id: &str, prompt_id: &str, number: Option<f64>) -> Uuid {
    named(&["queue", instance_id, prompt_id, &number.map_or_else(String::new, |n| n.to_string())])
}

/// The id of an event: of queue id (or the instance, for monitor-level events), attempt, detail type, node and the
/// how-manieth of its kind.
pub fn event_id(scope: &str, attempt: u32, detail_type: &str, node_id: &str, ordinal: u64) -> Uuid {
    named(&["event", scope, &attempt.to_string(), detail_type, node_id, &ordinal.to_string()])
}

/// The id of an output: of generation, attempt, node and the file's (or text's) place on the server, so that a file
/// reported by `executed` and again by `/history` is one output.
pub fn media_id(queue_id: Uuid, attempt: u32, node_id: &str, what: &str) -> Uuid {
    named(&["media", &queue_id.to_string(), &attempt.to_string(), node_id, what])
}

/// The client id of the monitor of an instance: the same across reconnects and restarts of ours, another for another
/// installation (`seed` is made once per data folder).
pub fn client_id(seed: &str, instance_id: &str) -> Uuid {
    named(&["client", seed, instance_id])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_happening_gets_the_same_id_and_another_one_another() {
        let once = event_id("q", 1, "Node Executed", "3", 0);
        assert_eq!(once, event_id("q", 1, "Node Executed", "3", 0));
        assert_ne!(once, event_id("q", 1, "Node Executed", "30", 0));
        assert_ne!(event_id("q", 1, "a", "b1", 0), event_id("q", 1, "a", "b", 10));
    }

    #[test]
    fn ids_are_those_that_earlier_versions_have_stored() {
        let id = event_id("0f8fad5b-d9cb-469f-a165-70867728950e", 2, "Node Progress Update", "57:8", 41);
        assert_eq!(id.to_string(), "8260e19b-1356-5991-a66b-c45c1cdd67b5");
    }

    #[test]
    fn a_prompt_id_used_twice_makes_two_generations() {
        assert_ne!(observed_queue_id("i", "p", Some(1.0)), observed_queue_id("i", "p", Some(2.0)));
    }
}
