//! What a scene chooses of what Homeostat runs in.
//!
//! This module never says what happens.

use super::deliveries::Way;
use super::queue::QueueSettings;
use super::rates::AutoScaling;
use super::scene::Scene;
use super::wire::Latency;

#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings {
    pub(super) auto_scaling: AutoScaling,
    pub(super) latency: Latency,
    pub(super) way: Way,
    /// How often each event is delivered; 0 = all are lost.
    pub(super) copies: u32,
    pub(super) resyncs: bool,
}

impl Surroundings {
    /// As in an ordinary account: the product's own figures, and each event twice, since a delivery may be repeated.
    pub(super) fn usual(scene: &Scene) -> Self {
        Surroundings {
            auto_scaling: scene.auto_scaling,
            latency: Latency::USUAL,
            way: Way::Queue(QueueSettings::INTAKE),
            copies: 2,
            resyncs: true,
        }
    }
}
