//! Which events the deployed rules let through, read from template.yaml itself.
//!
//! This module never knows a pattern by heart: where the template changes, so does what the stories and the simulators deliver.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use saphyr::{LoadableYamlNode, YamlOwned};
use serde_json::{Map, Value, json};

type Patterns = BTreeMap<String, Vec<Value>>;

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| patterns(include_str!("../../../template.yaml")));

/// Of the rules whose target is a queue, by the function that the queue's messages go to.
static QUEUED: LazyLock<Patterns> = LazyLock::new(|| queued(include_str!("../../../template.yaml")));

/// Whether a rule of that resource, by its name in the template, or one of its queue's lets the event through. Of a resource without
/// rules none does.
#[must_use]
pub fn let_through(resource: &str, event: &Value) -> bool {
    is_let_through(&PATTERNS, resource, event) || by_queue(resource, event)
}

/// Whether it comes to that function in a batch of its queue.
#[must_use]
pub fn by_queue(function: &str, event: &Value) -> bool {
    is_let_through(&QUEUED, function, event)
}

/// A batch of events, as a queue hands it over.
#[must_use]
pub fn batch(events: &[Value]) -> Value {
    let record = |(nth, event): (usize, &Value)| json!({ "messageId": format!("message-{nth}"), "eventSource": "aws:sqs", "body": event.to_string() });
    json!({ "Records": events.iter().enumerate().map(record).collect::<Vec<_>>() })
}

fn is_let_through(patterns: &Patterns, resource: &str, event: &Value) -> bool {
    patterns.get(resource).is_some_and(|patterns| patterns.iter().any(|pattern| fits(pattern, Some(event))))
}

fn queued(template: &str) -> Patterns {
    let documents = YamlOwned::load_from_str(template).unwrap_or_default();
    let resources = documents.first().and_then(|template| template.as_mapping_get("Resources")?.as_mapping());
    let (mut targets, mut sources) = (Vec::new(), Vec::new());
    for (name, resource) in resources.into_iter().flatten() {
        let Some(properties) = resource.as_mapping_get("Properties") else { continue };
        let listed = properties.as_mapping_get("Targets").and_then(YamlOwned::as_sequence).into_iter().flatten();
        let arns = listed.filter_map(|target| named(target.as_mapping_get("Arn")?));
        targets.extend(arns.filter_map(|arn| Some((arn, as_json(properties.as_mapping_get("EventPattern")?)))));
        let events = properties.as_mapping_get("Events").and_then(YamlOwned::as_mapping).into_iter().flatten();
        let queues = events.filter_map(|(_, it)| named(it.as_mapping_get("Properties")?.as_mapping_get("Queue")?));
        sources.extend(queues.filter_map(|queue| Some((queue, name.as_str()?.to_owned()))));
    }
    let mut queued = Patterns::new();
    for (queue, function) in sources {
        let of_queue = targets.iter().filter(|(target, _)| *target == queue).map(|(_, pattern)| pattern.clone());
        queued.entry(function).or_default().extend(of_queue);
    }
    queued
}

/// What `!GetAtt` names.
fn named(yaml: &YamlOwned) -> Option<&str> {
    match yaml {
        YamlOwned::Tagged(_, inner) => inner.as_str(),
        other => other.as_str(),
    }
}

/// By resource: a function with its own rules, or a rule.
fn patterns(template: &str) -> Patterns {
    let documents = YamlOwned::load_from_str(template).unwrap_or_default();
    let resources = documents.first().and_then(|template| template.as_mapping_get("Resources")?.as_mapping());
    let of_resource = |resource: &YamlOwned| {
        let properties = resource.as_mapping_get("Properties")?;
        let own = properties.as_mapping_get("EventPattern").into_iter();
        let events = properties.as_mapping_get("Events").and_then(YamlOwned::as_mapping);
        let of_event = |event| YamlOwned::as_mapping_get(event, "Properties")?.as_mapping_get("Pattern");
        let of_events = events.into_iter().flat_map(|events| events.values()).filter_map(of_event);
        Some(own.chain(of_events).map(as_json).collect::<Vec<_>>())
    };
    let named =
        resources.into_iter().flatten().filter_map(|(name, it)| Some((name.as_str()?.to_owned(), of_resource(it)?)));
    named.filter(|(_, patterns)| !patterns.is_empty()).collect()
}

/// What CloudFormation fills in (`!Ref`) is `null`: any value.
fn as_json(yaml: &YamlOwned) -> Value {
    match yaml {
        YamlOwned::Mapping(fields) => {
            let field = |(key, value): (&YamlOwned, &YamlOwned)| Some((key.as_str()?.to_owned(), as_json(value)));
            Value::Object(fields.iter().filter_map(field).collect::<Map<_, _>>())
        }
        YamlOwned::Sequence(values) => values.iter().map(as_json).collect(),
        other => other.as_str().map_or(Value::Null, Value::from),
    }
}

/// "Matching is exact (character-by-character) … any of the values in the array" (EventBridge User Guide, "Event patterns"). Of its
/// comparison operators the template uses none.
fn fits(pattern: &Value, event: Option<&Value>) -> bool {
    match (pattern, event) {
        (Value::Object(fields), Some(event)) => fields.iter().all(|(key, pattern)| fits(pattern, event.get(key))),
        (Value::Array(allowed), Some(value)) => allowed.iter().any(|allowed| allowed.is_null() || allowed == value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use homeostat_core::signal::{self, NoSignal, Parsed};
    use jiff::Timestamp;

    #[test]
    fn each_rule_of_the_template_is_read_and_none_has_an_operator() {
        let rules = |resource: &str| PATTERNS.get(resource).map_or(0, Vec::len);
        assert_eq!((rules("ReplaceInstance"), rules("ShiftDns"), rules("LifecycleActions")), (1, 0, 1), "{PATTERNS:?}");
        let queued = |function: &str| QUEUED.get(function).map_or(0, Vec::len);
        let queued = ["ReplaceInstance", "ShiftDns", "LifecycleHook"].map(queued);
        assert_eq!(queued, [4, 1, 1], "{QUEUED:?}");
        fn is_plain(pattern: &Value) -> bool {
            match pattern {
                Value::Object(fields) => fields.values().all(is_plain),
                Value::Array(allowed) => allowed.iter().all(|allowed| allowed.is_null() || allowed.is_string()),
                _ => false,
            }
        }
        assert!(PATTERNS.values().flatten().all(is_plain), "{PATTERNS:?}");
        let template = include_str!("../../../template.yaml");
        let written = template.matches(" Pattern:\n").count() + template.matches(" EventPattern:\n").count();
        assert_eq!(PATTERNS.values().flatten().count(), written, "as many as there are");
    }

    /// A rule for a service whose events are dropped by name would wake a function for nothing. AWS Health names the service inside.
    #[test]
    fn no_rule_should_name_a_service_whose_events_no_remedy_takes() {
        let mut seen = BTreeSet::new();
        for pattern in PATTERNS.values().flatten() {
            let inside = texts(&pattern["detail"]["service"]);
            for source in texts(&pattern["source"]) {
                for service in inside.iter().copied().chain(inside.is_empty().then_some("")) {
                    seen.insert((source, service));
                    assert!(!is_dropped(source, service), "{source} {service}");
                }
            }
        }
        assert!(seen.contains(&("aws.health", "EC2")) && seen.len() >= 4, "{seen:?}");
        for (source, service) in [("aws.rds", ""), ("aws.arc-zonal-shift", ""), ("aws.health", "RDS")] {
            assert!(is_dropped(source, service), "{source} {service}: or this test says nothing");
        }
    }

    fn texts(value: &Value) -> Vec<&str> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn is_dropped(source: &str, service: &str) -> bool {
        let kind = if source == "aws.health" { "AWS Health Event" } else { "Any" };
        let code = format!("AWS_{service}_INSTANCE_STOP_SCHEDULED");
        let detail = json!({ "service": service, "eventTypeCode": code });
        let event = json!({ "source": source, "detail-type": kind, "account": "123456789012", "detail": detail });
        let parsed = signal::read(&event, Timestamp::UNIX_EPOCH).remove(0);
        matches!(
            parsed,
            Ok(Parsed::Ignored(
                NoSignal::OtherService { .. } | NoSignal::ZonalShift { .. } | NoSignal::HealthNews { .. }
            ))
        )
    }

    /// An incident whose wake-ups went nowhere would be looked at by the sweep alone.
    #[test]
    fn the_sweep_has_a_wake_queue_for_the_subjects_of_each_remedy() {
        let documents = YamlOwned::load_from_str(include_str!("../../../template.yaml")).unwrap();
        let get = |at: &'static str| at.split('/').try_fold(&documents[0], |yaml, key| yaml.as_mapping_get(key));
        let queues = get("Resources/Sweep/Properties/Environment/Variables/WAKE_QUEUES").unwrap();
        let queues = match queues {
            YamlOwned::Tagged(_, inner) => inner.as_str(),
            other => other.as_str(),
        };
        let queues: BTreeMap<String, String> = serde_json::from_str(queues.unwrap()).unwrap();
        let tags: BTreeSet<&str> = homeostat_remedies::registry::tags().collect();
        assert_eq!(queues.keys().map(String::as_str).collect::<BTreeSet<_>>(), tags);
    }

    #[test]
    fn what_no_rule_names_should_not_come_through() {
        let event = |state| {
            json!({ "source": "aws.cloudwatch", "account": "123456789012", "detail-type": "CloudWatch Alarm State Change",
                    "detail": { "state": { "value": state } } })
        };
        for resource in ["ReplaceInstance", "ShiftDns"] {
            let through = ["ALARM", "INSUFFICIENT_DATA", "OK"].map(|state| let_through(resource, &event(state)));
            assert_eq!(through, [true, true, false], "{resource}");
        }
        assert!(!let_through("LifecycleActions", &event("ALARM")) && !let_through("Notify", &event("ALARM")));
        assert!(!let_through("ShiftDns", &json!({ "source": "aws.cloudwatch" })), "what is missing fits nothing");
    }
}
