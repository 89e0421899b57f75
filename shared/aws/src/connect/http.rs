//! One pool of connections, and the trusted roots read once, for all clients of a process.
//!
//! Clients that only share a configuration have a pool each, and each reads the roots twice; one that is made for a look has
//! to shake hands anew. This module never changes what is trusted or how: the SDK's own TLS, roots and proxies.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{ConnectorBuilder, tls};
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

const TLS: tls::Provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);

#[derive(Debug)]
struct OnePool(SharedHttpConnector);

/// Made as the SDK makes its own, and at once: while a function boots it has a whole processor, and later a part of one.
pub(super) fn one_pool(connect_timeout: Duration) -> SharedHttpClient {
    let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout).build();
    let connector = ConnectorBuilder::default().tls_provider(TLS).connector_settings(settings);
    let connector = connector.proxy_config(ProxyConfig::from_env()).build();
    SharedHttpClient::new(OnePool(SharedHttpConnector::new(connector)))
}

impl HttpClient for OnePool {
    /// All clients have the time limits of one configuration.
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }
}
