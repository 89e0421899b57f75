//! Clients by Region, each made once: making one costs as much of the processor as a call.
//!
//! This module never asks one Region about what another one's ARN names.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_config::{Region, SdkConfig};

#[derive(Debug)]
pub(crate) struct Regional<C> {
    config: SdkConfig,
    make: fn(&SdkConfig) -> C,
    made: Mutex<BTreeMap<String, C>>,
}

impl<C: Clone> Regional<C> {
    pub(crate) fn new(config: &SdkConfig, make: fn(&SdkConfig) -> C) -> Self {
        Regional { config: config.clone(), make, made: Mutex::default() }
    }

    /// With the client of the function's own Region, where most of what it asks about is: while a function boots it has a whole
    /// processor, and later a part of one.
    pub(crate) fn ready(config: &SdkConfig, make: fn(&SdkConfig) -> C) -> Self {
        let regional = Regional::new(config, make);
        if let Some(own) = config.region() {
            regional.in_region(own.as_ref());
        }
        regional
    }

    /// The one for the Region that an ARN names, over the same connections.
    pub(crate) fn of(&self, arn: &str) -> C {
        self.in_region(arn.split(':').nth(3).unwrap_or_default())
    }

    fn in_region(&self, region: &str) -> C {
        let make = || (self.make)(&self.config.to_builder().region(Region::new(region.to_owned())).build());
        // Nothing that a panic could leave half done is in there.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry(region.to_owned()).or_insert_with(make).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(config: &SdkConfig) -> String {
        config.region().map(ToString::to_string).unwrap_or_default()
    }

    fn made(regional: &Regional<String>) -> Vec<String> {
        regional.made.lock().unwrap().keys().cloned().collect()
    }

    #[test]
    fn each_region_is_asked_for_its_own_by_a_client_that_is_made_once() {
        let config = SdkConfig::builder().region(Region::new("eu-west-1")).build();
        let regional = Regional::ready(&config, region);
        assert_eq!(made(&regional), ["eu-west-1"], "before anything is asked");
        for _ in 0..2 {
            for there in ["eu-west-1", "us-east-1"] {
                assert_eq!(regional.of(&format!("arn:aws:cloudwatch:{there}:123456789012:alarm:a")), there);
            }
        }
        assert_eq!(made(&regional), ["eu-west-1", "us-east-1"]);
        assert_eq!(made(&Regional::new(&config, region)), [""; 0], "what may never be asked for");
    }
}
