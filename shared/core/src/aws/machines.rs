//! What is read of EC2, by every remedy that asks about machines.
//!
//! This module never asks for all of an account's instances.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;

use super::fleet::Machine;
use crate::id::InstanceId;
use crate::outcome::Unavailable;

pub trait StatusChecks {
    /// These instances as EC2 sees them. One that EC2 does not know is left out. None asked for are none, never "all".
    fn machines(
        &self,
        instances: &[InstanceId],
    ) -> impl Future<Output = Result<BTreeMap<InstanceId, Machine>, Unavailable>> + Send;

    /// When EC2 gave notice that it takes the instance back; `None` if it didn't, or if it is no Spot Instance.
    fn interruption(
        &self,
        instance: &InstanceId,
    ) -> impl Future<Output = Result<Option<Timestamp>, Unavailable>> + Send;
}
