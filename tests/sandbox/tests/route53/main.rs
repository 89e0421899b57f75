//! AWS's own client of Route 53 against the proxy, with MiniStack behind it: what one reads and what the other refuses.

mod changes;
mod faults;
mod health;
mod rights;
mod stage;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_route53::Client;
use aws_sdk_route53::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_route53::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_route53::operation::change_resource_record_sets::{
    ChangeResourceRecordSetsError, ChangeResourceRecordSetsOutput,
};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};
use jiff::{SignedDuration, Timestamp};
use sandbox::account::sdk_config;
use sandbox::face::Face;
use sandbox::journal::{Function, Journal, is_effect, up_to_the_effect};
use sandbox::ministack::{MiniStack, Tools};
use sandbox::policy::Document;
use sandbox::proxy::dns::Dns;
use sandbox::proxy::faults::{Fault, Faults, Kind, Matcher};
use sandbox::proxy::{Backends, Door, Proxy};
use sandbox::roles::Roles;
use sandbox::zone::{Target, Weighted, Zone};
use world::{Demo, EndpointState, Pace, VirtualClock, World};

const PATIENCE: Duration = Duration::from_secs(60);
const API: &str = "api.example.com";

struct Fixture {
    face: Face,
    clock: VirtualClock,
    journal: Journal,
    faults: Faults,
    dns: Dns,
    zone: Zone,
    operator: Client,
    proxy: Proxy,
    ministack: MiniStack,
    _folder: tempfile::TempDir,
}

type Changed = Result<ChangeResourceRecordSetsOutput, SdkError<ChangeResourceRecordSetsError>>;

fn shifter() -> Function {
    Function::deployed("shifter", "arn:aws:lambda:us-east-1:000000000000:function:shifter", "arn:role/shifter-role")
}

/// The zone `example.com` with the weighted records `blue` and `green` of `api`, each with an endpoint and a health check; the
/// function `shifter` has the given policy, in which ZONE stands for the zone's id.
#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
async fn fixture(policy: &str) -> Fixture {
    let noon: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
    let clock = VirtualClock::starting_at(noon, SignedDuration::ZERO);
    let now = clock.clone();
    let world = Arc::new(Mutex::new(World::new(Demo::new().unwrap().place, Pace::sandbox(), noon)));
    let face = Face::new(world, move || homeostat_core::ports::Clock::now(&now));

    let folder = tempfile::tempdir().unwrap();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/ministack/bin/python");
    let tools = Tools { python, sam: "sam is not needed here".into() };
    // What makes the zone does not know the policy yet, which names the zone.
    let first = Door::open(0).await.unwrap();
    let ministack = MiniStack::start(&tools, folder.path(), first.endpoint()).await.unwrap();
    let (journal, faults, dns) = (Journal::new(), Faults::default(), Dns::default());
    journal.register([shifter()]);
    let backends = |roles| Backends {
        api: Arc::new(face.clone()),
        roles,
        journal: journal.clone(),
        census: None,
        upstream: ministack.endpoint().to_owned(),
        latency: Duration::ZERO,
        faults: faults.clone(),
        dns: dns.clone(),
    };
    let making = Proxy::serve(first, backends(Roles::default())).unwrap();
    let made = Zone::create(&sdk_config(making.endpoint()), "Example.com").await.unwrap();
    let policy = Document::read(&policy.replace("ZONE", made.id())).unwrap();
    let roles = Roles::with_policies("shifter", "shifter-role", vec![policy]);
    let proxy = Proxy::serve(Door::open(0).await.unwrap(), backends(roles)).unwrap();
    let operator = sdk_config(proxy.endpoint());
    let zone = Zone::create(&operator, "Example.com").await.unwrap();
    assert_eq!(zone.id(), made.id(), "the same reference is the same zone");

    let check = |name: &str| {
        face.with(|world| {
            world.add_endpoint(name)?;
            world.add_health_check(name)
        })
        .unwrap()
    };
    let records = [
        Weighted::plain("blue", 100, "192.0.2.1").checked_by(check("blue")),
        Weighted::plain("green", 0, "192.0.2.2").checked_by(check("green")),
    ];
    zone.put(API, &RrType::A, &records).await.unwrap();
    let operator = Client::new(&operator);
    Fixture { face, clock, journal, faults, dns, zone, operator, proxy, ministack, _folder: folder }
}

const ALL: &str = r#"{"Statement":[{"Effect":"Allow","Action":"route53:*","Resource":"*"}]}"#;

#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
impl Fixture {
    /// The client of the function, which does not retry by itself, in an invocation of that name.
    fn function(&self) -> Client {
        let credentials = Credentials::new(shifter().access_key, "secret", None, None, "a function");
        let config: SdkConfig = sdk_config(self.proxy.endpoint())
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .build();
        Client::new(&config)
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    async fn change(&self, client: &Client, changes: Vec<Change>) -> Changed {
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build().unwrap();
        client.change_resource_record_sets().hosted_zone_id(self.zone.id()).change_batch(batch).send().await
    }

    /// The code with which an operator's changes are refused, after which the zone must be as it was.
    async fn refused(&self, changes: Vec<Change>) -> (String, String) {
        let before = self.everything().await;
        let error = self.change(&self.operator, changes).await.unwrap_err();
        assert_eq!(self.everything().await, before, "a refused batch changes nothing");
        (error.code().unwrap().to_owned(), error.message().unwrap().to_owned())
    }

    async fn everything(&self) -> Vec<ResourceRecordSet> {
        let list = self.operator.list_resource_record_sets().hosted_zone_id(self.zone.id());
        list.send().await.unwrap().resource_record_sets().to_vec()
    }

    async fn weights(&self) -> Vec<(String, u8)> {
        self.zone.weights(API, &RrType::A).await.unwrap().into_iter().collect()
    }

    /// Deletes a record and creates it with another weight, as a compare-and-set does.
    async fn shift(&self, client: &Client, identifier: &str, weight: i64) -> Changed {
        let found = self.everything().await;
        let set = found.iter().find(|set| set.set_identifier() == Some(identifier)).unwrap();
        let mut shifted = set.clone();
        shifted.weight = Some(weight);
        self.change(client, vec![step(ChangeAction::Delete, set.clone()), step(ChangeAction::Create, shifted)]).await
    }
}

#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
fn step(action: ChangeAction, set: ResourceRecordSet) -> Change {
    Change::builder().action(action).resource_record_set(set).build().unwrap()
}

#[expect(clippy::unwrap_used, reason = "outside of a test's own function, clippy doesn't see that this is a test")]
fn plain(name: &str) -> ResourceRecordSet {
    let record = ResourceRecord::builder().value("192.0.2.9").build().unwrap();
    ResourceRecordSet::builder().name(name).r#type(RrType::A).ttl(60).resource_records(record).build().unwrap()
}

fn weighted(name: &str, identifier: &str, weight: i64) -> ResourceRecordSet {
    let mut set = plain(name);
    set.set_identifier = Some(identifier.to_owned());
    set.weight = Some(weight);
    set
}

fn create(set: ResourceRecordSet) -> Vec<Change> {
    vec![step(ChangeAction::Create, set)]
}

fn two(status: (&str, &str)) -> (String, String) {
    (status.0.to_owned(), status.1.to_owned())
}
