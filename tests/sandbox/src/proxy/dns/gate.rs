//! One call of Route 53 on its way: held against the role, put into Route 53's form, judged, forwarded.
//!
//! It never answers for MiniStack, but with a refusal and with how far a change has propagated.

mod change;

use std::collections::BTreeMap;

use hyper::Method;

use super::batch::normalize;
use super::name::normal;
use crate::account::Account;
use crate::api::{ApiError, Resource};
use crate::journal::Caller;
use crate::proxy::front::Incoming;
use crate::proxy::{Backends, Replied};
use crate::tree::{Tree, make};
use crate::wire::{Answer, Protocol, rest_xml, xml};

const VERSION: &str = "/2013-04-01";
const SERVICE: &str = "route53";

pub(in crate::proxy) struct Gate<'a> {
    backends: &'a Backends,
    ministack: &'a Account,
    call: &'a Incoming,
}

impl<'a> Gate<'a> {
    /// `None` = none of the calls that go through here: MiniStack answers them alone, and looks at the role itself.
    pub(in crate::proxy) fn of(backends: &'a Backends, ministack: &'a Account, call: &'a Incoming) -> Option<Self> {
        let passes = [
            "ChangeResourceRecordSets",
            "CreateHostedZone",
            "GetChange",
            "GetHealthCheck",
            "GetHealthCheckStatus",
            "ListResourceRecordSets",
        ];
        (call.service() == SERVICE && passes.contains(&call.action.as_str())).then_some(Gate {
            backends,
            ministack,
            call,
        })
    }

    pub(in crate::proxy) async fn answer(self) -> Replied {
        let (action, id) = (self.call.action.as_str(), self.call.request_id());
        let answered = match Protocol::RestXml.read(action, &self.call.body) {
            Ok(request) => self.answered(request.input).await,
            Err(error) => Err(error),
        };
        answered.unwrap_or_else(|error| Protocol::RestXml.answer(action, Err(&error), &id)).into()
    }

    async fn answered(&self, body: Tree) -> Result<Answer, ApiError> {
        match self.call.action.as_str() {
            "ChangeResourceRecordSets" => self.change(body).await,
            "CreateHostedZone" => self.create_zone(body).await,
            "GetChange" => self.progress().await,
            "ListResourceRecordSets" => self.list().await,
            _ => self.health_check().await,
        }
    }

    async fn create_zone(&self, mut body: Tree) -> Result<Answer, ApiError> {
        self.may_anywhere()?;
        normalize(&mut body, "");
        let document = rest_xml::document("CreateHostedZoneRequest", &body);
        self.send(Method::POST, self.path(), document.into_bytes()).await
    }

    async fn progress(&self) -> Result<Answer, ApiError> {
        let change = self.named("change");
        self.may(&format!("change/{change}"), Resource::any().keys)?;
        let mut answer = self.send(Method::GET, self.path(), Vec::new()).await?;
        if let Some(pending) = self.backends.dns.is_pending(change).filter(|_| answer.status < 400) {
            let status = |name: &str| format!("<Status>{name}</Status>");
            let (wrong, right) = if pending { ("INSYNC", "PENDING") } else { ("PENDING", "INSYNC") };
            let body = String::from_utf8_lossy(&answer.body).replace(&status(wrong), &status(right));
            answer.body = body.into_bytes();
        }
        Ok(answer)
    }

    async fn list(&self) -> Result<Answer, ApiError> {
        let zone = self.named("hostedzone");
        self.may(&format!("hostedzone/{zone}"), Resource::any().keys)?;
        let query = self.call.head.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).map(|(field, value)| {
            let value = if field == "name" { normal(&value) } else { value.into_owned() };
            (field.into_owned(), value)
        });
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        self.send(Method::GET, &format!("{}?{query}", self.path()), Vec::new()).await
    }

    /// The model's, or else MiniStack's, which knows no status of any.
    async fn health_check(&self) -> Result<Answer, ApiError> {
        let (id, action) = (self.named("healthcheck"), self.call.action.as_str());
        self.may(&format!("healthcheck/{id}"), Resource::any().keys)?;
        match self.model(action, id) {
            Ok(tree) => Ok(Protocol::RestXml.answer(action, Ok(&tree), &self.call.request_id())),
            Err(unknown) if action == "GetHealthCheckStatus" => Err(unknown),
            Err(_) => self.send(Method::GET, self.path(), Vec::new()).await,
        }
    }

    fn model(&self, action: &str, id: &str) -> Result<Tree, ApiError> {
        let input = make::record([("HealthCheckId", make::text(id))]);
        self.backends.api.call(&self.caller(), SERVICE, action, &input)
    }

    fn may(&self, resource: &str, keys: BTreeMap<String, Vec<String>>) -> Result<(), ApiError> {
        let resource = Resource { arn: format!("arn:aws:route53:::{resource}"), keys, ..Resource::any() };
        self.backends.roles.check(&self.caller().who, SERVICE, &self.call.action, &resource)
    }

    fn may_anywhere(&self) -> Result<(), ApiError> {
        self.backends.roles.check(&self.caller().who, SERVICE, &self.call.action, &Resource::any())
    }

    fn caller(&self) -> Caller {
        let origin = &self.call.origin;
        Caller { who: self.backends.journal.who(origin.key.as_deref()), invocation: origin.invocation.clone() }
    }

    fn path(&self) -> &str {
        self.call.head.uri.path()
    }

    /// What follows that word in the path.
    fn named(&self, word: &str) -> &str {
        let mut parts = self.path().split('/');
        parts.find(|part| *part == word).and_then(|_| parts.next()).unwrap_or_default()
    }

    /// Asks MiniStack on the sandbox's own behalf: the answer, or the refusal to pass on.
    async fn ask(&self, what: &str) -> Result<Result<Tree, Answer>, ApiError> {
        let answer = self.send(Method::GET, &format!("{VERSION}/{what}"), Vec::new()).await?;
        Ok(if answer.status >= 400 { Err(answer) } else { Ok(read_body(&answer).unwrap_or_else(make::nothing)) })
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer, ApiError> {
        let headers: &[_] = if body.is_empty() { &[] } else { &[("content-type", "application/xml")] };
        let sent = self.ministack.send(method, path, SERVICE, headers, body).await;
        let (status, body) = sent.map_err(|error| {
            ApiError::new(502, "SandboxBadGateway", format!("MiniStack does not answer: {error:#}"))
        })?;
        let headers = vec![("content-type", "text/xml".to_owned()), ("x-amzn-requestid", self.call.request_id())];
        Ok(Answer { status, headers, body: body.to_vec() })
    }
}

fn read_body(answer: &Answer) -> Option<Tree> {
    xml::read(std::str::from_utf8(&answer.body).ok()?).ok()
}
