//! docs/SECURITY.md claims nothing that no test holds, and the template is what it says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::parts::root;

fn page() -> String {
    std::fs::read_to_string(root().join("docs/SECURITY.md")).unwrap()
}

fn template() -> String {
    std::fs::read_to_string(root().join("template.yaml")).unwrap()
}

/// Names of tests are sentences: three words at least, in lower case.
fn named(page: &str) -> BTreeSet<&str> {
    let is_sentence = |text: &&str| {
        text.matches('_').count() >= 3 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    page.split('`').skip(1).step_by(2).filter(is_sentence).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", ".git", ".venv"].contains(&name.as_str()) {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// Functions under an attribute that makes them tests.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["cli", "functions", "shared", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    let mut tests = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let mut is_marked = false;
        for line in text.lines().map(str::trim) {
            let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            if let (true, Some(name)) = (is_marked, function.and_then(|rest| rest.split('(').next())) {
                tests.insert(name.to_owned());
            }
            is_marked = line == "#[test]" || line.starts_with("#[tokio::test") || (is_marked && line.starts_with("#["));
        }
    }
    tests
}

#[test]
fn every_test_that_the_page_names_exists() {
    let (page, tests) = (page(), tests());
    let named = named(&page);
    assert!(named.len() > 25 && tests.len() > 500, "{} named, {} tests", named.len(), tests.len());
    let missing: Vec<&&str> = named.iter().filter(|name| !tests.contains(**name)).collect();
    assert!(missing.is_empty(), "docs/SECURITY.md names tests that there are not: {missing:?}");
}

#[test]
fn every_way_to_attack_names_a_test_or_is_iams_to_stop() {
    let page = page();
    let table = page.split("## Who could try what").nth(1).unwrap().split("**What may come").next().unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 12, "{rows:?}");
    for row in rows {
        let is_iams = row.starts_with("| who may deploy") || row.starts_with("| who is told by the topic");
        assert!(is_iams || !named(row).is_empty(), "no test holds this: {row}");
    }
}

/// The part of the template between two of its lines.
fn between(template: &str, from: &str, to: &str) -> String {
    let part = template.split(from).nth(1).unwrap_or_else(|| panic!("no {from}"));
    part.split(to).next().unwrap().to_owned()
}

#[test]
fn each_rule_takes_aws_own_events_of_this_account_alone() {
    let template = template();
    let patterns: Vec<&str> = template.split("Pattern:\n").skip(1).collect();
    assert!(patterns.len() >= 6, "{}", patterns.len());
    for pattern in patterns {
        let lines: Vec<&str> = pattern.lines().take(2).map(str::trim).collect();
        assert!(lines[0].starts_with("source: [aws.") && lines[1] == "account: [!Ref AWS::AccountId]", "{lines:?}");
    }
}

#[test]
fn only_this_stacks_alarms_may_speak_on_its_topic() {
    let template = template();
    let names: Vec<&str> = template.lines().filter_map(|line| line.trim().strip_prefix("AlarmName: ")).collect();
    assert!(names.len() > 15, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("!Sub \"${AWS::StackName}-")), "{names:?}");
    for part in
        [between(&template, "  TopicKey:", "  TopicKeyAlias:"), between(&template, "  TopicSpeakers:", "  WakeQueue:")]
    {
        let alarms = between(&part, "Sid: Alarms", "Sid: Rules");
        assert!(alarms.contains("\"aws:SourceArn\": !Sub \"arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:${AWS::StackName}-*\""), "{alarms}");
        assert!(
            alarms.contains("\"aws:SourceAccount\": !Ref AWS::AccountId") && !alarms.contains("alarm:*"),
            "{alarms}"
        );
    }
}

#[test]
fn no_role_leaves_region_or_kind_of_a_key_open() {
    let template = template();
    let keys: Vec<&str> =
        template.lines().filter(|line| line.contains("\"SUBJECT#") && !line.contains("prefix")).collect();
    assert!(keys.len() >= 7, "{keys:?}");
    for line in keys {
        let each = line.split("\"SUBJECT#").skip(1);
        for key in each {
            assert!(key.starts_with("${AWS::Region}#") || key.starts_with("aws-global#hosted-zone#"), "{line}");
        }
    }
}

#[test]
fn each_service_that_may_come_in_is_pinned() {
    let template = template();
    let statements: Vec<&str> = template.split("Principal: { Service: ").skip(1).collect();
    assert!(statements.len() >= 5, "{}", statements.len());
    for statement in statements {
        let statement = statement.split("Effect: Allow").next().unwrap();
        // A role is assumed by Lambda for the functions that have it; EventBridge names no source to KMS.
        let is_excepted = statement.starts_with("lambda.amazonaws.com }, Action: \"sts:AssumeRole\"")
            || statement.contains("kms:EncryptionContext:aws:sns:topicArn");
        assert!(is_excepted || statement.contains("aws:SourceA"), "{statement}");
    }
    for permission in template.split("Type: AWS::Lambda::Permission").skip(1) {
        assert!(permission.lines().take(12).any(|line| line.trim().starts_with("SourceArn: ")), "{permission}");
    }
}
