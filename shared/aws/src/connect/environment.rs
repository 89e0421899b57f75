//! What Lambda tells a function of AWS: its Region and its role's credentials. And where else to call, if an operator says so.
//!
//! This module never reads a file and never asks anybody. Who is told nothing here has no Region and no credentials, and each call
//! says so.

use std::env;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::{Region, SdkConfig};
use aws_types::sdk_config::{Builder, SharedCredentialsProvider};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Of variables that are there; of an empty one no more than of one that isn't.
type Variables = fn(&str) -> Option<String>;

/// The variables' names are those of the AWS SDKs and Tools Reference Guide.
pub(super) fn config() -> SdkConfig {
    let mut config = told_by(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    config.set_credentials_provider(Some(credentials)).set_identity_cache(Some(IdentityCache::lazy().build()));
    config.build()
}

fn told_by(variable: Variables) -> Builder {
    let mut config = SdkConfig::builder().service_config(OwnEndpoints(variable));
    let is_on = |name| variable(name).map(|value| value.eq_ignore_ascii_case("true"));
    config.set_region(variable("AWS_REGION").map(Region::new));
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.set_use_fips(is_on("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(is_on("AWS_USE_DUALSTACK_ENDPOINT"));
    config
}

/// A service's own endpoint goes before the one for all.
#[derive(Debug)]
struct OwnEndpoints(Variables);

impl LoadServiceConfig for OwnEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (self.0)(&format!("{}_{}", key.env(), key.service_id().replace(' ', "_").to_uppercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" => "eu-west-1",
            "AWS_ENDPOINT_URL" => "https://all.example",
            "AWS_ENDPOINT_URL_ROUTE_53" => "https://names.example",
            "AWS_USE_FIPS_ENDPOINT" => "TRUE",
            "AWS_USE_DUALSTACK_ENDPOINT" => "false",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_environment_says_where_to_call() {
        let config = told_by(told).build();
        assert_eq!(config.region(), Some(&Region::from_static("eu-west-1")));
        assert_eq!(config.endpoint_url(), Some("https://all.example"));
        assert_eq!((config.use_fips(), config.use_dual_stack()), (Some(true), Some(false)));
    }

    #[test]
    fn a_services_own_endpoint_goes_before_the_one_for_all() {
        let config = told_by(told).build();
        let endpoint = |service| {
            let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url");
            config.service_config().unwrap().load_config(key.build().unwrap())
        };
        assert_eq!(endpoint("Route 53").as_deref(), Some("https://names.example"));
        assert_eq!(endpoint("DynamoDB"), None);
    }

    #[test]
    fn no_variable_is_no_region_rather_than_a_guess() {
        let config = told_by(|_| None).build();
        assert_eq!((config.region(), config.endpoint_url(), config.use_fips()), (None, None, None));
    }
}
