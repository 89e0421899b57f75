//! What a request's headers say about where it comes from.
//!
//! Never verifies a signature: MiniStack does that for what it serves.

use hyper::{HeaderMap, Uri};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub key: Option<String>,
    pub service: Option<String>,
    pub region: Option<String>,
    pub invocation: Option<String>,
    pub sdk_invocation: Option<String>,
    pub attempt: Option<u32>,
}

impl Origin {
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let scope = header("authorization").and_then(scope_in_header).or_else(|| scope_in_query(uri));
        // <access key>/<date>/<region>/<service>/aws4_request
        let mut parts = scope.as_deref().unwrap_or_default().split('/').map(str::to_owned);
        let key = parts.next().filter(|key| !key.is_empty());
        let (_date, region, service) = (parts.next(), parts.next(), parts.next());
        Self {
            key,
            service,
            region,
            invocation: header("x-amzn-trace-id").and_then(|trace| labelled(trace, ';', "Root=")),
            sdk_invocation: header("amz-sdk-invocation-id").map(str::to_owned),
            attempt: header("amz-sdk-request")
                .and_then(|request| labelled(request, ';', "attempt="))
                .and_then(|attempt| attempt.parse().ok()),
        }
    }
}

fn scope_in_header(authorization: &str) -> Option<String> {
    let (_algorithm, fields) = authorization.split_once(' ')?;
    labelled(fields, ',', "Credential=")
}

/// Presigned URLs carry the scope in the query.
fn scope_in_query(uri: &Uri) -> Option<String> {
    form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(name, _)| name == "X-Amz-Credential")
        .map(|(_, scope)| scope.into_owned())
}

fn labelled(text: &str, separator: char, label: &str) -> Option<String> {
    text.split(separator).find_map(|part| part.trim().strip_prefix(label)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_signed_request_of_a_function_tells_everything() {
        let headers = headers(&[
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=ASIA1234/20261120/us-east-1/monitoring/aws4_request, \
                 SignedHeaders=host, Signature=ab",
            ),
            ("x-amzn-trace-id", "Root=1-abc-def;Parent=12;Sampled=1"),
            ("amz-sdk-invocation-id", "u-1"),
            ("amz-sdk-request", "ttl=20261120T000000Z; attempt=2; max=3"),
        ]);
        let expected = Origin {
            key: Some("ASIA1234".into()),
            service: Some("monitoring".into()),
            region: Some("us-east-1".into()),
            invocation: Some("1-abc-def".into()),
            sdk_invocation: Some("u-1".into()),
            attempt: Some(2),
        };
        assert_eq!(Origin::of(&headers, &Uri::from_static("/")), expected);
    }

    #[test]
    fn a_presigned_url_is_signed_too() {
        let uri = Uri::from_static("/b/k?X-Amz-Credential=test%2F20261120%2Fus-east-1%2Fs3%2Faws4_request");
        let origin = Origin::of(&HeaderMap::new(), &uri);
        assert_eq!((origin.key.as_deref(), origin.service.as_deref()), (Some("test"), Some("s3")));
    }

    #[test]
    fn an_unsigned_request_has_no_service() {
        assert_eq!(Origin::of(&HeaderMap::new(), &Uri::from_static("/health")), Origin::default());
    }
}
