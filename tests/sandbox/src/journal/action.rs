//! What a call does, by the name that its protocol gives it.
//!
//! Never fails: a request that names nothing goes by its method and path.

use hyper::{HeaderMap, Method};

use crate::wire;

pub(crate) fn action_of(method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> String {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(target) = header("x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    if header("smithy-protocol").is_some()
        && let Some(action) = wire::cbor_action(path)
    {
        return action.to_owned();
    }
    if is_form(headers)
        && let Some((_, action)) = form_urlencoded::parse(body).find(|(name, _)| name == "Action")
    {
        return action.into_owned();
    }
    rest_name(method, path).map_or_else(|| format!("{method} {path}"), str::to_owned)
}

/// The REST operations that stories ask for by name; all others go by method and path.
fn rest_name(method: &Method, path: &str) -> Option<&'static str> {
    let path = path.trim_end_matches('/');
    match (method.as_str(), path.strip_prefix("/2013-04-01/")) {
        (method, Some(path)) => of_route53(method, path),
        ("POST", None) if path.ends_with("/invocations") => Some("Invoke"),
        _ => None,
    }
}

/// Route 53's, by the version in its paths.
fn of_route53(method: &str, path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').collect();
    Some(match (method, parts.as_slice()) {
        ("POST", ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        ("GET", ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        ("GET", ["change", _]) => "GetChange",
        ("GET", ["healthcheck", _, "status"]) => "GetHealthCheckStatus",
        ("GET", ["healthcheck", _]) => "GetHealthCheck",
        ("GET", ["healthcheck"]) => "ListHealthChecks",
        ("POST", ["healthcheck"]) => "CreateHealthCheck",
        ("POST", ["hostedzone"]) => "CreateHostedZone",
        ("GET", ["hostedzone", _]) => "GetHostedZone",
        ("DELETE", ["hostedzone", _]) => "DeleteHostedZone",
        ("GET", ["hostedzone"]) => "ListHostedZones",
        ("GET", ["hostedzonesbyname"]) => "ListHostedZonesByName",
        ("GET", ["tags", _, _]) => "ListTagsForResource",
        _ => return None,
    })
}

pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn each_protocol_names_its_action_elsewhere() {
        let form = headers(&[("content-type", "application/x-www-form-urlencoded; charset=utf-8")]);
        assert_eq!(action_of(&Method::POST, "/", &form, b"Action=SetInstanceHealth&A=1"), "SetInstanceHealth");
        let json = headers(&[("x-amz-target", "DynamoDB_20120810.UpdateItem")]);
        assert_eq!(action_of(&Method::POST, "/", &json, b"{}"), "UpdateItem");
        let cbor = headers(&[("smithy-protocol", "rpc-v2-cbor")]);
        assert_eq!(action_of(&Method::POST, "/service/G/operation/DescribeAlarms", &cbor, b""), "DescribeAlarms");
        assert_eq!(action_of(&Method::PUT, "/bucket/key", &HeaderMap::new(), b""), "PUT /bucket/key");
        let zone = "/2013-04-01/hostedzone/Z1/rrset/";
        assert_eq!(action_of(&Method::POST, zone, &HeaderMap::new(), b""), "ChangeResourceRecordSets");
        assert_eq!(action_of(&Method::GET, zone, &HeaderMap::new(), b""), "ListResourceRecordSets");
        let status = "/2013-04-01/healthcheck/h/status";
        assert_eq!(action_of(&Method::GET, status, &HeaderMap::new(), b""), "GetHealthCheckStatus");
        assert_eq!(action_of(&Method::PATCH, status, &HeaderMap::new(), b""), format!("PATCH {status}"));
    }
}
