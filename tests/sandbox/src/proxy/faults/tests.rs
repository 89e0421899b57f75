//! Each kind of fault as a real SDK client meets it, and what reached the two backends behind the proxy.

mod kill;
mod matching;
mod stale;
mod wire;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_lambda::config::{Credentials, SharedCredentialsProvider};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;
use crate::account::sdk_config;
use crate::api::{Api, ApiError, Resource, Tree, make};
use crate::journal::{Call, Caller, Function, Journal};
use crate::policy::Document;
use crate::proxy::dns::Dns;
use crate::proxy::{Backends, Door, Proxy};
use crate::roles::Roles;

/// How many calls had an effect, on either side.
type Effects = Arc<AtomicUsize>;

struct Counting(Effects);

impl Api for Counting {
    fn serves(&self, service: &str) -> bool {
        ["autoscaling", "monitoring"].contains(&service)
    }

    fn resource(&self, _service: &str, _action: &str, _input: &Tree) -> Resource {
        Resource::any()
    }

    fn call(&self, _caller: &Caller, _service: &str, _action: &str, _input: &Tree) -> Result<Tree, ApiError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(make::record([]))
    }
}

struct Stage {
    proxy: Proxy,
    journal: Journal,
    faults: Faults,
    effects: Effects,
}

impl Stage {
    async fn set(faults: Faults) -> Self {
        let (journal, effects) = (Journal::new(), Effects::default());
        journal.register([healer()]);
        let all = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let backends = Backends {
            api: Arc::new(Counting(effects.clone())),
            roles: Roles::with_policies("healer", "healer-role", vec![Document::read(all).unwrap()]),
            journal: journal.clone(),
            upstream: ministack(effects.clone()).await,
            census: None,
            latency: Duration::ZERO,
            faults: faults.clone(),
            dns: Dns::default(),
        };
        let proxy = Proxy::serve(Door::open(0).await.unwrap(), backends).unwrap();
        Self { proxy, journal, faults, effects }
    }

    async fn with(fault: Fault) -> Self {
        let stage = Self::set(Faults::default()).await;
        stage.faults.add(fault);
        stage
    }

    /// The clients of a function, which do not retry by themselves.
    fn function(&self) -> SdkConfig {
        let credentials = Credentials::new(healer().access_key, "secret", None, None, "a function");
        let operator = sdk_config(self.proxy.endpoint()).into_builder();
        let function = operator.credentials_provider(SharedCredentialsProvider::new(credentials));
        function.retry_config(RetryConfig::disabled()).build()
    }

    fn effects(&self) -> usize {
        self.effects.load(Ordering::SeqCst)
    }

    fn only_call(&self) -> Call {
        let calls = self.journal.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls[0].clone()
    }
}

fn healer() -> Function {
    Function::deployed("healer", "arn:aws:lambda:us-east-1:000000000000:function:healer", "arn:role/healer-role")
}

/// Answers everything with as little as the SDK takes for a success, and with the number of the call.
async fn ministack(effects: Effects) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move |request: Request<Incoming>| {
        let effects = effects.clone();
        async move {
            let count = effects.fetch_add(1, Ordering::SeqCst) + 1;
            let json = request.headers().contains_key("x-amz-target");
            request.into_body().collect().await.unwrap();
            let body = if json {
                format!("{{\"Count\":{count}}}")
            } else {
                "<PublishResponse><PublishResult/></PublishResponse>".to_owned()
            };
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body))))
        }
    };
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let served = hyper::server::conn::http1::Builder::new();
            tokio::spawn(served.serve_connection(TokioIo::new(stream), service_fn(answer.clone())));
        }
    });
    format!("http://{address}")
}
