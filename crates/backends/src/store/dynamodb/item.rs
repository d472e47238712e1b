//! Items: documents as JSON, packed where they are long, and beside the table where an item would not hold them.

use super::{DynamoStore, Failure, told};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use object_store::ObjectStoreExt;
use object_store::path::Path as Key;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{Read, Write};

pub(super) type Item = HashMap<String, AttributeValue>;

/// Bytes of JSON that stay readable in a console, and cost one write unit.
const PLAIN: usize = 900;
/// An item holds 400 KB in all, and may have two documents.
const LARGEST: usize = 180 * 1024;
/// Nothing of ours unpacks to more.
const UNPACKED: u64 = 256 * 1024 * 1024;
const FOLDER: &str = "documents";
const ELSEWHERE: &str = "key";

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(number: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn item<const N: usize>(
    pk: impl Into<String>,
    sk: impl Into<String>,
    attributes: [(&str, AttributeValue); N],
) -> Item {
    let keys = [("pk", text(pk)), ("sk", text(sk))];
    keys.into_iter().chain(attributes).map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    item(pk, sk, [])
}

pub(super) fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(super) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn required<'a>(item: &'a Item, name: &str) -> Result<&'a str, Failure> {
    get_text(item, name).ok_or_else(|| Failure::Failed(format!("an item has no {name}")))
}

impl DynamoStore {
    pub(super) async fn document(&self, value: &impl Serialize) -> Result<AttributeValue, Failure> {
        let json = serde_json::to_string(value).map_err(told)?;
        if json.len() <= PLAIN {
            return Ok(text(json));
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(json.as_bytes()).map_err(told)?;
        let packed = packed.finish().map_err(told)?;
        if packed.len() <= LARGEST {
            return Ok(AttributeValue::B(Blob::new(packed)));
        }
        let place = format!("{FOLDER}/{}", crate::bulk::hex(&Sha256::digest(&packed)));
        let at = Key::from(place.as_str());
        // Also where it is there, and then it is the same, for the name is the content's: written again, it stays longer.
        self.large.put(&at, Bytes::from(packed).into()).await.map_err(told)?;
        Ok(AttributeValue::M(HashMap::from([(ELSEWHERE.to_owned(), text(place))])))
    }

    /// `None` also where it lay beside the table and its time is over: the rest of the item is good without it.
    pub(super) async fn read_in<T: DeserializeOwned>(&self, item: &Item, name: &str) -> Result<Option<T>, Failure> {
        match item.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(json)) => serde_json::from_str(json).map_err(told),
            Some(AttributeValue::B(packed)) => unpacked(packed.as_ref()).map(Some),
            Some(AttributeValue::M(elsewhere)) => {
                let place = required(elsewhere, ELSEWHERE)?;
                match self.large.get(&Key::from(place)).await {
                    Ok(found) => unpacked(&found.bytes().await.map_err(told)?).map(Some),
                    Err(object_store::Error::NotFound { .. }) => {
                        tracing::debug!(place, "a document of the store is there no longer");
                        Ok(None)
                    }
                    Err(error) => Err(told(error)),
                }
            }
            Some(_) => Err(Failure::Failed("a document has an unknown form".to_owned())),
        }
    }

    /// One document of each item. One that cannot be read is reported and left out: it must not take the others with it.
    pub(super) async fn read_each<T: DeserializeOwned>(&self, items: &[Item], name: &str) -> Vec<T> {
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            match self.read_in(item, name).await {
                Ok(value) => all.extend(value),
                Err(failure) => {
                    tracing::error!(error = %failure, "an item of the store cannot be read and is left out");
                }
            }
        }
        all
    }
}

fn unpacked<T: DeserializeOwned>(packed: &[u8]) -> Result<T, Failure> {
    let mut json = Vec::new();
    GzDecoder::new(packed).take(UNPACKED).read_to_end(&mut json).map_err(told)?;
    serde_json::from_slice(&json).map_err(told)
}
