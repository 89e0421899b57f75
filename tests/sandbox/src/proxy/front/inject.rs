//! A call with the fault that a story wants, if any.
//!
//! It never answers as if all were well where the fault could not be injected.

use super::{Front, Incoming};
use crate::journal::Who;
use crate::proxy::faults::{FaultId, Kind, NotInjected, Planned, injected};
use crate::proxy::{Replied, broken};

/// What became of a call.
pub(super) struct Outcome {
    pub replied: Replied,
    pub fault: Option<&'static str>,
    /// Nobody gets the answer.
    pub cut: bool,
}

impl Front {
    pub(super) async fn under(&self, planned: Option<Planned>, call: &Incoming) -> Outcome {
        let Some(Planned { id, kind }) = planned else {
            let replied = self.routed(call).await;
            if replied.response.status().is_success() && self.is_functions_query_of_an_index(call) {
                self.backends.faults.keep(&call.action, &call.subject, &replied);
            }
            return Outcome { replied, fault: None, cut: false };
        };
        match self.inject(id, &kind, call).await {
            Ok((replied, cut)) => {
                self.backends.faults.hit(id, call.sequence);
                Outcome { replied, fault: Some(kind.name()), cut }
            }
            Err(error) => {
                let words = format!("{} was asked for, and can't be injected here: {error}", kind.name());
                tracing::error!("{words}");
                self.backends.faults.failed(&words);
                Outcome { replied: broken(500, "SandboxFaultFailed", &words), fault: None, cut: false }
            }
        }
    }

    async fn inject(&self, id: FaultId, kind: &Kind, call: &Incoming) -> Result<(Replied, bool), NotInjected> {
        let faults = &self.backends.faults;
        Ok(match kind {
            Kind::KillBefore => {
                faults.kill(call.connection).await?;
                (broken(500, "SandboxKilled", "the caller was killed before this call had an effect"), true)
            }
            Kind::KillAfter => {
                let replied = self.routed(call).await;
                faults.kill(call.connection).await?;
                (replied, true)
            }
            Kind::CutAfter => (self.routed(call).await, true),
            Kind::ErrorAfter => {
                let answer = injected(kind, call)?;
                self.routed(call).await;
                (answer.into(), false)
            }
            Kind::Stale => (faults.older_answer(&call.action, &call.subject)?, false),
            Kind::Delay(delay) => {
                tokio::time::sleep(*delay).await;
                (self.routed(call).await, false)
            }
            Kind::Hold => {
                faults.hold_until_released(id).await;
                (self.routed(call).await, false)
            }
            Kind::Throttle | Kind::ErrorBefore | Kind::Conflict | Kind::Denied | Kind::Unavailable => {
                let answer = injected(kind, call)?;
                self.take_time(&call.origin).await;
                (answer.into(), false)
            }
        })
    }

    /// The subject of a Query of the table itself does not say of which item; that of an index's names the index.
    fn is_functions_query_of_an_index(&self, call: &Incoming) -> bool {
        let body = || serde_json::from_slice::<serde_json::Value>(&call.body).unwrap_or_default();
        call.action == "Query"
            && self.backends.journal.who(call.origin.key.as_deref()) != Who::Operator
            && body().get("IndexName").is_some()
    }
}
