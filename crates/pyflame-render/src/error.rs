//! What can keep a picture from being drawn.

use thiserror::Error;

/// Why there is no picture.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The place that the picture is written to does not take it.
    #[error("failed to write the picture")]
    Write(#[from] std::io::Error),
}
