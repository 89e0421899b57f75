//! The intake queue: events wait, and reach the function in batches of one to many, at least once, until it took them in.
//!
//! This module never looks into an event.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;

use super::{History, Own};
use crate::simulator::Broken;
use crate::simulator::deliveries::{Delivery, Letter, Work};
use crate::simulator::dice::Dice;
use crate::simulator::engine::Happening;

/// `maxReceiveCount`, `VisibilityTimeout` and `MaximumConcurrency` of the queue and its mapping in template.yaml.
const MOST_RECEIVES: u32 = 5;
const VISIBLE_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(180);
const AT_ONCE: u32 = 2;

#[derive(Debug, Default)]
pub(super) struct Intake {
    /// How long a batch is gathered: a second, or longer, so that there are batches although the fleets are small.
    window: SignedDuration,
    /// How many come together at most.
    most: u32,
    waiting: Vec<Letter>,
    last: u64,
    on_their_way: usize,
    is_gathering: bool,
    at_work: u32,
}

impl Intake {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let second = SignedDuration::from_secs(1);
        let window = dice.either(second, &[second, SignedDuration::from_secs(20), SignedDuration::from_secs(60)]);
        Intake { window, most: dice.either(500, &[1, 3, 10]), ..Intake::default() }
    }

    pub(super) fn holds_messages(&self) -> bool {
        self.on_their_way > 0 || !self.waiting.is_empty()
    }
}

impl History {
    pub(super) fn send_in(&mut self, delivery: &Delivery, event: &Value, twice: bool) {
        let (arrivals, _) = self.arrivals(delivery, twice);
        for after in arrivals {
            let intake = &mut self.own.intake;
            intake.last += 1;
            let letter = Letter { id: intake.last, event: event.clone(), received: 0, is_hurt: false };
            self.send_letter(after, letter);
        }
    }

    fn send_letter(&mut self, after: SignedDuration, letter: Letter) {
        self.own.intake.on_their_way += 1;
        self.later(after, Happening::Own(Own::Arrives(letter)));
    }

    pub(super) fn arrives(&mut self, letter: Letter) {
        let intake = &mut self.own.intake;
        intake.on_their_way -= 1;
        intake.waiting.push(letter);
        if !std::mem::replace(&mut intake.is_gathering, true) {
            let window = intake.window;
            self.later(window, Happening::Own(Own::Gathers));
        }
    }

    pub(super) fn gathers(&mut self) {
        let intake = &mut self.own.intake;
        let waiting = u32::try_from(intake.waiting.len()).unwrap_or(u32::MAX);
        intake.is_gathering = false;
        if waiting == 0 {
            return;
        }
        if intake.at_work < AT_ONCE {
            let most = waiting.min(intake.most);
            self.stage.turn_of_now("a batch");
            let many = self.stage.dice().number(1..=most);
            let mut letters = Vec::new();
            for _ in 0..many {
                let last = u32::try_from(self.own.intake.waiting.len()).unwrap_or(u32::MAX) - 1;
                let nth = self.stage.dice().number(0..=last);
                let letter = self.own.intake.waiting.swap_remove(usize::try_from(nth).unwrap_or_default());
                letters.push(Letter { received: letter.received + 1, ..letter });
            }
            if letters.len() > 1 {
                self.stage.count("intake: several together");
            }
            if letters.iter().any(|letter| letter.received > 1) {
                self.stage.count("intake: one that was received before");
            }
            self.own.intake.at_work += 1;
            self.invoke(Delivery::first(Work::Batch(letters)));
        }
        if !self.own.intake.waiting.is_empty() {
            self.own.intake.is_gathering = true;
            self.later(SignedDuration::from_secs(1), Happening::Own(Own::Gathers));
        }
    }

    pub(super) fn batch_answered(&mut self, delivery: &Delivery, answer: &Value) -> Result<(), Broken> {
        let Work::Batch(letters) = &delivery.work else { return Ok(()) };
        let items = answer.get("batchItemFailures").and_then(Value::as_array).into_iter().flatten();
        let failed: BTreeSet<&str> = items.filter_map(|item| item.get("itemIdentifier")?.as_str()).collect();
        let letters = letters.iter().filter(|letter| failed.contains(letter.id.to_string().as_str())).cloned();
        self.hand_back(letters.collect(), delivery.is_hurt)
    }

    /// What was not taken in is received again after its visibility timeout, or is a dead letter.
    pub(super) fn hand_back(&mut self, letters: Vec<Letter>, is_hurt: bool) -> Result<(), Broken> {
        self.own.intake.at_work -= 1;
        let deleted = self.queue.take_deleted();
        for letter in letters.into_iter().filter(|letter| !deleted.contains(&letter.id.to_string())) {
            let letter = Letter { is_hurt: letter.is_hurt || is_hurt, ..letter };
            if letter.received < MOST_RECEIVES {
                self.stage.count("delivery: event tried again");
                self.send_letter(VISIBLE_AGAIN_AFTER, letter);
            } else if letter.is_hurt {
                self.stage.count("delivery: event given up");
            } else {
                return Err(self.dead(&format!("event {}", letter.id), "of the intake"));
            }
        }
        Ok(())
    }
}
