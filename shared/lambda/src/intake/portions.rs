//! In which portions a batch is taken in, and in which order.
//!
//! A record that ends its invocation, by its time or its memory, brings the whole batch back, as often as the queue lets it. So the portions
//! become smaller and come from another side each time, and what was taken in before it is deleted: by the last time whatever still
//! comes with it is what lies between two of its kind. This module never reads what a record says.

use homeostat_core::signal::Message;

/// Into so many portions at most goes what was received for the second time. Most of it was only handed back, and costs hardly more calls
/// than its groups do.
const SECOND_TIME: usize = 10;

/// The records' places, in portions. What comes for the first time goes first, and together.
pub(super) fn of(messages: &[Message<'_>]) -> Vec<Vec<usize>> {
    let ids: Vec<(Option<&str>, u32)> =
        messages.iter().map(|message| (message.message_id.as_deref(), message.received)).collect();
    by_receives(&ids)
}

fn by_receives(messages: &[(Option<&str>, u32)]) -> Vec<Vec<usize>> {
    let (fresh, mut again): (Vec<_>, Vec<_>) =
        messages.iter().enumerate().partition(|(_, (_, received))| *received <= 1);
    // In the same order each time, whichever it comes in.
    again.sort_by_key(|(_, (id, _))| *id);
    let place = |(place, _): (usize, &(Option<&str>, u32))| place;
    let fresh: Vec<usize> = fresh.into_iter().map(place).collect();
    let mut again: Vec<usize> = again.into_iter().map(place).collect();
    let (many, middle) = (again.len(), again.len() / 2);
    let most = messages.iter().map(|(_, received)| *received).max().unwrap_or_default();
    match most {
        0..=2 | 4 => {}
        3 => again.reverse(),
        _ => again.rotate_left(middle),
    }
    let size = if most == 2 { many.div_ceil(SECOND_TIME).max(1) } else { 1 };
    let fresh = (!fresh.is_empty()).then_some(fresh);
    fresh.into_iter().chain(again.chunks(size).map(<[usize]>::to_vec)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(received: &[u32]) -> Vec<Vec<usize>> {
        by_receives(&received.iter().map(|times| (None, *times)).collect::<Vec<_>>())
    }

    #[test]
    fn what_comes_for_the_first_time_comes_together() {
        assert_eq!(of(&[1; 500]), [(0..500).collect::<Vec<_>>()]);
        assert_eq!(of(&[]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn what_was_received_before_comes_in_smaller_portions_and_from_another_side_each_time() {
        let sizes = |batch: &[u32]| of(batch).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!((sizes(&[2; 500]), sizes(&[2; 12])), (vec![50; 10], vec![2; 6]));
        assert_eq!(of(&[3; 3]), [[2], [1], [0]]);
        assert_eq!(of(&[4; 3]), [[0], [1], [2]]);
        assert_eq!(of(&[5; 4]), [[2], [3], [0], [1]]);
    }

    #[test]
    fn what_comes_for_the_first_time_does_not_wait_behind_what_was_received_before() {
        assert_eq!(of(&[3, 1, 2, 1]), [vec![1, 3], vec![2], vec![0]]);
    }

    #[test]
    fn the_order_is_the_same_whichever_they_come_in() {
        assert_eq!(by_receives(&[(Some("c"), 2), (Some("a"), 2), (Some("b"), 2)]), [[1], [2], [0]]);
    }
}
