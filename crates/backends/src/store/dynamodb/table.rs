//! The table: its keys, and how texts of strangers become parts of them (`docs/decisions/0017`).

use super::{DynamoStore, Failure, told};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification,
};
use monitor_core::time::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The table's keys, both strings, and the attribute that says when an item goes by itself (seconds since the epoch).
pub const PARTITION_KEY: &str = "pk";
pub const SORT_KEY: &str = "sk";
pub const EXPIRES_AT: &str = "expiresAt";

/// A sort key where there is but one item.
pub(super) const ONE: &str = "-";
pub(super) const META: &str = "meta";
/// Slim rows of all generations, newest last.
pub(super) const LIST: &str = "list";
pub(super) const UNSENT: &str = "unsent";
pub(super) const PLANS: &str = "plans";
pub(super) const PENDING: &str = "pending";
pub(super) const INSTANCES: &str = "instances";
pub(super) const ROSTER: &str = "roster";

/// Bytes of a text that stands in a key as it is.
const SHORT: usize = 96;

/// A text as a part of a key: as it is where it is short and plain, else its digest. One is never the other.
pub(super) fn part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=+/@:".contains(&byte);
    if !text.is_empty() && text.len() <= SHORT && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("~{}", crate::bulk::hex(&Sha256::digest(text.as_bytes())))
    }
}

/// Texts of numbers sort as the numbers do, also those below zero.
pub(super) fn ordered(number: i64) -> String {
    format!("{:020}", number.cast_unsigned() ^ (1 << 63))
}

pub(super) fn moment(at: Timestamp) -> String {
    ordered(at.as_millis())
}

pub(super) fn generation(queue_id: Uuid) -> String {
    format!("g#{}", queue_id.simple())
}

pub(super) fn attempt(number: u32) -> String {
    format!("attempt#{number:010}")
}

pub(super) fn plan(number: u32) -> String {
    format!("plan#{number:010}")
}

pub(super) fn end(attempt: u32) -> String {
    format!("end#{attempt:010}")
}

pub(super) fn event(event_id: Uuid) -> String {
    format!("event#{}", event_id.simple())
}

pub(super) fn output(media_id: Uuid) -> String {
    format!("media#{}", media_id.simple())
}

/// Of the same moment, by id.
pub(super) fn listed(created_at: Timestamp, queue_id: Uuid) -> String {
    format!("{}#{}", moment(created_at), queue_id.simple())
}

pub(super) fn prompt(prompt_id: &str) -> String {
    format!("prompt#{}", part(prompt_id))
}

pub(super) fn of_instance(what: &str, instance_id: &str) -> String {
    format!("{what}#{}", part(instance_id))
}

impl DynamoStore {
    /// For tests and trials: a deployment makes it by its template, the same.
    pub async fn create_table(&self) -> Result<(), monitor_pipeline::ports::StoreError> {
        let made = async {
            let mut request =
                self.client.create_table().table_name(&self.table).billing_mode(BillingMode::PayPerRequest);
            for (name, kind) in [(PARTITION_KEY, KeyType::Hash), (SORT_KEY, KeyType::Range)] {
                let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
                let text = AttributeDefinition::builder().attribute_name(name);
                let text = text.attribute_type(ScalarAttributeType::S).build();
                request = request.key_schema(key.map_err(told)?).attribute_definitions(text.map_err(told)?);
            }
            request.send().await.map_err(Failure::of)?;
            let ends = TimeToLiveSpecification::builder().enabled(true).attribute_name(EXPIRES_AT).build();
            let ends = ends.map_err(told)?;
            let request = self.client.update_time_to_live().table_name(&self.table).time_to_live_specification(ends);
            request.send().await.map_err(Failure::of)?;
            Ok(())
        };
        made.await.map_err(|failure| self.failed(failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_texts_also_below_zero() {
        let numbers = [i64::MIN, -5, -1, 0, 1, 9, 10, i64::MAX];
        assert!(numbers.map(ordered).is_sorted());
    }

    #[test]
    fn texts_of_strangers_are_no_longer_and_no_other_than_a_key_may_be() {
        assert_eq!(part("gpu-1"), "gpu-1");
        for odd in ["", "a#b", "~x", "grüße", &"x".repeat(97), "nul\0"] {
            assert!(part(odd).starts_with('~') && part(odd).len() == 65, "{odd:?}");
        }
        assert_ne!(part("a b"), part("a  b"));
    }
}
