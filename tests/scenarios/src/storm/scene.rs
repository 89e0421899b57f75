//! The scenes by name: what happens, to how many, and whether Auto Scaling throttles.
//!
//! This module never says what must come of a scene.

use std::fmt;
use std::str::FromStr;

use super::fleet::Trouble;
use super::rates::AutoScaling;
use super::report::Report;
use super::scenes;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SceneKind {
    /// One application dies on a quiet stack, under a policy of so many groups.
    Single { groups: usize },
    /// So many groups of 20 in good health, each with so many target groups; then one member whose event is lost.
    Resync { groups: usize, target_groups: usize },
    /// All members of one group of that size fail at once.
    WholeGroup { size: u32 },
    /// Nearly half of each of so many groups of 20 fails at once, and each alarm is told so many times.
    Alarms { groups: usize, copies: u32 },
    /// Nearly half of each of so many groups of 20 fails at once, and meanwhile a policy that only watches is deployed, and rolled back.
    Deploy { groups: usize },
    /// One Availability Zone of three, in 50 groups of 20.
    Zone { fault: ZoneFault },
}

/// How a zone dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneFault {
    /// Its applications die, and nothing can be launched there.
    Applications,
    /// Its machines fail, and nothing can be launched there.
    Machines,
    /// It takes launches, and whatever is launched there is dead, too.
    Grey,
}

impl ZoneFault {
    const ALL: [ZoneFault; 3] = [ZoneFault::Applications, ZoneFault::Machines, ZoneFault::Grey];

    fn name(self) -> &'static str {
        match self {
            ZoneFault::Applications => "applications",
            ZoneFault::Machines => "machines",
            ZoneFault::Grey => "grey",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    pub kind: SceneKind,
    pub auto_scaling: AutoScaling,
}

impl Scene {
    /// All that `make storm` plays, the quick ones first.
    pub fn all() -> Vec<Scene> {
        let mut kinds: Vec<SceneKind> =
            [1, 50, 100, 101, 500].map(|groups| SceneKind::Single { groups }).into_iter().collect();
        kinds.extend([30, 100, 300].map(|size| SceneKind::WholeGroup { size }));
        for target_groups in [1, 2] {
            kinds.extend([1, 10, 25, 50, 100, 200, 500].map(|groups| SceneKind::Resync { groups, target_groups }));
        }
        kinds.extend(ZoneFault::ALL.map(|fault| SceneKind::Zone { fault }));
        kinds.extend([(50, 20), (500, 2)].map(|(groups, copies)| SceneKind::Alarms { groups, copies }));
        kinds.push(SceneKind::Deploy { groups: 50 });
        kinds.into_iter().flat_map(Scene::of).collect()
    }

    fn of(kind: SceneKind) -> Vec<Scene> {
        let of = |auto_scaling| Scene { kind, auto_scaling };
        match kind {
            // Too few calls for any limit.
            SceneKind::Single { .. } => vec![of(AutoScaling::Limited)],
            _ => vec![of(AutoScaling::Limited), of(AutoScaling::Unlimited)],
        }
    }

    /// # Errors
    /// [`Trouble`]: the world of the scene could not be built.
    pub fn play(&self) -> Result<Report, Trouble> {
        match self.kind {
            SceneKind::Single { groups } => scenes::single::play(self, groups),
            SceneKind::Resync { groups, target_groups } => scenes::resync::play(self, groups, target_groups),
            SceneKind::WholeGroup { size } => scenes::whole_group::play(self, size),
            SceneKind::Alarms { groups, copies } => scenes::alarms::play(self, groups, copies),
            SceneKind::Deploy { groups } => scenes::deploy::play(self, groups),
            SceneKind::Zone { fault } => scenes::zone::play(self, fault),
        }
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SceneKind::Single { groups } => write!(f, "single-{groups}")?,
            SceneKind::Resync { groups, target_groups } => write!(f, "resync-{groups}x{target_groups}")?,
            SceneKind::WholeGroup { size } => write!(f, "whole-group-{size}")?,
            SceneKind::Alarms { groups, copies } => write!(f, "alarms-{groups}x{copies}")?,
            SceneKind::Deploy { groups } => write!(f, "deploy-{groups}")?,
            SceneKind::Zone { fault } => write!(f, "zone-{}", fault.name())?,
        }
        write!(f, "-{}", self.auto_scaling.name())
    }
}

impl FromStr for Scene {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Scene::all().into_iter().find(|scene| scene.to_string() == text);
        named.ok_or_else(|| format!("there is no scene {text:?}; --list prints the names of all"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_scene_is_found_by_its_name() {
        let all = Scene::all();
        let names: BTreeSet<String> = all.iter().map(Scene::to_string).collect();
        assert_eq!(names.len(), all.len(), "no name is another scene's: {names:?}");
        for scene in all {
            assert_eq!(scene.to_string().parse(), Ok(scene));
        }
    }
}
