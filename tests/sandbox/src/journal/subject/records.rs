//! What a call of Route 53 is about: the zone, and the names, or the change, or the health check.

use ciborium::Value;

use crate::tree::{Tree, read};

/// `Z1: DELETE api.example.com. A blue 100, CREATE api.example.com. A blue 0`, or `Z1: api.example.com A` for a list that
/// starts there; `id` is what the path names.
pub(super) fn named(id: &str, query: Option<&str>, body: Option<&Tree>) -> String {
    let details = match body {
        Some(body) => changes(body),
        None => start(query.unwrap_or_default()),
    };
    match (id, details.as_str()) {
        (id, "") => id.to_owned(),
        ("", details) => details.to_owned(),
        (id, details) => format!("{id}: {details}"),
    }
}

fn start(query: &str) -> String {
    let value = |wanted: &str| {
        let found = form_urlencoded::parse(query.as_bytes()).find(|(field, _)| field == wanted);
        found.map(|(_, value)| value.into_owned())
    };
    ["name", "type", "identifier"].into_iter().filter_map(value).collect::<Vec<_>>().join(" ")
}

fn changes(body: &Tree) -> String {
    let changes = read::field(body, "ChangeBatch").and_then(|batch| read::field(batch, "Changes"));
    let each: Vec<&Tree> = match changes.and_then(|changes| read::field(changes, "Change")) {
        Some(Value::Array(several)) => several.iter().collect(),
        Some(one) => vec![one],
        None => return read::field(body, "Name").and_then(Tree::as_text).unwrap_or_default().to_owned(),
    };
    each.into_iter().filter_map(change).collect::<Vec<_>>().join(", ")
}

fn change(change: &Tree) -> Option<String> {
    let set = read::field(change, "ResourceRecordSet")?;
    let action = read::field(change, "Action");
    let named = ["Name", "Type", "SetIdentifier", "Weight"].map(|field| read::field(set, field));
    Some([action].into_iter().chain(named).flatten().filter_map(Tree::as_text).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, Uri};

    use crate::journal::subject_of;

    fn subject(path: &'static str, body: &[u8]) -> String {
        subject_of("route53", &Uri::from_static(path), &HeaderMap::new(), body)
    }

    #[test]
    fn a_change_of_records_shows_the_zone_and_the_weights() {
        let body = b"<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>\
            <Change><Action>DELETE</Action><ResourceRecordSet><Name>a.x.</Name><Type>A</Type><Weight>100</Weight></ResourceRecordSet></Change>\
            <Change><Action>CREATE</Action><ResourceRecordSet><Name>a.x.</Name><Type>A</Type><Weight>0</Weight></ResourceRecordSet></Change>\
            </Changes></ChangeBatch></ChangeResourceRecordSetsRequest>";
        assert_eq!(subject("/2013-04-01/hostedzone/Z1/rrset", body), "Z1: DELETE a.x. A 100, CREATE a.x. A 0");
    }

    #[test]
    fn what_is_read_shows_where() {
        let list = "/2013-04-01/hostedzone/Z1/rrset?name=a.x&type=A";
        assert_eq!(subject(list, b""), "Z1: a.x A");
        assert_eq!(subject("/2013-04-01/hostedzone/Z1/rrset", b""), "Z1");
        assert_eq!(subject("/2013-04-01/change/C1", b""), "C1");
        assert_eq!(subject("/2013-04-01/healthcheck/h-1/status", b""), "h-1");
    }
}
