//! What has closed, by month: for whoever looks back.
//!
//! This module never reads what is open.

use std::collections::BTreeMap;
use std::future::Future;

use serde::de::DeserializeOwned;

use super::Unavailable;
use crate::incident::Month;

/// Where a list goes on. Only the ledger that gave it knows what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub BTreeMap<String, String>);

/// A part of a list. One incident that can't be read must not hide the others.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedPage<I> {
    /// Without their notes, which the index leaves out.
    pub read: Vec<I>,
    pub unreadable: Vec<String>,
    /// `None`: that was all.
    pub next: Option<Cursor>,
}

pub trait ClosedIncidents {
    /// What closed in that month, newest first: at most so many, from where the last page ended. `I`: an incident of one remedy, or of
    /// any.
    fn closed_in<I: DeserializeOwned + Send>(
        &self,
        month: Month,
        most: u16,
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<ClosedPage<I>, Unavailable>> + Send;
}
