//! What a form needs to know of a graph.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Replaced by the form's own work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FormInput {}
