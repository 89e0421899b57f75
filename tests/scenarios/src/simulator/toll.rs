//! The gate of the simulator: it delays, loses, repeats and crashes, as the dice fall.
//!
//! This module never changes what a call does; only whether it is done, and who hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;

use super::gated::{Answer, Call, Gate, HookCall, Passage};
use super::note::{InvocationId, Note, What};
use super::stage::{Sleep, Stage};

/// How often what fails, in percent of all calls.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rates {
    pub(super) lost: f64,
    pub(super) unheard: f64,
    pub(super) contended: f64,
    pub(super) repeated: f64,
    pub(super) crash: f64,
    pub(super) slow: f64,
}

impl Rates {
    /// What fails, fails as often as anything else.
    pub(super) fn scaled(scale: f64) -> Self {
        let slow = 2.0 + 2.0 * scale;
        Rates { lost: scale, unheard: scale, contended: scale, repeated: scale, crash: scale, slow }
    }
}

/// What `gated.rs` calls the reads of the ledger.
const OF_THE_LEDGER: [&str; 7] = [
    "read a history",
    "read limits",
    "read open incidents",
    "read the resync",
    "read marks",
    "read all marks",
    "read what is due",
];

/// One invocation's gate. Clones share its fate.
#[derive(Debug, Clone)]
pub(super) struct Toll {
    pub(super) stage: Arc<Stage>,
    pub(super) by: InvocationId,
    pub(super) rates: Rates,
    pub(super) crashed: Arc<AtomicBool>,
}

/// Half of what a call takes within a Region: there, and back again.
const USUAL: (SignedDuration, SignedDuration) = (SignedDuration::from_millis(10), SignedDuration::from_millis(30));
/// A call with the SDK's own retries.
const SLOW: (SignedDuration, SignedDuration) = (SignedDuration::from_millis(500), SignedDuration::from_secs(4));

impl Toll {
    async fn way(&self) {
        let wait = {
            let slow = self.stage.befalls(self.rates.slow, || format!("#{} slow", self.by));
            let (least, most) = if slow { SLOW } else { USUAL };
            self.stage.dice().between(least, most)
        };
        if wait > USUAL.1 {
            self.stage.count("fault: slow");
        }
        Sleep::of(&self.stage, wait).await;
    }

    /// There is one effect to a hundred reads, and it is the one that matters.
    fn falls(&self, percent: f64, fault: &str, call: Call<'_>) -> bool {
        let is_effect = matches!(call, Call::Effect { .. } | Call::Shift { .. } | Call::Hook { .. });
        let percent = if is_effect { percent * 10.0 } else { percent };
        let falls = percent > 0.0 && self.stage.befalls(percent, || format!("#{} {fault}: {call}", self.by));
        if falls {
            self.tell(fault, call);
        }
        falls
    }

    /// AWS throttles what it is asked for and what it is to do, and no queue and no table of Homeostat's own.
    fn is_throttled(&self, call: Call<'_>) -> bool {
        let is_of_aws = match call {
            Call::Read { what } => !OF_THE_LEDGER.contains(&what),
            Call::Effect { .. } | Call::Shift { .. } | Call::Hook { .. } => true,
            _ => false,
        };
        let percent = self.stage.throttles();
        let is_throttled =
            is_of_aws && percent > 0.0 && self.stage.befalls(percent, || format!("#{} throttled: {call}", self.by));
        if is_throttled {
            self.note(What::Fault);
            self.stage.count(&format!("fault: throttled, {}", kind(call)));
            self.stage.log(|| format!("#{} throttled: {call}", self.by));
        }
        is_throttled
    }

    fn tell(&self, fault: &str, call: Call<'_>) {
        self.stage.befell(self.by);
        self.note(What::Fault);
        self.stage.count(&format!("fault: {fault}, {}", kind(call)));
        self.stage.log(|| format!("#{} {fault}: {call}", self.by));
    }

    async fn maybe_crash(&self, when: &str, call: Call<'_>) {
        if self.falls(self.rates.crash, when, call) {
            self.crashed.store(true, Ordering::Relaxed);
            std::future::pending().await
        }
    }

    fn note(&self, what: What) {
        self.stage.note(Note { at: self.stage.now(), by: self.by, what });
    }

    fn ends(&self, call: Call<'_>) {
        if let Call::Effect { instance } = call {
            self.note(What::EffectEnds { instance: instance.clone() });
        }
        if let Call::Hook { instance: Some(instance), hook, .. } = call {
            self.note(What::HookCallEnds { instance: instance.clone(), hook: hook.cloned() });
        }
    }
}

fn is_write(call: Call<'_>) -> bool {
    matches!(call, Call::Write { .. } | Call::Postpone { .. } | Call::Mark | Call::Resync)
}

fn kind(call: Call<'_>) -> &'static str {
    match call {
        Call::Read { .. } => "read",
        Call::Write { .. } => "write",
        Call::Postpone { .. } => "postpone",
        Call::Wake { .. } | Call::Send { .. } => "wake-up",
        Call::Mark => "mark",
        Call::Resync => "resync",
        Call::Effect { .. } => "effect",
        Call::Shift { .. } => "shift",
        Call::Hook { .. } => "hook",
    }
}

impl std::fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Call::Read { what } => f.write_str(what),
            Call::Write { subject, version } => write!(f, "write {} v{version}", subject.name()),
            Call::Postpone { subject } => write!(f, "postpone {}", subject.name()),
            Call::Wake { subject } => write!(f, "wake {}", subject.name()),
            Call::Resync => f.write_str("write how far a resync got"),
            Call::Mark => f.write_str("write a mark"),
            Call::Send { what } => write!(f, "send {what}"),
            Call::Effect { instance } => write!(f, "replace {instance}"),
            Call::Shift { shift } => shift.fmt(f),
            Call::Hook { what, instance: Some(instance), .. } => write!(f, "{what:?} for {instance}"),
            Call::Hook { what, .. } => write!(f, "{what:?}"),
        }
    }
}

impl Gate for Toll {
    async fn before(&self, call: Call<'_>) -> Passage {
        self.maybe_crash("crash before", call).await;
        if let Call::Effect { instance } = call {
            self.stage.log(|| format!("#{} calls: {call}", self.by));
            self.note(What::EffectStarts { instance: instance.clone() });
        }
        if let Call::Hook { instance: Some(instance), hook, .. } = call {
            self.stage.log(|| format!("#{} calls: {call}", self.by));
            self.note(What::HookCallStarts { instance: instance.clone(), hook: hook.cloned() });
        }
        self.way().await;
        if self.falls(self.rates.lost, "lost", call) {
            self.ends(call);
            return Passage::Lost;
        }
        if self.is_throttled(call) {
            self.ends(call);
            return Passage::Throttled;
        }
        if is_write(call) && self.falls(self.rates.contended, "contended", call) {
            return Passage::Contended;
        }
        Passage::Open
    }

    async fn after(&self, call: Call<'_>, done: bool) -> Answer {
        if done && let Call::Effect { instance } = call {
            self.note(What::EffectHappened { instance: instance.clone() });
        }
        self.maybe_crash("crash after", call).await;
        self.way().await;
        self.ends(call);
        if self.falls(self.rates.unheard, "unheard", call) {
            return Answer::Lost;
        }
        if is_write(call) && done && self.falls(self.rates.repeated, "repeated", call) {
            return Answer::Repeated;
        }
        // Of a second completion AWS says that there is no such action.
        let completes = matches!(call, Call::Hook { what: HookCall::Complete(_), .. });
        if completes && done && self.falls(self.rates.repeated / 4.0, "repeated", call) {
            return Answer::Repeated;
        }
        if let (Call::Write { subject, version }, true) = (call, done) {
            self.note(What::Wrote { subject: subject.clone(), version });
        }
        Answer::Told
    }
}
