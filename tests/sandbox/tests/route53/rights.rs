//! A role's conditions on names, types and actions.

use super::*;

/// What a role for shifting the weights of one name should hold.
const LEAST: &str = r#"{"Statement":[
    {"Effect":"Allow","Action":"route53:ListResourceRecordSets","Resource":"arn:aws:route53:::hostedzone/ZONE"},
    {"Effect":"Allow","Action":"route53:GetChange","Resource":"arn:aws:route53:::change/*"},
    {"Effect":"Allow","Action":"route53:ChangeResourceRecordSets","Resource":"arn:aws:route53:::hostedzone/ZONE","Condition":{
        "ForAllValues:StringEquals":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":["api.example.com"],
            "route53:ChangeResourceRecordSetsRecordTypes":["A"],
            "route53:ChangeResourceRecordSetsActions":["CREATE","DELETE"]},
        "Null":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":"false",
            "route53:ChangeResourceRecordSetsRecordTypes":"false",
            "route53:ChangeResourceRecordSetsActions":"false"}}}]}"#;

#[tokio::test]
async fn a_role_that_names_record_type_and_actions_allows_no_more() {
    let it = fixture(LEAST).await;
    let function = it.function();
    let code = |changed: Changed| changed.err().map(|error| error.code().unwrap_or_default().to_owned());
    let denied = Some("AccessDenied".to_owned());
    assert_eq!(code(it.shift(&function, "blue", 0).await), None);
    assert_eq!(it.weights().await, [("blue".to_owned(), 0), ("green".to_owned(), 0)]);
    assert_eq!(code(it.change(&function, vec![step(ChangeAction::Upsert, weighted(API, "blue", 9))]).await), denied);
    assert_eq!(code(it.change(&function, create(plain("www.example.com"))).await), denied);
    let mut text = weighted(API, "blue", 9);
    text.r#type = RrType::Txt;
    assert_eq!(code(it.change(&function, create(text)).await), denied);
    let both =
        vec![step(ChangeAction::Create, weighted(API, "red", 9)), step(ChangeAction::Create, plain("www.example.com"))];
    assert_eq!(code(it.change(&function, both).await), denied);
    // The record's own spelling doesn't get around the name.
    assert_eq!(code(it.change(&function, create(weighted("API.example.com.", "red", 9))).await), None);

    assert!(function.list_resource_record_sets().hosted_zone_id(it.zone.id()).send().await.is_ok());
    let other = function.list_resource_record_sets().hosted_zone_id("Z404").send().await.unwrap_err();
    assert_eq!(other.code(), Some("AccessDenied"));
    let id = it.zone.records(API, &RrType::A).await.unwrap()[0].health_check.clone().unwrap();
    let status = function.get_health_check_status().health_check_id(id).send().await.unwrap_err();
    assert_eq!(status.code(), Some("AccessDenied"));
    it.ministack.stop().await.unwrap();
}
