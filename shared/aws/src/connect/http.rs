//! One pool of connections, and the trusted roots read once, for all clients of a process.
//!
//! Clients that only share a configuration have a pool each, and each reads the roots twice; one that is made for a look has
//! to shake hands anew. This module never changes what is trusted or how: the SDK's own TLS, roots and proxies.

use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

const TLS: tls::Provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);

#[derive(Debug)]
struct OnePool(SharedHttpConnector);

/// Reading and parsing the roots is most of what a function does before its first call. An endpoint without TLS needs none of them.
#[derive(Debug)]
struct ByScheme {
    connect_timeout: Duration,
    /// Trusts nobody, so no TLS connection comes about by it.
    plain: Connector,
    secure: OnceLock<Connector>,
}

/// For an endpoint; by default AWS's own.
pub(super) fn one_pool(connect_timeout: Duration, endpoint: Option<&str>) -> SharedHttpClient {
    SharedHttpClient::new(OnePool(SharedHttpConnector::new(ByScheme::new(connect_timeout, endpoint))))
}

/// Made as the SDK makes its own.
fn connector(connect_timeout: Duration, trusted: TrustStore) -> Connector {
    let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout).build();
    let connector = ConnectorBuilder::default().tls_provider(TLS).connector_settings(settings);
    let connector = connector.proxy_config(ProxyConfig::from_env());
    match TlsContext::builder().with_trust_store(trusted).build() {
        Ok(context) => connector.tls_context(context).build(),
        // The SDK's default, which trusts the system's roots. It has no way to fail.
        Err(_) => connector.build(),
    }
}

fn is_plain(url: &str) -> bool {
    url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

impl ByScheme {
    /// What it takes is made at once: while a function boots it has a whole processor, and later a part of one.
    fn new(connect_timeout: Duration, endpoint: Option<&str>) -> Self {
        let plain = connector(connect_timeout, TrustStore::empty());
        let connectors = ByScheme { connect_timeout, plain, secure: OnceLock::new() };
        if !endpoint.is_some_and(is_plain) {
            connectors.secure();
        }
        connectors
    }

    fn secure(&self) -> &Connector {
        self.secure.get_or_init(|| connector(self.connect_timeout, TrustStore::default()))
    }
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = if is_plain(request.uri()) { &self.plain } else { self.secure() };
        connector.call(request)
    }
}

impl HttpClient for OnePool {
    /// All clients have the time limits of one configuration.
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpListener;

    /// The first byte that a call to this scheme sends.
    fn first_byte(scheme: &str) -> u8 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("{scheme}://{}/", listener.local_addr().unwrap());
        let hears = std::thread::spawn(move || {
            let mut byte = [0];
            listener.accept().unwrap().0.read_exact(&mut byte).unwrap();
            byte[0]
        });
        let connectors = ByScheme::new(Duration::from_secs(1), Some("http://127.0.0.1"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Whoever listens hangs up after a byte.
        runtime.block_on(connectors.call(HttpRequest::get(url).unwrap())).unwrap_err();
        assert_eq!(connectors.secure.get().is_some(), scheme.eq_ignore_ascii_case("https"));
        hears.join().unwrap()
    }

    #[test]
    fn what_is_to_be_secure_is_never_sent_in_plain() {
        const TLS_HANDSHAKE: u8 = 22;
        assert_eq!(first_byte("https"), TLS_HANDSHAKE);
        assert_eq!(first_byte("HTTPS"), TLS_HANDSHAKE);
    }

    #[test]
    fn an_endpoint_without_tls_has_no_root_read() {
        assert_eq!(first_byte("http"), b'G');
    }

    #[test]
    fn the_roots_are_there_before_the_first_call() {
        for (endpoint, are_read) in
            [(None, true), (Some("https://a.example"), true), (Some("http://127.0.0.1:1"), false)]
        {
            let connectors = ByScheme::new(Duration::from_secs(1), endpoint);
            assert_eq!(connectors.secure.get().is_some(), are_read, "{endpoint:?}");
        }
    }
}
