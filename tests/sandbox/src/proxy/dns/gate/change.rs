//! A batch of changes on its way.
//!
//! It never carries out a part of a batch: MiniStack gets all of it, or nothing.

use hyper::Method;

use super::{Gate, read_body};
use crate::api::ApiError;
use crate::proxy::dns::batch::{Change, RecordSet, keys, read_batch, several};
use crate::proxy::dns::name::normal;
use crate::proxy::dns::rules::{complaints, too_large};
use crate::tree::{Tree, read};
use crate::wire::{Answer, Protocol, rest_xml};

/// What one page holds at most (API reference, `ListResourceRecordSets`): three times what one name and type may have.
const PAGE: &str = "300";

impl Gate<'_> {
    pub(super) async fn change(&self, body: Tree) -> Result<Answer, ApiError> {
        let zone = self.named("hostedzone");
        let (changes, body) = read_batch(body)?;
        self.may(&format!("hostedzone/{zone}"), keys(&changes))?;
        if let Some(why) = too_large(&changes) {
            return Err(refused(&[why]));
        }
        let _alone = self.backends.dns.shared.changing.lock().await;
        let domain = match self.ask(&format!("hostedzone/{zone}")).await? {
            Ok(found) => domain_of(&found).ok_or_else(|| {
                ApiError::new(502, "SandboxBadGateway", format!("MiniStack's zone {zone} has no name"))
            })?,
            Err(refused) => return Ok(refused),
        };
        let kept = changes.iter().filter(|change| change.action != "DELETE");
        for id in kept.filter_map(|change| change.set.health_check.as_deref()) {
            self.must_exist(id).await?;
        }
        let existing = self.beside(zone, &changes).await?;
        let wrong = complaints(&changes, &domain, &existing);
        if !wrong.is_empty() {
            return Err(refused(&wrong));
        }
        let document = rest_xml::document("ChangeResourceRecordSetsRequest", &body);
        let answer = self.send(Method::POST, self.path(), document.into_bytes()).await?;
        if answer.status >= 400 {
            return Ok(bracketed(answer, &self.call.request_id()));
        }
        if let Some(change) = read_body(&answer).as_ref().and_then(change_id) {
            self.backends.dns.submitted(change);
        }
        Ok(answer)
    }

    /// API reference, `ChangeResourceRecordSets`, "Errors".
    async fn must_exist(&self, id: &str) -> Result<(), ApiError> {
        if self.model("GetHealthCheck", id).is_ok() || self.ask(&format!("healthcheck/{id}")).await?.is_ok() {
            return Ok(());
        }
        let why = format!("No health check exists with the specified ID {id}.");
        Err(ApiError::new(404, "NoSuchHealthCheck", why))
    }

    /// The zone's sets of the names and types that the batch is about.
    async fn beside(&self, zone: &str, changes: &[Change]) -> Result<Vec<RecordSet>, ApiError> {
        let mut about: Vec<(&str, &str)> =
            changes.iter().map(|change| (change.set.name.as_str(), change.set.kind.as_str())).collect();
        about.sort_unstable();
        about.dedup();
        let mut found = Vec::new();
        for (name, kind) in about {
            let query = [("name", name), ("type", kind), ("maxitems", PAGE)];
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            let Ok(page) = self.ask(&format!("hostedzone/{zone}/rrset?{query}")).await? else { continue };
            let sets = read::field(&page, "ResourceRecordSets");
            let sets = sets.map(|sets| several(sets, "ResourceRecordSet")).unwrap_or_default();
            let is = |set: &Tree, field, value| read::field(set, field).and_then(Tree::as_text) == Some(value);
            for set in sets.into_iter().filter(|set| is(set, "Name", name) && is(set, "Type", kind)) {
                found.push(RecordSet::read(set)?);
            }
        }
        Ok(found)
    }
}

fn refused(why: &[String]) -> ApiError {
    ApiError::new(400, "InvalidChangeBatch", format!("[{}]", why.join(", ")))
}

fn domain_of(answer: &Tree) -> Option<String> {
    read::field(read::field(answer, "HostedZone")?, "Name")?.as_text().map(normal)
}

/// `/change/C1` is C1.
fn change_id(answer: &Tree) -> Option<&str> {
    read::field(read::field(answer, "ChangeInfo")?, "Id")?.as_text()?.rsplit('/').next()
}

/// AWS puts its complaints about a batch into brackets, MiniStack does not.
fn bracketed(answer: Answer, request_id: &str) -> Answer {
    let document = read_body(&answer);
    let error = document.as_ref().and_then(|document| read::field(document, "Error"));
    let (Some(code), Some(message)) = (
        error.and_then(|error| read::field(error, "Code")).and_then(Tree::as_text),
        error.and_then(|error| read::field(error, "Message")).and_then(Tree::as_text),
    ) else {
        return answer;
    };
    if code != "InvalidChangeBatch" {
        return answer;
    }
    let error = ApiError::new(answer.status, code, format!("[{message}]"));
    Protocol::RestXml.answer("ChangeResourceRecordSets", Err(&error), request_id)
}
