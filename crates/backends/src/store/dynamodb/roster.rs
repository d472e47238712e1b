//! What monitors said last of themselves: one item for each instance and detail type.

use super::calls::{Wanted, Words};
use super::item::{item, number};
use super::{DynamoStore, Failure, table};
use async_trait::async_trait;
use monitor_core::event::Event;
use monitor_pipeline::ports::{Roster, StoreError};

impl DynamoStore {
    async fn heard_event(&self, event: &Event) -> Result<(), Failure> {
        let sk = format!("{}#{}", table::part(&event.base.instance_id), event.detail_type());
        let row = item(table::ROSTER, sk, [("d", self.document(event).await?), ("seq", number(event.base.sequence))]);
        let words = Words::default().value("seq", number(event.base.sequence));
        self.put(row, Some("attribute_not_exists(pk) OR seq < :seq"), words).await.map(drop)
    }

    async fn heard_events(&self, instance_id: Option<&str>) -> Result<Vec<Event>, Failure> {
        let wanted = match instance_id {
            Some(instance_id) => Wanted::beginning(table::ROSTER, format!("{}#", table::part(instance_id))),
            None => Wanted::all(table::ROSTER),
        };
        let rows = self.query(wanted).await?;
        Ok(self.read_each(&rows, "d").await)
    }
}

#[async_trait]
impl Roster for DynamoStore {
    async fn hear(&self, event: &Event) -> Result<(), StoreError> {
        self.told(self.heard_event(event).await)
    }

    async fn heard(&self, instance_id: Option<&str>) -> Result<Vec<Event>, StoreError> {
        self.told(self.heard_events(instance_id).await)
    }
}
