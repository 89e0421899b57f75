use super::*;
use crate::policy;

fn record(zone: &str, name: &str, kind: &str) -> String {
    let endpoint = |id: &str| {
        format!(
            "[[shift-dns.record.endpoint]]\nid = \"{id}\"\n\
             alarms = [\"arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:{id}\"]\n\
             health-check = \"00000000-0000-0000-0000-000000000001\"\n"
        )
    };
    let (blue, green) = (endpoint("blue"), endpoint("green"));
    format!(
        "[[shift-dns.record]]\nhosted-zone = \"{zone}\"\nname = \"{name}\"\ntype = \"{kind}\"\nproof = [\"health-check\"]\n{blue}{green}"
    )
}

#[test]
fn what_the_role_may_change_is_named_once_and_in_iams_own_form() {
    let records = [
        record("Z2", "WWW.example.com.", "A"),
        record("Z1", "www.example.com", "AAAA"),
        record("Z1", "*.example.com", "A"),
    ];
    let policy = policy::parse(&format!("schema = 1\n{}", records.concat())).unwrap();
    let parameters = parameters(policy.dns.as_ref().unwrap());
    assert_eq!(
        parameters.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "DnsZoneArns=arn:aws-cn:route53:::hostedzone/Z1,arn:aws-cn:route53:::hostedzone/Z2",
            r"DnsRecordNames=\052.example.com,_homeostat.\052.example.com,_homeostat.www.example.com,www.example.com",
            "DnsRecordTypes=A,AAAA,TXT",
        ]
    );
}
