//! The calls that the store makes, each with what is said of its outcome.

use super::item::{Item, get_text};
use super::{DynamoStore, Failure, told};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, DeleteRequest, KeysAndAttributes, Put, ReturnValue, TransactWriteItem,
    Update, WriteRequest,
};
use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use std::collections::HashMap;
use std::time::Duration;

/// `BatchGetItem` and `BatchWriteItem` take no more.
const GOT_TOGETHER: usize = 100;
const WRITTEN_TOGETHER: usize = 25;
/// What meets a transaction is tried again.
const TRIES: usize = 14;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Values of an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    values: HashMap<String, AttributeValue>,
}

impl Words {
    /// `:name`.
    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Words {
        self.values.insert(format!(":{name}"), value);
        self
    }

    fn some_values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

/// One write of a transaction, and what must be so for it.
pub(super) enum Write {
    Put(Item, Option<&'static str>, Words),
    Update(Item, String, Option<&'static str>, Words),
    Delete(Item),
    Check(Item, &'static str, Words),
}

pub(super) const NEW: Option<&str> = Some("attribute_not_exists(pk)");
pub(super) const THERE: Option<&str> = Some("attribute_exists(pk)");

/// What a query looks at: a partition, in it a beginning or a range of sort keys.
pub(super) struct Wanted {
    pub(super) pk: String,
    pub(super) sk: SortKeys,
    pub(super) newest_first: bool,
    pub(super) limit: Option<usize>,
}

pub(super) enum SortKeys {
    All,
    Beginning(String),
    /// Inclusive.
    From(String),
}

impl Wanted {
    pub(super) fn all(pk: impl Into<String>) -> Wanted {
        Wanted { pk: pk.into(), sk: SortKeys::All, newest_first: false, limit: None }
    }

    pub(super) fn beginning(pk: impl Into<String>, sk: impl Into<String>) -> Wanted {
        Wanted { sk: SortKeys::Beginning(sk.into()), ..Wanted::all(pk) }
    }
}

impl DynamoStore {
    pub(super) async fn get(&self, key: Item) -> Result<Option<Item>, Failure> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        Ok(request.send().await.map_err(Failure::of)?.item)
    }

    /// True if it was put; false if the condition did not hold.
    pub(super) async fn put(&self, item: Item, condition: Option<&str>, words: Words) -> Result<bool, Failure> {
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(words.some_values());
        match past_transactions(|| request.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(false)
            }
            Err(error) => Err(Failure::of(error)),
        }
    }

    /// The item as it is now; `None` if the condition did not hold.
    pub(super) async fn update(
        &self,
        key: Item,
        expression: &str,
        condition: Option<&str>,
        words: Words,
    ) -> Result<Option<Item>, Failure> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(expression)
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(words.some_values())
            .return_values(ReturnValue::AllNew);
        match past_transactions(|| request.clone().send()).await {
            Ok(updated) => Ok(Some(updated.attributes.unwrap_or_default())),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure::of(error)),
        }
    }

    pub(super) async fn delete(&self, key: Item) -> Result<(), Failure> {
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        past_transactions(|| request.clone().send()).await.map(drop).map_err(Failure::of)
    }

    /// Consistent, page by page.
    pub(super) async fn query(&self, wanted: Wanted) -> Result<Vec<Item>, Failure> {
        let mut words = Words::default().value("pk", AttributeValue::S(wanted.pk));
        let condition = match wanted.sk {
            SortKeys::All => "pk = :pk",
            SortKeys::Beginning(sk) => {
                words = words.value("sk", AttributeValue::S(sk));
                "pk = :pk AND begins_with(sk, :sk)"
            }
            SortKeys::From(sk) => {
                words = words.value("sk", AttributeValue::S(sk));
                "pk = :pk AND sk >= :sk"
            }
        };
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let missing = wanted.limit.map(|limit| i32::try_from(limit - items.len()).unwrap_or(i32::MAX));
            if missing == Some(0) {
                return Ok(items);
            }
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression(condition)
                .set_expression_attribute_values(words.some_values())
                .consistent_read(true)
                .scan_index_forward(!wanted.newest_first)
                .set_limit(missing)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(Failure::of)?;
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(items);
            }
        }
    }

    /// In the order of the keys, without those that are not there.
    pub(super) async fn get_all(&self, keys: Vec<Item>) -> Result<Vec<Item>, Failure> {
        let name = |item: &Item| Some((get_text(item, "pk")?.to_owned(), get_text(item, "sk")?.to_owned()));
        let order: Vec<_> = keys.iter().filter_map(name).collect();
        let mut found = HashMap::new();
        for keys in keys.chunks(GOT_TOGETHER) {
            let mut wanted = keys.to_vec();
            let mut pause = Duration::from_millis(20);
            while !wanted.is_empty() {
                let request = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
                let request = self.client.batch_get_item().request_items(&self.table, request.map_err(told)?);
                let answer = request.send().await.map_err(Failure::of)?;
                for item in answer.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                    if let Some(name) = name(&item) {
                        found.insert(name, item);
                    }
                }
                let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
                wanted = left.map(|left| left.keys).unwrap_or_default();
                if !wanted.is_empty() {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
            }
        }
        Ok(order.into_iter().filter_map(|name| found.remove(&name)).collect())
    }

    pub(super) async fn delete_all(&self, keys: Vec<Item>) -> Result<(), Failure> {
        for keys in keys.chunks(WRITTEN_TOGETHER) {
            let mut writes = Vec::with_capacity(keys.len());
            for key in keys {
                let delete = DeleteRequest::builder().set_key(Some(key.clone())).build().map_err(told)?;
                writes.push(WriteRequest::builder().delete_request(delete).build());
            }
            let mut pause = Duration::from_millis(20);
            while !writes.is_empty() {
                let request = self.client.batch_write_item().request_items(&self.table, writes);
                let answer = request.send().await.map_err(Failure::of)?;
                writes = answer.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
                if !writes.is_empty() {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
            }
        }
        Ok(())
    }

    /// All of them or none. `Err` in it: the places of those whose condition did not hold.
    pub(super) async fn transact(&self, writes: &[Write]) -> Result<Result<(), Vec<usize>>, Failure> {
        let mut pauses = pauses().build();
        loop {
            let items = writes.iter().map(|write| self.transacted(write)).collect::<Result<Vec<_>, _>>()?;
            let request = self.client.transact_write_items().set_transact_items(Some(items));
            let Err(error) = request.send().await else { return Ok(Ok(())) };
            let Some(codes) = cancellation(&error) else { return Err(Failure::of(error)) };
            let failed: Vec<usize> = codes
                .iter()
                .enumerate()
                .filter(|(_, code)| *code == "ConditionalCheckFailed")
                .map(|(at, _)| at)
                .collect();
            if !failed.is_empty() {
                return Ok(Err(failed));
            }
            if !codes.iter().all(|code| matches!(code.as_str(), "None" | "TransactionConflict" | "ThrottlingError")) {
                return Err(Failure::of(error));
            }
            let Some(pause) = pauses.next() else {
                return Err(Failure::Failed("transactions kept meeting".to_owned()));
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn transacted(&self, write: &Write) -> Result<TransactWriteItem, Failure> {
        let builder = TransactWriteItem::builder();
        Ok(match write {
            Write::Put(item, condition, words) => {
                let put = Put::builder()
                    .table_name(&self.table)
                    .set_item(Some(item.clone()))
                    .set_condition_expression(condition.map(str::to_owned))
                    .set_expression_attribute_values(words.some_values());
                builder.put(put.build().map_err(told)?).build()
            }
            Write::Update(key, expression, condition, words) => {
                let update = Update::builder()
                    .table_name(&self.table)
                    .set_key(Some(key.clone()))
                    .update_expression(expression)
                    .set_condition_expression(condition.map(str::to_owned))
                    .set_expression_attribute_values(words.some_values());
                builder.update(update.build().map_err(told)?).build()
            }
            Write::Delete(key) => {
                let delete = Delete::builder().table_name(&self.table).set_key(Some(key.clone()));
                builder.delete(delete.build().map_err(told)?).build()
            }
            Write::Check(key, condition, words) => {
                let check = ConditionCheck::builder()
                    .table_name(&self.table)
                    .set_key(Some(key.clone()))
                    .condition_expression(*condition)
                    .set_expression_attribute_values(words.some_values());
                builder.condition_check(check.build().map_err(told)?).build()
            }
        })
    }
}

fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(TRIES - 1)
        .with_jitter()
}

/// A single write that meets a transaction is refused, and the SDK does not try it again.
async fn past_transactions<T, E, F>(send: impl FnMut() -> F) -> Result<T, E>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, E>>,
{
    send.retry(pauses()).when(|error| error.code() == Some("TransactionConflictException")).await
}

fn cancellation<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Vec<String>> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(canceled) => {
            let reasons = canceled.cancellation_reasons();
            Some(reasons.iter().map(|reason| reason.code().unwrap_or("None").to_owned()).collect())
        }
        _ => None,
    }
}
