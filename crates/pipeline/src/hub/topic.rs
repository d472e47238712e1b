//! What a reader can subscribe to.

use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `*`: every generation and instance, in summary.
    All,
    /// One generation, known or still to come.
    Generation(Uuid),
}

impl Topic {
    /// As [`crate::api::Api::snapshot`] wants it.
    pub fn queue_id(self) -> Option<Uuid> {
        match self {
            Topic::All => None,
            Topic::Generation(queue_id) => Some(queue_id),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::All => f.write_str("*"),
            Topic::Generation(queue_id) => queue_id.fmt(f),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("queueId is neither a UUID nor \"*\": give the queueId of a generation, or \"*\" for all")]
pub struct NoTopic;

impl FromStr for Topic {
    type Err = NoTopic;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Topic::All);
        }
        Uuid::try_parse(text).map(Topic::Generation).map_err(|_| NoTopic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_a_star_or_a_uuid_and_nothing_else() {
        assert_eq!("*".parse(), Ok(Topic::All));
        let id = Uuid::new_v4();
        assert_eq!(id.to_string().parse(), Ok(Topic::Generation(id)));
        for wrong in ["", "**", "all", "../etc", "1"] {
            assert_eq!(wrong.parse::<Topic>(), Err(NoTopic));
        }
    }
}
