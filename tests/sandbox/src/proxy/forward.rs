//! Forwarding to MiniStack. Never retries: that is for the caller to decide, as it would be on AWS.

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, EXPECT, HeaderName, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, Scheme};
use hyper::{HeaderMap, Request, Response, Uri};

use super::{Replied, broken};
use crate::account::{HttpClient, http_client};

/// They speak about one connection, and there are two. `Expect` has been answered by the server already.
const OF_THE_CONNECTION: [HeaderName; 4] =
    [CONNECTION, TRANSFER_ENCODING, EXPECT, HeaderName::from_static("keep-alive")];

pub(super) struct Upstream {
    authority: Authority,
    http: HttpClient,
}

impl Upstream {
    pub(super) fn at(endpoint: &str) -> Result<Self> {
        let uri: Uri = endpoint.parse().with_context(|| format!("{endpoint} is no address"))?;
        let authority = uri.authority().cloned().with_context(|| format!("{endpoint} names no host"))?;
        Ok(Self { authority, http: http_client() })
    }

    pub(super) async fn forward(&self, head: &Parts, body: Bytes) -> Replied {
        match self.exchange(head, body).await {
            Ok(replied) => replied,
            Err(error) => {
                let words = format!("MiniStack at {} does not answer: {error:#}", self.authority);
                tracing::warn!("{words}");
                broken(502, "SandboxBadGateway", &words)
            }
        }
    }

    async fn exchange(&self, head: &Parts, body: Bytes) -> Result<Replied> {
        let mut uri = head.uri.clone().into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.authority.clone());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = Uri::from_parts(uri).context("rewriting the address")?;
        *request.headers_mut() = end_to_end(&head.headers);
        let (answer, body) = self.http.request(request).await?.into_parts();
        let body = body.collect().await.context("reading the answer")?.to_bytes();
        let mut response = Response::new(Full::new(body.clone()));
        *response.status_mut() = answer.status;
        *response.headers_mut() = end_to_end(&answer.headers);
        Ok(Replied { response, body })
    }
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in &OF_THE_CONNECTION {
        kept.remove(name);
    }
    kept
}
