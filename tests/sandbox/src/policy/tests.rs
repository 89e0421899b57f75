use super::*;

fn tags(name: &str) -> Key {
    match name {
        "aws:resourcetag/homeostat" => Key::Is("managed".into()),
        "aws:sourcearn" => Key::Is("arn:aws:events:us-east-1:000000000000:rule/r".into()),
        "route53:changeresourcerecordsetsactions" => Key::Several(vec!["CREATE".into(), "DELETE".into()]),
        "route53:changeresourcerecordsetsnormalizedrecordnames" => Key::Several(vec!["api.example.com".into()]),
        "route53:changeresourcerecordsetsrecordtypes" => Key::Absent,
        name if name.starts_with("aws:resourcetag/") => Key::Absent,
        _ => Key::Unmodelled,
    }
}

fn verdict(json: &str, action: &str, resource: &str) -> Verdict {
    let document = Document::read(json).unwrap();
    decide([&document], &Asked { action, resource, service: None, key: &tags })
}

fn on_condition(effect: &str, condition: &str) -> Verdict {
    let base = r#"{"Effect":"Allow","Action":"a:*","Resource":"*"}"#;
    let statement = format!(r#"{{"Effect":"{effect}","Action":"a:B","Resource":"*","Condition":{condition}}}"#);
    let statements = if effect == "Deny" { format!("{base},{statement}") } else { statement };
    verdict(&format!(r#"{{"Statement":[{statements}]}}"#), "a:B", "arn:x")
}

#[test]
fn wildcards_stand_for_any_characters_or_one() {
    assert!(matches("arn:*:group/web-?", "arn:aws:group/web-1"));
    assert!(matches("*", "") && matches("**", "a") && matches("a*b*c", "a-b-b-c"));
    assert!(!matches("web-?", "web-") && !matches("web", "web-1") && !matches("", "a"));
}

#[test]
fn nothing_that_matches_means_no() {
    let json = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["a:Get*"],"Resource":"arn:x"}}"#;
    assert_eq!(verdict(json, "a:GetThing", "arn:x"), Verdict::Allowed);
    assert_eq!(verdict(json, "A:getthing", "arn:x"), Verdict::Allowed);
    assert_eq!(verdict(json, "a:PutThing", "arn:x"), Verdict::NotAllowed);
    assert_eq!(verdict(json, "a:GetThing", "arn:y"), Verdict::NotAllowed);
}

#[test]
fn a_resource_given_as_a_pattern_does_not_cover_an_action_on_anything() {
    let json = r#"{"Statement":[{"Effect":"Allow","Action":"a:Describe","Resource":"arn:aws:a:*"}]}"#;
    assert_eq!(verdict(json, "a:Describe", "*"), Verdict::NotAllowed);
}

#[test]
fn a_deny_wins_wherever_it_stands() {
    let json = r#"{"Statement":[{"Effect":"Deny","Action":"a:Kill","Resource":"*"},
        {"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    assert_eq!(verdict(json, "a:Kill", "arn:x"), Verdict::Denied);
    assert_eq!(verdict(json, "a:Heal", "arn:x"), Verdict::Allowed);
}

#[test]
fn exclusions_cover_the_rest() {
    let json = r#"{"Statement":[{"Effect":"Allow","NotAction":"a:Kill","NotResource":"arn:secret*"}]}"#;
    assert_eq!(verdict(json, "a:Heal", "arn:x"), Verdict::Allowed);
    assert_eq!(verdict(json, "a:Kill", "arn:x"), Verdict::NotAllowed);
    assert_eq!(verdict(json, "a:Heal", "arn:secret/1"), Verdict::NotAllowed);
}

#[test]
fn conditions_ask_for_tags() {
    let allowed = |condition| on_condition("Allow", condition) == Verdict::Allowed;
    assert!(allowed(r#"{"StringEquals":{"aws:ResourceTag/homeostat":"managed"}}"#));
    assert!(allowed(r#"{"StringEquals":{"aws:ResourceTag/homeostat":["other","managed"]}}"#));
    assert!(allowed(r#"{"StringLike":{"aws:ResourceTag/homeostat":"man*"}}"#));
    assert!(allowed(r#"{"Null":{"aws:ResourceTag/homeostat":"false"}}"#));
    assert!(allowed(r#"{"Null":{"aws:ResourceTag/other":true}}"#));
    assert!(allowed(r#"{"StringEqualsIfExists":{"aws:ResourceTag/other":"x"}}"#));
    assert!(!allowed(r#"{"StringEquals":{"aws:ResourceTag/homeostat":"other"}}"#));
    assert!(!allowed(r#"{"StringEquals":{"aws:ResourceTag/other":"managed"}}"#));
    assert!(!allowed(r#"{"Null":{"aws:ResourceTag/other":"false"}}"#));
}

#[test]
fn a_key_of_several_values_is_asked_about_all_or_any_of_them() {
    let allowed = |condition: &str| on_condition("Allow", condition) == Verdict::Allowed;
    let actions = "route53:ChangeResourceRecordSetsActions";
    for (operator, wanted, expected) in [
        ("ForAllValues:StringEquals", r#"["CREATE","DELETE"]"#, true),
        ("ForAllValues:StringEquals", r#"["CREATE"]"#, false),
        ("ForAnyValue:StringEquals", r#"["CREATE"]"#, true),
        ("ForAnyValue:StringEquals", r#"["UPSERT"]"#, false),
        ("ForAllValues:StringNotEquals", r#"["UPSERT"]"#, true),
        ("ForAllValues:StringNotEquals", r#"["DELETE"]"#, false),
        ("ForAllValues:StringLike", r#"["?REATE","DEL*"]"#, true),
        ("ForSomeValues:StringEquals", r#"["CREATE"]"#, false),
        // A set without a quantifier.
        ("StringEquals", r#"["CREATE"]"#, false),
    ] {
        let condition = format!(r#"{{"{operator}":{{"{actions}":{wanted}}}}}"#);
        assert_eq!(allowed(&condition), expected, "{condition}");
    }
    let names = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
    assert!(allowed(&format!(r#"{{"ForAllValues:StringLike":{{"{names}":"*.example.com"}}}}"#)));
    assert!(
        allowed(r#"{"ForAnyValue:StringEquals":{"aws:ResourceTag/homeostat":"managed"}}"#),
        "one value is a set too"
    );
}

/// AWS's trap: what is asked of all values holds of none.
#[test]
fn all_values_of_a_key_that_is_absent_fit_unless_null_asks_too() {
    let trap = r#""ForAllValues:StringEquals":{"route53:ChangeResourceRecordSetsRecordTypes":"A"}"#;
    let guard = r#""Null":{"route53:ChangeResourceRecordSetsRecordTypes":"false"}"#;
    assert_eq!(on_condition("Allow", &format!("{{{trap}}}")), Verdict::Allowed);
    assert_eq!(on_condition("Allow", &format!("{{{trap},{guard}}}")), Verdict::NotAllowed);
    let any = |suffix: &str| {
        format!(r#"{{"ForAnyValue:StringEquals{suffix}":{{"route53:ChangeResourceRecordSetsRecordTypes":"A"}}}}"#)
    };
    assert_eq!(on_condition("Allow", &any("")), Verdict::NotAllowed);
    assert_eq!(on_condition("Allow", &any("IfExists")), Verdict::Allowed);
    let there = r#"{"Null":{"route53:ChangeResourceRecordSetsActions":"false"}}"#;
    assert_eq!(on_condition("Allow", there), Verdict::Allowed);
}

#[test]
fn all_conditions_must_be_met() {
    let both = r#"{"StringEquals":{"aws:ResourceTag/homeostat":"managed","aws:ResourceTag/other":"x"}}"#;
    assert_eq!(on_condition("Allow", both), Verdict::NotAllowed);
}

#[test]
fn what_is_not_modelled_refuses_in_an_allow_and_in_a_deny() {
    let unmodelled = [
        r#"{"IpAddress":{"aws:ResourceTag/homeostat":"managed"}}"#,
        r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
        r#"{"StringEquals":{"aws:ResourceTag/homeostat":"${aws:PrincipalTag/x}"}}"#,
    ];
    for condition in unmodelled {
        assert_eq!(on_condition("Allow", condition), Verdict::NotAllowed, "{condition}");
        assert_eq!(on_condition("Deny", condition), Verdict::Denied, "{condition}");
    }
}

#[test]
fn an_unknown_element_makes_a_policy_unreadable() {
    let json = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","NotPrincipal":"*"}]}"#;
    assert!(Document::read(json).is_err());
}

#[test]
fn a_resource_policy_lets_in_the_service_that_it_names_for_the_source_that_it_names() {
    let json = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},
        "Action":"lambda:InvokeFunction","Resource":"arn:f",
        "Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:000000000000:rule/*"}}}]}"#;
    let document = Document::read(json).unwrap();
    let by = |service| {
        let asked = Asked { action: "lambda:InvokeFunction", resource: "arn:f", service, key: &tags };
        decide([&document], &asked)
    };
    assert_eq!(by(Some("events.amazonaws.com")), Verdict::Allowed);
    assert_eq!(by(Some("sns.amazonaws.com")), Verdict::NotAllowed);
    assert_eq!(by(None), Verdict::NotAllowed);
}

#[test]
fn each_action_on_each_resource_is_a_grant_and_a_call_needs_the_first_that_fits() {
    let json = r#"{"Statement":[
        {"Effect":"Deny","Action":"a:Kill","Resource":"*"},
        {"Effect":"Allow","Action":["a:Get","a:Put"],"Resource":["arn:x","arn:y*"],"Condition":
            {"StringEquals":{"aws:ResourceTag/homeostat":"managed"}}},
        {"Effect":"Allow","Action":"a:*","Resource":"arn:yes"}]}"#;
    let documents = [Document::read(json).unwrap()];
    let all = grants(&documents);
    let pairs: Vec<_> = all.iter().map(|grant| (grant.action.as_str(), grant.resource.as_str())).collect();
    let expected =
        [("a:Get", "arn:x"), ("a:Get", "arn:y*"), ("a:Put", "arn:x"), ("a:Put", "arn:y*"), ("a:*", "arn:yes")];
    assert_eq!(pairs, expected);
    let needed = |action, resource| granting(&documents, &Asked { action, resource, service: None, key: &tags });
    assert_eq!(needed("a:put", "arn:yes").as_ref(), all.get(3));
    assert_eq!(needed("a:Other", "arn:yes").as_ref(), all.get(4));
    assert_eq!(needed("a:Other", "arn:x"), None);
    assert_eq!(all[0].conditions, ["StringEquals aws:ResourceTag/homeostat: managed"]);
}

#[test]
fn a_statement_on_nothing_grants_nothing() {
    let json = r#"{"Statement":[{"Effect":"Allow","Action":"a:Get","Resource":["","arn:x"]}]}"#;
    let documents = [Document::read(json).unwrap()];
    let resources: Vec<String> = grants(&documents).into_iter().map(|grant| grant.resource).collect();
    assert_eq!(resources, ["arn:x"]);
}
