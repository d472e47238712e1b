//! Attempts to come, in the partition of their generation; `plans` has the way to each, soonest first.

use super::calls::{NEW, THERE, Wanted, Words, Write};
use super::generations::id_of;
use super::item::{get_number, item, key, number, text};
use super::{DynamoStore, Failure, table, told};
use aws_sdk_dynamodb::types::AttributeValue;
use monitor_pipeline::ports::{PlannedRetry, StoreError};
use uuid::Uuid;

fn soonest_first(plan: &PlannedRetry) -> String {
    format!("{}#{:010}", table::listed(plan.retry_at, plan.queue_id), plan.number)
}

impl DynamoStore {
    /// Keeps the first plan of a number, and none beside the attempt itself.
    pub(super) async fn plan(&self, plan: &PlannedRetry) -> Result<Option<PlannedRetry>, Failure> {
        let partition = table::generation(plan.queue_id);
        let place = key(partition.clone(), table::plan(plan.number));
        let row = [("q", text(plan.queue_id.simple().to_string())), ("n", number(plan.number))];
        let writes = [
            Write::Check(key(partition.clone(), table::META), "attribute_exists(pk)", Words::default()),
            Write::Check(
                key(partition.clone(), table::attempt(plan.number)),
                "attribute_not_exists(pk)",
                Words::default(),
            ),
            Write::Put(
                item(partition, table::plan(plan.number), [("d", self.document(plan).await?)]),
                NEW,
                Words::default(),
            ),
            Write::Put(item(table::PLANS, soonest_first(plan), row), None, Words::default()),
        ];
        match self.transact(&writes).await? {
            Ok(()) => Ok(Some(plan.clone())),
            Err(failed) if failed.contains(&0) => Err(StoreError::NotFound(plan.queue_id).into()),
            Err(failed) if failed.contains(&1) => Ok(None),
            Err(_) => match self.get(place).await? {
                Some(held) => self.read_in(&held, "d").await,
                None => Ok(None),
            },
        }
    }

    /// Under this number and above.
    pub(super) async fn plans_from(&self, queue_id: Uuid, number: u32) -> Result<Vec<PlannedRetry>, Failure> {
        let items = self.query(Wanted::beginning(table::generation(queue_id), "plan#")).await?;
        let mut plans: Vec<PlannedRetry> = self.read_each(&items, "d").await;
        plans.retain(|plan| plan.number >= number);
        Ok(plans)
    }

    pub(super) fn without_plan(plan: &PlannedRetry) -> [Write; 2] {
        [
            Write::Delete(key(table::generation(plan.queue_id), table::plan(plan.number))),
            Write::Delete(key(table::PLANS, soonest_first(plan))),
        ]
    }

    pub(super) async fn plan_of(&self, queue_id: Uuid) -> Result<Option<PlannedRetry>, Failure> {
        Ok(self.plans_from(queue_id, 0).await?.pop())
    }

    pub(super) async fn all_plans(&self) -> Result<Vec<PlannedRetry>, Failure> {
        let mut places = Vec::new();
        for row in self.query(Wanted::all(table::PLANS)).await? {
            let number = get_number(&row, "n").ok_or_else(|| told("a row has no number"))?;
            places.push(key(table::generation(id_of(&row)?), table::plan(number)));
        }
        let items = self.get_all(places).await?;
        Ok(self.read_each(&items, "d").await)
    }

    pub(super) async fn stop_plan(&self, queue_id: Uuid, number: u32) -> Result<(), Failure> {
        let attempt = key(table::generation(queue_id), table::attempt(number));
        let words = Words::default().value("yes", AttributeValue::Bool(true));
        let mut writes = vec![Write::Update(attempt, "SET stopped = :yes".to_owned(), THERE, words)];
        for plan in self.plans_from(queue_id, number + 1).await? {
            writes.extend(Self::without_plan(&plan));
        }
        match self.transact(&writes).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(StoreError::NotFound(queue_id).into()),
        }
    }
}
