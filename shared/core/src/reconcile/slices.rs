//! A resync of more than can be read at once: as much as AWS's rates have room for, and the rest in the next slice, once they have again.
//!
//! This module never decides anything about what is found: each is attended to as everywhere. It never counts as read what was not
//! attended to, so that whatever dies in between is read again.

use std::mem;

use jiff::SignedDuration;

use super::found::Attend;
use super::{Look, NotSurveyed, Ports, Remedy, Served, Surveyed};
use crate::aws::rates::Pacer;
use crate::incident::{Decision, Incident, Kind};
use crate::outcome::Unavailable;
use crate::ports::{Clock, Ledger, NotWritten, WakeUps};
use crate::resync::{NoSlice, Resync};
use crate::signal::{NoSignal, Order};

/// Names that are read side by side: it bounds the calls in flight, and the connections.
pub(super) const AT_ONCE: usize = 8;

/// No wave begins later in a slice.
const LAST_WAVE: SignedDuration = SignedDuration::from_secs(10);

/// After a slice that could read nothing.
const AFTER_A_STALL: SignedDuration = SignedDuration::from_secs(20);

/// What of the names has to be attended to, and what came of it.
struct Slice<K: Kind> {
    surveyed: Surveyed,
    looks: Vec<Look<K>>,
}

/// Reads the next slice of the survey, and has the function continue with the one after it.
///
/// # Errors
/// [`Unavailable`]: the ledger could not be read or written, or nothing else could be read for the third time in a row.
pub(super) async fn slice<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    survey: &R::Survey,
    names: &[String],
    continues: bool,
    attend: &impl Attend<R>,
    on_decision: &impl Fn(&Incident<R::Kind>, &Decision<R::Kind>),
) -> Result<Served<R::Kind>, Unavailable>
where
    R: Remedy,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    let Ports { ledger, clock, wake_ups } = ports;
    let remedy_name = R::Kind::REMEDY;
    let began = clock.now();
    let stored = ledger.resync(remedy_name).await?;
    let nothing = |why: NoSlice| Ok(Served::Nothing(NoSignal::NothingThere { what: why.to_string() }));
    let mut resync = match stored.claimed(began, continues) {
        Ok(claimed) => claimed,
        Err(why) => return nothing(why),
    };
    match ledger.write_resync(remedy_name, &resync).await {
        Ok(()) => {}
        Err(NotWritten::Conflict) => return nothing(NoSlice::BeingRead),
        Err(NotWritten::Unavailable(unavailable)) => return Err(unavailable),
    }
    let mut slice = Slice { surveyed: Surveyed::default(), looks: Vec::new() };
    let mut shared = R::Shared::default();
    let mut pause = SignedDuration::ZERO;
    loop {
        // One look that fails is its own wave's alone, the second time.
        let most = if resync.stalls == 0 && !resync.is_at_end(names) { AT_ONCE } else { 1 };
        let wave: Vec<String> = resync.next(names, most).into_iter().cloned().collect();
        let mut pacer = mem::take(&mut resync.pacer);
        let part = remedy.part(survey, &wave);
        let found = remedy.survey(ledger, clock, &mut pacer, &mut shared, &part).await;
        resync.pacer = pacer;
        let mut surveyed = match found {
            Ok(surveyed) => surveyed,
            Err(NotSurveyed::Nothing(_)) => Surveyed::default(),
            Err(NotSurveyed::Unavailable(unavailable)) => {
                resync = resync.stalled();
                written(ledger.write_resync(remedy_name, &resync).await)?;
                if resync.is_stuck() {
                    return Err(unavailable);
                }
                slice.surveyed.unread.push(unavailable.to_string());
                pause = AFTER_A_STALL;
                break;
            }
        };
        let (looks, is_all) = attend.attend(remedy, ports, &mut surveyed, began, on_decision).await;
        if !is_all && !resync.stalled().is_stuck() {
            slice.add(surveyed, looks);
            resync = resync.stalled();
            written(ledger.write_resync(remedy_name, &resync).await)?;
            break;
        }
        let has_room = surveyed.put_off.is_empty();
        let read: Vec<String> = wave.into_iter().take_while(|name| !surveyed.put_off.contains(name)).collect();
        let failed = failed(&read, &surveyed, &looks, is_all);
        slice.add(surveyed, looks);
        resync = resync.advanced(clock.now(), names, &read, &failed);
        let is_over = resync.left(names) == 0;
        let has_time = has_room && clock.now().duration_since(began) < LAST_WAVE;
        if is_over || !has_time {
            resync = resync.handed_back(names);
        }
        // Whoever took the lease over, since this slice took too long, goes on from there.
        if !written(ledger.write_resync(remedy_name, &resync).await)? || is_over {
            return Ok(Served::Survey(slice.surveyed, slice.looks));
        }
        if !has_time {
            // What it costs to wait is nothing there, and here a function that runs.
            pause = resync.pacer.full_in(clock.now());
            break;
        }
    }
    slice.surveyed.left = resync.left(names);
    if let Err(unavailable) = wake_ups.order(&Order::ContinueResync, pause).await {
        // The next resync goes on from there.
        slice.surveyed.unread.push(unavailable.to_string());
    }
    Ok(Served::Survey(slice.surveyed, slice.looks))
}

/// What a resync of few names had no time for is read in slices after all. Where that can't be stored, the next resync reads it.
pub(super) async fn hand_over<R: Remedy>(
    ports: Ports<'_, impl Ledger, impl Clock, impl WakeUps>,
    names: &[String],
    pacer: Pacer,
    surveyed: &mut Surveyed,
) -> Result<(), Unavailable> {
    let Ports { ledger, clock, wake_ups } = ports;
    let now = clock.now();
    let Ok(resync) = ledger.resync(R::Kind::REMEDY).await?.claimed(now, false) else { return Ok(()) };
    let read: Vec<String> = names.iter().take_while(|name| !surveyed.put_off.contains(name)).cloned().collect();
    let pause = pacer.full_in(now);
    let resync = Resync { after: read.last().cloned(), pacer, ..resync }.handed_back(names);
    surveyed.left = resync.left(names);
    if written(ledger.write_resync(R::Kind::REMEDY, &resync).await)? {
        wake_ups.order(&Order::ContinueResync, pause).await?;
    }
    Ok(())
}

impl<K: Kind> Slice<K> {
    /// A look that failed is taken again by the next survey: the subject has no incident yet.
    fn add(&mut self, surveyed: Surveyed, looks: Vec<Look<K>>) {
        let Surveyed { looked_at, hints, scopes, marked, open, failed, partial, unread, put_off: _, left: _ } =
            surveyed;
        self.surveyed.scopes.extend(scopes);
        self.surveyed.marked.extend(marked);
        self.surveyed.looked_at.extend(looked_at);
        self.surveyed.hints.extend(hints);
        self.surveyed.open.extend(open);
        self.surveyed.unread.extend(unread);
        self.surveyed.unread.extend(failed.into_iter().chain(partial).map(|(name, why)| format!("{name}: {why}")));
        for look in looks {
            match &look.outcome {
                Ok(_) => self.looks.push(look),
                Err(error) => self.surveyed.unread.push(format!("{}: {error}", look.subject)),
            }
        }
    }
}

/// What of a wave is to be read once more: which of its names a look was about, the remedy alone would know.
fn failed<K: Kind>(read: &[String], surveyed: &Surveyed, looks: &[Look<K>], is_all: bool) -> Vec<String> {
    if !is_all || looks.iter().any(|look| look.outcome.is_err()) {
        return read.to_vec();
    }
    surveyed.failed.iter().chain(&surveyed.partial).map(|(name, _)| name.clone()).collect()
}

/// Whether nobody else wrote in between.
fn written(result: Result<(), NotWritten>) -> Result<bool, Unavailable> {
    match result {
        Ok(()) => Ok(true),
        Err(NotWritten::Conflict) => Ok(false),
        Err(NotWritten::Unavailable(unavailable)) => Err(unavailable),
    }
}
