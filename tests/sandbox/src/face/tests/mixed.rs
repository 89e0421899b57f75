//! Mixed instances policies, unused targets and deleted target groups on the wire.

use world::{CapacityType, Mixed, Override};

use super::*;

const WEB: &str = "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=web";

#[test]
fn a_group_with_weights_shows_its_policy_its_unit_and_what_each_member_counts() {
    let it = fixture();
    let overrides =
        vec![Override { weight: Some(2), template: None }, Override { weight: Some(2048), template: Some(1) }];
    it.face.with(|world| {
        let change = |settings: &mut world::GroupSettings| {
            settings.mixed = Mixed { capacity: CapacityType::MemoryMib, overrides };
            (settings.max, settings.desired) = (9999, 9);
        };
        world.update_group(&"web".parse().unwrap(), change).unwrap();
    });
    let answer = it.query("autoscaling", WEB).unwrap();
    let [group] = get::items(&answer, "AutoScalingGroups").unwrap() else { panic!("{answer:?}") };
    assert_eq!(get::text(group, "DesiredCapacityType").unwrap(), "memory-mib");
    assert!(get::field(group, "LaunchTemplate").is_none());
    let policy = get::field(get::field(group, "MixedInstancesPolicy").unwrap(), "LaunchTemplate").unwrap();
    let overrides = get::items(policy, "Overrides").unwrap();
    assert_eq!(texts(overrides, "WeightedCapacity"), ["2", "2048"]);
    assert!(get::field(&overrides[0], "LaunchTemplateSpecification").is_none());
    assert!(get::field(&overrides[1], "LaunchTemplateSpecification").is_some());
    let shown = |member: &Tree| get::field(member, "WeightedCapacity").is_some();
    // Four came before the weights, and of the two that followed one counts more than AWS shows.
    assert_eq!(get::items(group, "Instances").unwrap().iter().filter(|member| shown(member)).count(), 1);
}

#[test]
fn a_deleted_target_group_is_not_found_and_stays_in_its_groups_description() {
    let it = fixture();
    let arn = it.target_group.clone();
    it.face.with(|world| world.delete_target_group(&arn.parse().unwrap())).unwrap();
    let health = format!("Action=DescribeTargetHealth&TargetGroupArn={}", arn.replace(':', "%3A").replace('/', "%2F"));
    let (status, code, _) = it.query("elasticloadbalancing", &health).unwrap_err();
    assert_eq!((status, code.as_str()), (400, "TargetGroupNotFound"));
    let answer = it.query("autoscaling", WEB).unwrap();
    let [group] = get::items(&answer, "AutoScalingGroups").unwrap() else { panic!("{answer:?}") };
    assert_eq!(get::texts(group, "TargetGroupARNs").unwrap(), [arn.as_str()]);
}
