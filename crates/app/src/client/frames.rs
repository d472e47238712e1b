//! Frames as a reader sees them: what `run` and `watch` show, and no more.

use monitor_core::event::{Eta, JobError};
use monitor_core::generation::{Generation, Instance, Status, Summary};
use serde::Deserialize;

/// One frame of `/v1/live`.
#[derive(Debug)]
pub struct Frame {
    /// As it came.
    pub text: String,
    pub header: Header,
    pub body: Body,
}

/// In every frame of a job.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Header {
    pub attempt: Option<u32>,
    pub sequence: Option<u64>,
    pub status: Option<Status>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Body {
    SubscriptionConfirmed {},
    Error {
        message: String,
    },
    Snapshot {
        #[serde(default)]
        generation: Option<Box<Generation>>,
        #[serde(default)]
        generations: Vec<Summary>,
        #[serde(default)]
        instances: Vec<Instance>,
    },
    JobQueued(Place),
    QueueUpdate(Place),
    JobStarted {},
    JobProgress {
        nodes: Vec<RunningNode>,
        overall_percentage: f64,
        #[serde(default)]
        eta: Option<Eta>,
        #[serde(default)]
        over_ms: Option<u64>,
        #[serde(default)]
        critical_node_id: Option<String>,
        /// Of the whole job: it is stalled.
        #[serde(default)]
        message: Option<String>,
    },
    NodeExecuted {
        display_node_id: String,
        #[serde(default)]
        duration_ms: Option<u64>,
        #[serde(default)]
        cached: bool,
    },
    JobRetry {
        message: String,
    },
    Completed {
        message: String,
    },
    JobFailed {
        error: JobError,
        message: String,
    },
    JobInterrupted {
        message: String,
    },
    GenerationUpdate {
        generation: Box<Summary>,
    },
    InstanceUpdate {
        instance: Box<Instance>,
    },
    /// One that a newer server has, or that is not shown here.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    #[serde(default)]
    pub queue_position: Option<u32>,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunningNode {
    pub node_id: String,
    pub display_node_id: String,
    /// The human name.
    pub current_node: String,
    #[serde(default)]
    pub value: Option<f64>,
    #[serde(default)]
    pub max: Option<f64>,
    #[serde(default)]
    pub percentage: Option<f64>,
    pub message: String,
    pub elapsed_ms: u64,
}

impl Frame {
    pub fn parse(text: String) -> Result<Frame, serde_json::Error> {
        let header = serde_json::from_str(&text)?;
        let body = serde_json::from_str(&text)?;
        Ok(Frame { text, header, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_core::event::NodeState;
    use monitor_core::frame::{Frame as Written, FrameBody, JobHeader, ProgressData, ProgressType, QueuePlace};
    use monitor_core::names::NodeKind;
    use monitor_core::time::Timestamp;
    use uuid::Uuid;

    fn read(body: FrameBody) -> Frame {
        let job = JobHeader {
            queue_id: Uuid::nil(),
            prompt_id: "p".into(),
            attempt: 2,
            sequence: 9,
            status: Status::Processing,
        };
        let frame = Written { timestamp: Timestamp(0), request_id: None, job: Some(job), body };
        Frame::parse(serde_json::to_string(&frame).unwrap()).unwrap()
    }

    #[test]
    fn what_the_server_writes_is_read() {
        let node = ProgressData {
            node_id: "3".into(),
            display_node_id: "3".into(),
            current_node: "K-Sampler".into(),
            kind: NodeKind::Sampler,
            value: Some(15.0),
            max: Some(20.0),
            percentage: Some(75.0),
            node_state: NodeState::Running,
            parent_node_id: None,
            real_node_id: None,
            message: "Generating".into(),
            elapsed_ms: 10,
        };
        let frame = read(FrameBody::JobProgress {
            progress_type: ProgressType::NodeProgress,
            progress_data: Some(node.clone()),
            nodes: vec![node],
            overall_percentage: 66.5,
            elapsed_ms: 10,
            eta: None,
            over_ms: Some(1_200),
            critical_node_id: None,
            stalled_since: Some(Timestamp(0)),
            message: Some("No word from K-Sampler for 1:12".into()),
            next: Vec::new(),
        });
        assert_eq!((frame.header.attempt, frame.header.sequence), (Some(2), Some(9)));
        let Body::JobProgress { nodes, over_ms, message, .. } = frame.body else { panic!("a job_progress") };
        assert_eq!((nodes[0].current_node.as_str(), over_ms), ("K-Sampler", Some(1_200)));
        assert_eq!(message.as_deref(), Some("No word from K-Sampler for 1:12"));
        let place = QueuePlace {
            queue_position: Some(3),
            estimated_wait_time: None,
            eta: None,
            comfyui_queue_remaining: Some(4),
            message: "3rd in line".into(),
        };
        assert!(matches!(
            read(FrameBody::JobQueued(place)).body,
            Body::JobQueued(Place { queue_position: Some(3), .. })
        ));
        let failed = FrameBody::JobFailed { error: JobError::default(), message: "m".into() };
        assert!(matches!(read(failed).body, Body::JobFailed { .. }));
        assert!(matches!(read(FrameBody::Outputs { outputs: Vec::new(), truncated: false }).body, Body::Other));
    }

    #[test]
    fn a_frame_of_a_newer_server_is_no_error_and_a_null_generation_is_none() {
        assert!(matches!(Frame::parse(r#"{"type": "news", "x": [1]}"#.into()).unwrap().body, Body::Other));
        let empty = r#"{"type": "snapshot", "queueId": "q", "generation": null}"#;
        assert!(matches!(Frame::parse(empty.into()).unwrap().body, Body::Snapshot { generation: None, .. }));
    }
}
