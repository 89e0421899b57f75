//! What `status` shows of launches that were abandoned in a row.
//!
//! This module never says that they were anybody's fault.

use homeostat_core::id::{GroupName, HookName};
use homeostat_core::shell;
use homeostat_core::view::at;
use homeostat_remedies::hook::memory::Abandoned;

/// `hook ready: 3 launches of lt-1:7 in a row abandoned since …`
pub(super) fn abandoned(group: &GroupName, hook: &HookName, abandoned: &Abandoned) -> String {
    let source = abandoned.launched_from.as_deref().map(|from| format!(" of {from}")).unwrap_or_default();
    let last = abandoned.instances.last().map(|last| format!(", the last of them {last}")).unwrap_or_default();
    let ack = shell::word(&format!("group#{group}"));
    format!(
        "hook {hook}: {} launch(es){source} in a row abandoned since {}{last}; a launch that is ready ends the row, or, once it is \
         fixed: homeostat ack {ack}",
        abandoned.instances.len(),
        at(abandoned.since)
    )
}

#[cfg(test)]
mod tests;
