//! The proxy between a caller and two backends: a model of Auto Scaling, and a stand-in for MiniStack that tells what
//! reached it.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use crate::api::{Api, ApiError, Resource, Tree, make, read};
use crate::journal::{Call, Caller, Function, Journal, Who};
use crate::policy::Document;
use crate::proxy::dns::Dns;
use crate::proxy::faults::Faults;
use crate::proxy::{Backends, Door, Proxy};
use crate::roles::Roles;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

struct Groups;

impl Api for Groups {
    fn serves(&self, service: &str) -> bool {
        service == "autoscaling"
    }

    fn resource(&self, _service: &str, _action: &str, _input: &Tree) -> Resource {
        Resource::any()
    }

    fn call(&self, caller: &Caller, service: &str, action: &str, input: &Tree) -> Result<Tree, ApiError> {
        match action {
            "DescribeGroup" => Ok(make::record([
                ("Group", make::text(read::text(input, "Name")?)),
                ("AskedBy", make::text(caller.who.to_string())),
            ])),
            _ => Err(ApiError::not_modelled(service, action)),
        }
    }
}

struct Stage {
    proxy: Proxy,
    journal: Journal,
}

struct Answer {
    status: u16,
    body: String,
}

impl Stage {
    async fn set(roles: Roles, upstream: String) -> Self {
        let journal = Journal::new();
        let backends = Backends {
            api: Arc::new(Groups),
            roles,
            journal: journal.clone(),
            upstream,
            census: None,
            latency: Duration::ZERO,
            faults: Faults::default(),
            dns: Dns::default(),
        };
        let proxy = Proxy::serve(Door::open(0).await.unwrap(), backends).unwrap();
        Self { proxy, journal }
    }

    /// Sends a form, signed for the service with that key; an empty service means unsigned.
    async fn send(&self, service: &str, key: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send_to(self.proxy.endpoint(), service, key, path, body).await
    }

    async fn send_to(&self, endpoint: &str, service: &str, key: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        let mut request =
            Request::post(format!("{endpoint}{path}")).header("content-type", "application/x-www-form-urlencoded");
        if !service.is_empty() {
            let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20261120/us-east-1/{service}/aws4_request, X=y");
            request = request.header("authorization", scope).header("x-amzn-trace-id", "Root=1-a;Sampled=1");
        }
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Answer { status, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    fn only_call(&self) -> Call {
        let calls = self.journal.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls[0].clone()
    }
}

/// Answers with the host, the path and the size of what it gets.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = |request: Request<Incoming>| async move {
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        let path = request.uri().to_string();
        let size = request.into_body().collect().await.unwrap().to_bytes().len();
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(format!("{host} {path} {size}")))))
    };
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let served = hyper::server::conn::http1::Builder::new();
            tokio::spawn(served.serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
    format!("http://{address}")
}

/// An address at which nobody answers.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn healer() -> Function {
    Function::deployed("healer", "arn:aws:lambda:us-east-1:000000000000:function:healer", "arn:role/healer-role")
}

fn describing() -> Roles {
    let json = r#"{"Statement":[{"Effect":"Allow","Action":"autoscaling:DescribeGroup","Resource":"*"}]}"#;
    Roles::with_policies("healer", "healer-role", vec![Document::read(json).unwrap()])
}

#[tokio::test]
async fn a_claimed_service_is_answered_by_the_model_even_while_ministack_is_down() {
    let stage = Stage::set(describing(), nobody().await).await;
    stage.journal.register([healer()]);
    let answer = stage.send("autoscaling", &healer().access_key, "/", "Action=DescribeGroup&Name=web").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<Group>web</Group><AskedBy>healer</AskedBy>"), "{}", answer.body);
    let call = stage.only_call();
    assert!(call.is("autoscaling", "DescribeGroup"));
    assert_eq!(call.who, Who::Function("healer".into()));
    assert_eq!(call.subject, "web");
    assert_eq!(stage.journal.calls_in("1-a").len(), 1);
}

#[tokio::test]
async fn what_the_role_does_not_allow_never_reaches_the_model() {
    let stage = Stage::set(describing(), nobody().await).await;
    stage.journal.register([healer()]);
    let answer = stage.send("autoscaling", &healer().access_key, "/", "Action=SetDesiredCapacity").await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("<Code>AccessDenied</Code>"), "{}", answer.body);
    assert_eq!(stage.only_call().error.as_deref(), Some("AccessDenied"));
}

#[tokio::test]
async fn an_action_that_is_not_modelled_is_an_error_even_to_an_operator() {
    let stage = Stage::set(Roles::default(), nobody().await).await;
    let answer = stage.send("autoscaling", "test", "/", "Action=PutScalingPolicy").await;
    assert_eq!(answer.status, 501);
    assert!(answer.body.contains("the sandbox does not model autoscaling:PutScalingPolicy"), "{}", answer.body);
    assert_eq!(stage.only_call().who, Who::Operator);
}

#[tokio::test]
async fn a_missing_parameter_is_named() {
    let stage = Stage::set(Roles::default(), nobody().await).await;
    let answer = stage.send("autoscaling", "test", "/", "Action=DescribeGroup").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("Name is required"), "{}", answer.body);
}

#[tokio::test]
async fn everything_else_is_forwarded_with_the_host_and_the_path_that_were_signed() {
    let stage = Stage::set(Roles::default(), echo().await).await;
    let answer = stage.send("sqs", "test", "/a%2Fb?x=%20", "").await;
    let host = stage.proxy.endpoint().strip_prefix("http://").unwrap();
    assert_eq!(answer.body, format!("{host} /a%2Fb?x=%20 0"));
    assert_eq!(stage.only_call().service.as_deref(), Some("sqs"));
}

#[tokio::test]
async fn an_upload_as_large_as_lambdas_largest_zip_passes() {
    let stage = Stage::set(Roles::default(), echo().await).await;
    let answer = stage.send("s3", "test", "/bucket/key", vec![0; 50 << 20]).await;
    assert!(answer.body.ends_with(" 52428800"), "{}", answer.body);
}

#[tokio::test]
async fn an_unsigned_request_is_forwarded_and_journalled_as_such() {
    let stage = Stage::set(Roles::default(), echo().await).await;
    assert_eq!(stage.send("", "", "/health", "").await.status, 200);
    let call = stage.only_call();
    assert_eq!((call.service, call.who, call.action.as_str()), (None, Who::Operator, "POST /health"));
}

#[tokio::test]
async fn while_ministack_is_down_callers_and_the_journal_hear_it_in_clear_words() {
    let stage = Stage::set(Roles::default(), nobody().await).await;
    let answer = stage.send("dynamodb", "test", "/", "").await;
    assert_eq!(answer.status, 502);
    let call = stage.only_call();
    assert_eq!(call.error.as_deref(), Some("SandboxBadGateway"));
    assert!(call.message.unwrap().contains("does not answer"));
}

#[tokio::test]
async fn what_comes_through_a_side_door_goes_by_its_label_and_nothing_else_does() {
    let stage = Stage::set(Roles::default(), echo().await).await;
    let side = stage.proxy.side_door(Ipv4Addr::LOCALHOST.into(), "guest").await.unwrap();
    assert_eq!(stage.send("sqs", "test", "/", "").await.status, 200);
    assert_eq!(stage.send_to(side.endpoint(), "sqs", "test", "/", "").await.status, 200);
    let labels: Vec<Option<String>> = stage.journal.calls().into_iter().map(|call| call.label).collect();
    assert_eq!(labels, [None, Some("guest".into())]);
}
