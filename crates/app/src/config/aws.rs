//! `[aws]`: where a monitor publishes to that has no page of its own.

use std::str::FromStr;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aws {
    /// `AWS_REGION`; else as the SDK finds it.
    pub region: Option<String>,
    /// `EVENTBRIDGE_BUS_NAME`: name or ARN of the bus.
    pub event_bus: Option<String>,
    /// The `DynamoDB` table: who listens, for progress that goes straight to the connections.
    pub table: Option<String>,
    /// The S3 bucket that outputs are put into.
    pub bucket: Option<String>,
    /// `WEBSOCKET_API_ENDPOINT`: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`.
    pub websocket_api_endpoint: Option<String>,
    /// What the names of command queues begin with, before the instance's id.
    pub queue_prefix: Option<String>,
    pub progress: Progress,
    /// Of the bucket's objects: `AES256`, or the ARN of a KMS key; `None`: as the bucket has it.
    pub encryption: Option<String>,
}

/// Which way a step takes to a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// Over the bus, at most once a second of a job.
    Bus,
    /// From the monitor to the connections.
    Direct,
    /// Straight to the connections, and the newest state over the bus at most once a second of a job.
    #[default]
    Both,
}

impl Progress {
    const ALL: [Progress; 3] = [Progress::Bus, Progress::Direct, Progress::Both];

    pub fn as_str(self) -> &'static str {
        match self {
            Progress::Bus => "bus",
            Progress::Direct => "direct",
            Progress::Both => "both",
        }
    }

    pub fn over_the_bus(self) -> bool {
        self != Progress::Direct
    }

    pub fn is_direct(self) -> bool {
        self != Progress::Bus
    }
}

impl FromStr for Progress {
    type Err = String;

    fn from_str(text: &str) -> Result<Progress, String> {
        let known = Self::ALL.into_iter().find(|progress| progress.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is no way for progress: it is `bus`, `direct` or `both`"))
    }
}
