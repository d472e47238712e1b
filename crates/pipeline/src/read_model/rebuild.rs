//! From the rows of the store to a view.

use crate::ports::{AttemptRecord, GenerationRecord, Known, MediaRecord, Sending};
use monitor_core::event::Event;
use monitor_core::generation::{Output, OutputStatus};
use monitor_core::view::{self, AttemptSeed, Seed, View};

/// The view of a generation from all that is kept of it.
pub fn rebuild(known: Known, events: &[Event], media: &[MediaRecord]) -> View {
    let mut view = View::new(seed(&known.record));
    for attempt in &known.attempts {
        view.attempt_known(attempt_seed(attempt));
    }
    for row in media {
        view.put_output(output(row), row.position);
    }
    for event in events {
        view.apply(event);
    }
    // Steps are not durable; the percentage that was shown must not fall all the same.
    if let Some(saved) = known.saved.filter(|saved| saved.prompt_id == view.prompt_id()) {
        view.percentage_known(view.attempt(), saved.overall_percentage);
    }
    view
}

pub(super) fn seed(record: &GenerationRecord) -> Seed {
    Seed {
        queue_id: record.queue_id,
        origin: record.origin,
        instance_id: record.instance_id.clone(),
        title: record.title.clone(),
        created_at: record.created_at,
        metadata: record.metadata.clone(),
        warnings: record.warnings.clone(),
    }
}

pub(super) fn attempt_seed(attempt: &AttemptRecord) -> AttemptSeed {
    let refused = attempt.sending == Sending::Refused;
    AttemptSeed {
        number: attempt.number,
        prompt_id: attempt.prompt_id.clone(),
        instance_id: attempt.instance_id.clone(),
        change: attempt.change.clone(),
        refusal: attempt.refusal.clone().filter(|_| refused),
        completed_at: None,
        retry_stopped: attempt.retry_stopped,
    }
}

/// The contract's shape of a media row.
pub fn output(row: &MediaRecord) -> Output {
    let stored = row.status == OutputStatus::Stored;
    Output {
        media_id: row.media_id,
        node_id: row.node_id.clone(),
        kind: row.kind,
        preview: row.preview,
        content_type: row.content_type.clone(),
        size: row.size,
        width: row.width,
        height: row.height,
        sha256: row.sha256.clone(),
        url: (stored && row.key.is_some()).then(|| view::media_url(row.media_id)),
        thumbnail_url: (stored && row.thumbnail_key.is_some()).then(|| view::thumbnail_url(row.media_id)),
        original_filename: row.source.as_ref().map(|source| source.filename.clone()),
        text: row.text.clone(),
        status: row.status,
        reason: row.reason.clone(),
    }
}
