//! Takes an event out of the queue's envelope, if it is in one.
//!
//! This module never takes more than one message: the template's mappings deliver one at a time, so that a message that
//! fails holds up no other.

use aws_lambda_events::sqs::SqsEvent;
use serde_json::Value;

use crate::Failure;

/// The event itself: the body of an SQS message, or what Lambda was given.
///
/// # Errors
/// [`Failure::Drop`] if it is an envelope without exactly one message of JSON.
pub fn open(event: Value) -> Result<Value, Failure> {
    if event.get("Records").is_none() {
        return Ok(event);
    }
    let batch: SqsEvent = serde_json::from_value(event)
        .map_err(|error| Failure::Drop(format!("malformed event: $.Records is no list of SQS messages: {error}")))?;
    match batch.records.as_slice() {
        [message] => serde_json::from_str(message.body.as_deref().unwrap_or_default())
            .map_err(|error| Failure::Drop(format!("malformed event: $.Records[0].body is not JSON: {error}"))),
        messages => {
            Err(Failure::Drop(format!("malformed event: $.Records holds {} messages, expected one", messages.len())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_is_taken_out_and_a_bare_event_left_as_it_is() {
        let inner = json!({"homeostat": "wake"});
        assert_eq!(open(json!({"Records": [{"body": inner.to_string()}]})), Ok(inner.clone()));
        assert_eq!(open(inner.clone()), Ok(inner));
    }

    #[test]
    fn an_envelope_with_none_or_several_or_garbage_is_dropped_with_a_reason() {
        for event in [
            json!({"Records": []}),
            json!({"Records": 7}),
            json!({"Records": [{"body": "{}"}, {"body": "{}"}]}),
            json!({"Records": [{"body": "not json"}]}),
            json!({"Records": [{}]}),
        ] {
            assert!(matches!(open(event.clone()), Err(Failure::Drop(_))), "{event}");
        }
    }
}
