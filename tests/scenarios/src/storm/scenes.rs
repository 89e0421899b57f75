//! What happens in each kind of scene.
//!
//! This module never judges what comes of it.

pub(super) mod alarms;
pub(super) mod deploy;
pub(super) mod resync;
pub(super) mod single;
pub(super) mod whole_group;
pub(super) mod zone;
