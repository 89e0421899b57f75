//! Marks scopes as due: what many events say becomes one conditional write for each scope, and none where the mark says it already.
//!
//! This module never looks at what it marks.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use super::{Coalesce, Placed, Route};
use crate::id::Scope;
use crate::incident::Kind;
use crate::ports::{Clock, DueHint, DueMark, DueMarks, NotWritten, Unavailable, UnreadableMark};

/// What is to be marked, by scope.
pub type Marks = BTreeMap<Scope, Vec<DueHint>>;

/// Reads and writes of the same marks, until somebody else was quicker each time.
const MOST_TRIES: u32 = 5;

/// Writes under way at the same time.
const SIDE_BY_SIDE: usize = 8;

/// What became of the marks.
#[derive(Debug, Default)]
pub struct Marked {
    pub written: Vec<Scope>,
    /// They said the same already.
    pub known: Vec<Scope>,
    /// A mark is there that this version can't read, so that the hints are left to the resync.
    pub unreadable: Vec<UnreadableMark>,
    /// Disposition: retry, with the message that brought the hints.
    pub failed: BTreeMap<Scope, String>,
}

/// What became of routes that were to be marked.
#[derive(Debug, Default)]
pub struct MarkedRoutes {
    pub marked: Marked,
    /// What is none of the policy's, each a whole sentence.
    pub outside: Vec<String>,
    /// Of routes, by their places: nothing waits for them.
    pub failed: BTreeMap<usize, String>,
    /// AWS could not be asked where they lead.
    pub is_unasked: bool,
}

/// Marks the scopes that the routes lead to. Where AWS can't be asked for these, the hints wait all the same, in a mark of their own.
pub async fn mark_routes<R: Coalesce>(
    remedy: &R,
    ledger: &(impl DueMarks + Sync),
    clock: &impl Clock,
    routes: &[&Route<R::Survey>],
    reading: &mut R::Reading,
) -> MarkedRoutes {
    let mut done = MarkedRoutes::default();
    let placed = match remedy.place(routes, reading).await {
        Ok(placed) => placed,
        Err(unavailable) => {
            done.is_unasked = true;
            let placed = routes.iter().map(|route| unplaced(route, &unavailable)).enumerate();
            let or_failed = |(nth, placed): (usize, Result<Placed, String>)| {
                placed.unwrap_or_else(|why| {
                    done.failed.insert(nth, why);
                    Placed::default()
                })
            };
            placed.map(or_failed).collect()
        }
    };
    let (mut marks, mut of_scope) = (Marks::new(), BTreeMap::<Scope, Vec<usize>>::new());
    for (nth, Placed { at, outside }) in placed.into_iter().enumerate() {
        done.outside.extend(outside);
        for (scope, hint) in at {
            of_scope.entry(scope.clone()).or_default().push(nth);
            marks.entry(scope).or_default().push(hint);
        }
    }
    done.marked = mark::<R::Kind>(ledger, clock, &marks).await;
    for (scope, why) in &done.marked.failed {
        let routes = of_scope.get(scope).into_iter().flatten();
        done.failed.extend(routes.map(|nth| (*nth, why.clone())));
    }
    done
}

/// A survey can't wait without a scope: its message does.
fn unplaced<S>(route: &Route<S>, unavailable: &Unavailable) -> Result<Placed, String> {
    let Route::Hints(hints) = route else { return Err(unavailable.to_string()) };
    let at = hints.iter().filter_map(DueHint::of).map(|hint| (DueMark::unresolved(&hint.subject), hint)).collect();
    Ok(Placed { at, outside: Vec::new() })
}

/// Adds the hints to the marks of their scopes.
pub async fn mark<K: Kind>(ledger: &(impl DueMarks + Sync), clock: &impl Clock, marks: &Marks) -> Marked {
    let mut marked = Marked::default();
    let mut open: Vec<&Scope> = marks.keys().collect();
    for attempt in 1..=MOST_TRIES {
        if open.is_empty() {
            return marked;
        }
        if attempt > 1 {
            clock.back_off(attempt).await;
        }
        open = match round::<K>(ledger, clock, marks, &open, &mut marked).await {
            Ok(beaten) => beaten,
            Err(unavailable) => {
                marked.failed.extend(open.into_iter().map(|scope| (scope.clone(), unavailable.to_string())));
                return marked;
            }
        };
    }
    let why = "somebody else wrote the mark each time";
    marked.failed.extend(open.into_iter().map(|scope| (scope.clone(), why.to_owned())));
    marked
}

/// Reads all, writes what says more. Where somebody else was quicker.
async fn round<'a, K: Kind>(
    ledger: &(impl DueMarks + Sync),
    clock: &impl Clock,
    marks: &Marks,
    open: &[&'a Scope],
    marked: &mut Marked,
) -> Result<Vec<&'a Scope>, Unavailable> {
    let scopes: Vec<Scope> = open.iter().map(|scope| (*scope).clone()).collect();
    let read = ledger.due_marks_of::<K>(&scopes).await?;
    let now = clock.now();
    let mut next = Vec::new();
    for scope in open {
        let is_it = |mark: &UnreadableMark| mark.scope == scope.to_string();
        if let Some(unreadable) = read.unreadable.iter().find(|mark| is_it(mark)) {
            marked.unreadable.push(unreadable.clone());
            continue;
        }
        let known = read.marks.iter().find(|mark| mark.scope == **scope).cloned();
        let known = known.unwrap_or_else(|| DueMark::new((*scope).clone(), now));
        let hints = marks.get(*scope).map(Vec::as_slice).unwrap_or_default();
        if !known.has_room_for(hints) {
            marked
                .failed
                .insert((*scope).clone(), "too many wait until Auto Scaling can be asked whose they are".to_owned());
            continue;
        }
        match known.with(hints) {
            None => marked.known.push((*scope).clone()),
            Some(mark) => next.push((*scope, mark)),
        }
    }
    let writes = next.iter().map(|(scope, mark)| async move { (*scope, ledger.mark_due::<K>(mark).await) });
    let written: Vec<_> = stream::iter(writes).buffer_unordered(SIDE_BY_SIDE).collect().await;
    let mut beaten = Vec::new();
    for (scope, written) in written {
        match written {
            Ok(()) => marked.written.push(scope.clone()),
            Err(NotWritten::Conflict) => beaten.push(scope),
            Err(NotWritten::Unavailable(unavailable)) => {
                marked.failed.insert(scope.clone(), unavailable.to_string());
            }
        }
    }
    Ok(beaten)
}
