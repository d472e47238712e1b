//! What `/object_info` says of single classes: the whole of it is large, and while a server makes that no message leaves
//! it.

use super::super::{Service, Site};
use futures::{StreamExt, stream};
use monitor_core::time::Timestamp;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// For all classes of one decision together; what has not come by then is as if the server had not said.
const PATIENCE: Duration = Duration::from_millis(1_500);
const IN_PARALLEL: usize = 4;
/// Of one instance; no server has more.
const MOST: usize = 20_000;

/// What was asked, by instance, as of a connection; `None` for a class the server does not have.
#[derive(Default)]
pub(in crate::service) struct SingleClasses(Mutex<HashMap<String, (Timestamp, Known)>>);

type Known = HashMap<String, Option<Arc<Value>>>;

impl SingleClasses {
    fn of_connection<T>(&self, instance_id: &str, since: Timestamp, with: impl FnOnce(&mut Known) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, known) = all.entry(instance_id.to_owned()).or_insert_with(|| (since, Known::new()));
        if *at != since {
            (*at, *known) = (since, Known::new());
        }
        with(known)
    }
}

/// The classes of one instance, as far as they are known.
#[derive(Default)]
pub(in crate::service) struct KnownClasses {
    whole: Option<Arc<Value>>,
    single: Known,
}

impl KnownClasses {
    pub(in crate::service) fn get(&self, class: &str) -> Option<&Value> {
        let single = || self.single.get(class)?.as_deref();
        self.whole.as_deref().and_then(|whole| whole.get(class)).or_else(single)
    }
}

impl Service {
    /// What is known without asking.
    pub(in crate::service) fn classes_known(&self, site: &Site) -> KnownClasses {
        let since = site.monitor.status().borrow().since;
        let whole = self.classes.lock().unwrap_or_else(PoisonError::into_inner).get(&site.instance_id).cloned();
        KnownClasses {
            whole: whole.filter(|(at, _)| *at == since).map(|(_, classes)| classes),
            single: self.single_classes.of_connection(&site.instance_id, since, |known| known.clone()),
        }
    }

    /// These classes, asked for where they are not known.
    pub(super) async fn classes_for(&self, site: &Site, names: &[String]) -> KnownClasses {
        let mut classes = self.classes_known(site);
        if classes.whole.is_some() {
            return classes;
        }
        let since = site.monitor.status().borrow().since;
        let unknown: BTreeSet<&String> = names.iter().filter(|name| !classes.single.contains_key(*name)).collect();
        let ask = |name: &String| {
            let (site, name) = (site.clone(), name.clone());
            async move {
                let answer = site.monitor.class_entry(&name).await;
                (name, answer)
            }
        };
        let mut answers = stream::iter(unknown).map(ask).buffer_unordered(IN_PARALLEL);
        let deadline = Instant::now() + PATIENCE;
        while let Ok(Some((name, answer))) = timeout_at(deadline, answers.next()).await {
            match answer {
                Ok(entry) => drop(classes.single.insert(name, entry.map(Arc::new))),
                Err(error) => tracing::debug!(%error, name, "a class could not be asked for"),
            }
        }
        let known = classes.single.clone();
        self.single_classes.of_connection(&site.instance_id, since, |kept| {
            if kept.len() < MOST {
                kept.extend(known);
            }
        });
        classes
    }
}
