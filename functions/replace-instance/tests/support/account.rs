//! An AWS account over HTTP on loopback, for one function: a fleet of the world behind the sandbox's wire protocols, with AWS's published
//! rates, a table and a queue that keep what they are given.
//!
//! It never lets time pass for the fleet, and answers no call that it doesn't know.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use homeostat_core::aws::rates::Api;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use sandbox::api::{Api as _, ApiError};
use sandbox::face::Face;
use sandbox::journal::Caller;
use sandbox::wire::{self, Protocol};
use serde_json::{Value, json};

/// What a call takes within a Region.
const LATENCY: Duration = Duration::from_millis(20);

/// A message that the function sent itself, and when it comes out.
pub(crate) struct Sent {
    pub(crate) at: Instant,
    pub(crate) body: String,
}

pub(crate) struct Account {
    face: Face,
    items: Mutex<BTreeMap<String, Value>>,
    sent: Mutex<Vec<Sent>>,
    /// What is left of each bucket, and when that was so.
    buckets: Mutex<BTreeMap<Api, (f64, Instant)>>,
    target_groups: Mutex<BTreeSet<String>>,
    pub(crate) calls: AtomicUsize,
    pub(crate) throttled: AtomicUsize,
}

struct Request {
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Account {
    /// Serves until the test ends.
    pub(crate) fn serve(face: Face, listener: &TcpListener) -> Arc<Account> {
        let account = Arc::new(Account {
            face,
            items: Mutex::default(),
            sent: Mutex::default(),
            buckets: Mutex::default(),
            target_groups: Mutex::default(),
            calls: AtomicUsize::new(0),
            throttled: AtomicUsize::new(0),
        });
        let (listener, served) = (listener.try_clone().unwrap(), Arc::clone(&account));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let account = Arc::clone(&served);
                std::thread::spawn(move || account.connection(&stream));
            }
        });
        account
    }

    pub(crate) fn next_sent(&self) -> Option<Sent> {
        self.sent.lock().unwrap().pop()
    }

    /// Whose targets were asked for.
    pub(crate) fn target_groups_read(&self) -> usize {
        self.target_groups.lock().unwrap().len()
    }

    fn connection(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(request) = read(&mut reader) {
            self.calls.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(LATENCY);
            let answer = self.answer(&request);
            let mut text = format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", answer.status, answer.body.len());
            answer.headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
            let mut stream = stream;
            if stream.write_all(&[text.as_bytes(), b"\r\n", &answer.body].concat()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> wire::Answer {
        let service = service(&request.headers);
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        if let Some(action) = target.strip_prefix("DynamoDB_20120810.") {
            return of_json(self.table(action, &serde_json::from_slice(&request.body).unwrap()));
        }
        if let Some(action) = target.strip_prefix("AmazonSQS.") {
            return of_json(self.queue(action, &serde_json::from_slice(&request.body).unwrap()));
        }
        let protocol = Protocol::of(&service, &request.headers);
        let read = protocol.read(&request.path, &request.body).unwrap();
        let outcome = if self.takes(&service, &read.action) {
            let caller = Caller { who: sandbox::journal::Who::Operator, invocation: None };
            self.face.call(&caller, &service, &read.action, &read.input)
        } else {
            self.throttled.fetch_add(1, Ordering::Relaxed);
            Err(ApiError::new(400, "Throttling", "Rate exceeded"))
        };
        if read.action == "DescribeTargetHealth" {
            self.target_groups.lock().unwrap().insert(String::from_utf8_lossy(&request.body).into_owned());
        }
        protocol.answer(&read.action, outcome.as_ref(), "request")
    }

    /// Whether AWS's published rate has room for one more.
    fn takes(&self, service: &str, action: &str) -> bool {
        let api = match (service, action) {
            ("autoscaling", _) => Api::AutoScaling,
            ("elasticloadbalancing", _) => Api::LoadBalancing,
            ("ec2", "DescribeInstanceStatus") => Api::InstanceStatus,
            ("ec2", _) => Api::Instances,
            ("monitoring", _) => Api::Alarms,
            other => panic!("{other:?} has no rate"),
        };
        let (rate, now) = (api.published(), Instant::now());
        let most = f64::from(rate.burst);
        let mut buckets = self.buckets.lock().unwrap();
        let (left, at) = buckets.entry(api).or_insert((most, now));
        *left = (*left + now.duration_since(*at).as_secs_f64() * f64::from(rate.per_second)).min(most);
        *at = now;
        let takes = *left >= 1.0;
        if takes {
            *left -= 1.0;
        }
        takes
    }

    /// Nobody else writes, so no condition is looked at.
    fn table(&self, action: &str, input: &Value) -> Value {
        let mut items = self.items.lock().unwrap();
        let id = |item: &Value| format!("{} {}", item["pk"]["S"], item["sk"]["S"]);
        match action {
            "GetItem" => items.get(&id(&input["Key"])).map_or_else(|| json!({}), |item| json!({ "Item": item })),
            "BatchGetItem" => {
                let (table, asked) = input["RequestItems"].as_object().unwrap().iter().next().unwrap();
                let keys = asked["Keys"].as_array().unwrap();
                let found: Vec<&Value> = keys.iter().filter_map(|key| items.get(&id(key))).collect();
                json!({ "Responses": { table: found }, "UnprocessedKeys": {} })
            }
            "PutItem" => {
                items.insert(id(&input["Item"]), input["Item"].clone());
                json!({})
            }
            "Query" => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
            other => panic!("a resync of a healthy fleet asked its table for {other}: {input}"),
        }
    }

    fn queue(&self, action: &str, input: &Value) -> Value {
        assert_eq!(action, "SendMessage", "{input}");
        let delay = Duration::from_secs(input["DelaySeconds"].as_u64().unwrap_or_default());
        let body = input["MessageBody"].as_str().unwrap().to_owned();
        self.sent.lock().unwrap().push(Sent { at: Instant::now() + delay, body });
        json!({ "MessageId": "message" })
    }
}

fn of_json(body: Value) -> wire::Answer {
    let headers = vec![("content-type", "application/x-amz-json-1.0".to_owned())];
    wire::Answer { status: 200, headers, body: body.to_string().into_bytes() }
}

/// By the signature's scope.
fn service(headers: &HeaderMap) -> String {
    let signature = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    signature.split('/').nth(3).unwrap_or_default().to_owned()
}

/// `None`: the connection is closed.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let (mut first, mut headers) = (String::new(), HeaderMap::new());
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path: first.split(' ').nth(1)?.to_owned(), headers, body })
}
