//! How a job ends.

use super::{Heard, Job, Pen};
use crate::event::{ExecutionData, InterruptReason, JobCompleted, JobError, JobFailed, JobInterrupted};
use serde_json::{Map, Value};

impl Job {
    /// The one end of this attempt. `outputs` are the history's, `None` where it has none and what was heard must do.
    pub fn conclude(
        &mut self,
        pen: &mut Pen,
        end: &Heard,
        outputs: Option<&Map<String, Value>>,
        servers_ms: Option<u64>,
    ) {
        if !matches!(end, Heard::Error(error) if error.r#type == "submission_refused") {
            self.tell_queued(pen);
        }
        if let Some(outputs) = outputs {
            self.tell_outputs_of(pen, outputs);
        }
        let output = Value::Object(outputs.cloned().unwrap_or_else(|| std::mem::take(&mut self.outputs)));
        let made = output.as_object().is_some_and(|output| !output.is_empty());
        let lost = matches!(end, Heard::Error(error) if error.r#type == "instance_lost");
        let duration = if self.started.is_some() && !self.gap { Some(self.elapsed(pen.now)) } else { servers_ms }
            .or_else(|| self.started.map(|_| self.elapsed(pen.now)))
            .filter(|_| !lost);
        match end {
            Heard::Success => {
                let mut cached_nodes: Vec<String> = self.cached.iter().cloned().collect();
                cached_nodes.sort();
                let body = JobCompleted {
                    execution_data: ExecutionData { prompt_id: self.prompt_id.clone(), output },
                    duration_ms: duration.unwrap_or(0),
                    cached_nodes,
                    peak_memory_bytes: self.peak_memory,
                };
                self.tell(pen, "", 0, body);
            }
            Heard::Error(error) => self.failed(pen, error.clone(), duration, made.then_some(output)),
            Heard::Interrupted(node_id) if self.interrupt_due.is_some() && !self.cancelling => {
                let error = self.ran_too_long(pen.config.timeout_ms, node_id.as_deref());
                self.failed(pen, error, duration, made.then_some(output));
            }
            Heard::Interrupted(node_id) => {
                let reason = if self.cancelling { InterruptReason::Cancelled } else { InterruptReason::Interrupted };
                let reached = self.reached(node_id.as_deref());
                let body = JobInterrupted {
                    reason,
                    node_id: node_id.clone(),
                    duration_ms: duration,
                    node_progress: reached.map(|(value, _)| value),
                    node_max_progress: reached.map(|(_, max)| max),
                    output: made.then_some(output),
                    peak_memory_bytes: self.peak_memory,
                };
                self.tell(pen, "", 0, body);
            }
        }
    }

    fn failed(&mut self, pen: &mut Pen, error: JobError, duration_ms: Option<u64>, output: Option<Value>) {
        let reached = self.reached(error.node_id.as_deref());
        let body = JobFailed {
            error,
            duration_ms,
            will_retry: false,
            node_progress: reached.map(|(value, _)| value),
            node_max_progress: reached.map(|(_, max)| max),
            output,
            peak_memory_bytes: self.peak_memory,
        };
        self.tell(pen, "", 0, body);
    }

    fn ran_too_long(&self, timeout_ms: Option<u64>, node_id: Option<&str>) -> JobError {
        let (node_title, class_type) = node_id.map_or((None, None), |id| self.error_node(id));
        let limit = timeout_ms.map_or_else(String::new, |limit| format!(" of {} s", limit / 1_000));
        JobError {
            r#type: "timeout".to_owned(),
            message: format!(
                "It ran longer than its timeout{limit} allows and was interrupted. Raise `timeout` for jobs that may \
                 take longer."
            ),
            node_id: node_id.map(str::to_owned),
            node_title,
            class_type,
            traceback: Vec::new(),
        }
    }

    /// It left the queue before it ran, and the server did not restart.
    pub fn removed(&mut self, pen: &mut Pen) {
        self.tell_queued(pen);
        let reason = if self.cancelling { InterruptReason::Cancelled } else { InterruptReason::RemovedFromQueue };
        self.tell(pen, "", 0, JobInterrupted::unseen(reason));
    }

    /// How far the node was that it stopped in: the one named, else the one that started last. A node that waited for
    /// its children is as far as the last of them.
    fn reached(&self, named: Option<&str>) -> Option<(f64, f64)> {
        let mut newest_first = self.running.iter().rev().map(|at| &self.nodes[*at]);
        let Some(id) = named else { return newest_first.find_map(|live| live.steps) };
        let own = self.index.get(id).and_then(|at| self.nodes[*at].steps);
        own.or_else(|| newest_first.filter(|live| live.node.real_node_id.as_deref() == Some(id)).find_map(|l| l.steps))
    }
}
