//! Addresses of stored bytes that a browser can open without us, in place of our own relative ones.

use crate::ports::{Links, MediaError};
use monitor_core::frame::{Frame, FrameBody};
use monitor_core::generation::{Generation, Output, Summary};
use monitor_core::view;
use uuid::Uuid;

pub async fn in_output(links: &dyn Links, output: &mut Output) -> Result<(), MediaError> {
    if output.url.is_some() {
        let (content_type, filename) = (output.content_type.as_deref(), output.original_filename.as_deref());
        output.url = Some(links.link(output.media_id, false, content_type, filename).await?);
    }
    if output.thumbnail_url.is_some() {
        output.thumbnail_url = Some(links.link(output.media_id, true, None, None).await?);
    }
    Ok(())
}

pub async fn in_generation(links: &dyn Links, generation: &mut Generation) -> Result<(), MediaError> {
    for output in &mut generation.outputs {
        in_output(links, output).await?;
    }
    Ok(())
}

pub async fn in_summary(links: &dyn Links, summary: &mut Summary) -> Result<(), MediaError> {
    if let Some(media_id) = summary.thumbnail_url.as_deref().and_then(thumbnail_of) {
        summary.thumbnail_url = Some(links.link(media_id, true, None, None).await?);
    }
    Ok(())
}

pub async fn in_frame(links: &dyn Links, frame: &mut Frame) -> Result<(), MediaError> {
    in_body(links, &mut frame.body).await
}

pub async fn in_body(links: &dyn Links, body: &mut FrameBody) -> Result<(), MediaError> {
    match body {
        FrameBody::Snapshot { generation, generations, .. } => {
            if let Some(Some(generation)) = generation {
                in_generation(links, generation).await?;
            }
            for summary in generations.iter_mut().flatten() {
                in_summary(links, summary).await?;
            }
        }
        FrameBody::Outputs { outputs, .. } | FrameBody::Completed { outputs, .. } => {
            for output in outputs {
                in_output(links, output).await?;
            }
        }
        FrameBody::GenerationUpdate { generation } => in_summary(links, generation).await?,
        _ => {}
    }
    Ok(())
}

/// What [`view::thumbnail_url`] was made of.
fn thumbnail_of(url: &str) -> Option<Uuid> {
    let media_id = url.split('/').find_map(|part| Uuid::try_parse(part).ok())?;
    (view::thumbnail_url(media_id) == url).then_some(media_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_thumbnails_of_ours_are_addressed_anew() {
        let id = Uuid::from_u128(7);
        assert_eq!(thumbnail_of(&view::thumbnail_url(id)), Some(id));
        for other in [view::media_url(id), format!("https://elsewhere/{id}/thumbnail"), String::new()] {
            assert_eq!(thumbnail_of(&other), None);
        }
    }
}
