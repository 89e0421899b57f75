//! Batches that did not apply.
//!
//! This module never says what would have applied instead.

use homeostat_remedies::hosted_zone::shift::Batch;
use jiff::Timestamp;

use super::Author;

#[derive(Debug, Clone, PartialEq)]
pub struct RefusedBatch {
    pub at: Timestamp,
    pub by: Author,
    pub batch: Batch,
    /// In Route 53's words.
    pub why: String,
}
