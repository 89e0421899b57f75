//! Lambda's runtime API (Lambda Developer Guide, "Using the Lambda runtime API"), as far as a function asks it for events and answers
//! them, and a door that nobody must knock at: the endpoint of all AWS services.
//!
//! It ends only the process that it started.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
const BROKEN: &str = "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"hunch\"]\ngrace = 5\n";

pub(crate) struct Function {
    pub(crate) binary: &'static str,
    /// Of its own, as the template sets them.
    pub(crate) variables: &'static [(&'static str, &'static str)],
}

/// What a function said to an event.
pub(crate) struct Answer {
    pub(crate) path: String,
    pub(crate) body: Value,
}

pub(crate) struct Started(pub(crate) Child);

impl Drop for Started {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

impl Function {
    pub(crate) fn refuses_everything_without_a_policy(&self) {
        let mistakes = [
            "policy.toml:4:13: replace-instance.group[0].evidence[0] is \"hunch\"",
            "policy.toml:5:9: replace-instance.group[0].grace is 5",
        ];
        self.refuses(Some(BROKEN), &[&["the policy is invalid, so nothing is done"][..], &mistakes].concat());
        self.refuses(None, &["the function's zip has no readable policy.toml"]);
    }

    fn refuses(&self, policy: Option<&str>, sentence: &[&str]) {
        let zip = tempfile::tempdir().unwrap();
        if let Some(policy) = policy {
            std::fs::write(zip.path().join("policy.toml"), policy).unwrap();
        }
        let (lambda, aws) = (listener(), listener());
        let _function = self.start(zip.path(), &lambda, &aws);
        let alarm = include_str!("../../../../events/alarm-instance.json");
        for event in [alarm, r#"{"homeostat":"resync"}"#, "[1]"] {
            let Answer { path, body } = answer(&lambda, event);
            assert!(path.ends_with("/error"), "{path} {body}");
            assert_eq!(body["errorType"], "Page", "{body}");
            let said = body["errorMessage"].as_str().unwrap();
            assert!(sentence.iter().all(|part| said.contains(part)), "{said}");
        }
        aws.set_nonblocking(true).unwrap();
        assert_eq!(aws.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "AWS was asked for something");
    }

    pub(crate) fn start(&self, zip: &Path, lambda: &TcpListener, aws: &TcpListener) -> Started {
        let endpoint = format!("http://{}", aws.local_addr().unwrap());
        let mut command = Command::new(self.binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", lambda.local_addr().unwrap().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "logs")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "nobody")
            .env("AWS_SECRET_ACCESS_KEY", "nothing")
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("LAMBDA_TASK_ROOT", zip)
            .envs(self.variables.iter().copied())
            .stdout(Stdio::null());
        Started(command.spawn().unwrap())
    }
}

pub(crate) fn listener() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).unwrap()
}

/// Gives one event, and waits for what the function says to it. Each request of the function comes by a connection of its own,
/// since each is told to close.
pub(crate) fn answer(lambda: &TcpListener, event: &str) -> Answer {
    let (next, _) = request(lambda);
    let head = "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
                Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:function\r\n";
    respond(next, "200 OK", head, event);
    let (answered, (path, body)) = request(lambda);
    respond(answered, "202 Accepted", "", &json!({"status": "OK"}).to_string());
    Answer { path, body: serde_json::from_slice(&body).unwrap() }
}

fn request(lambda: &TcpListener) -> (TcpStream, (String, Vec<u8>)) {
    let (stream, _) = lambda.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line);
    }
    let path = lines[0].split(' ').nth(1).unwrap().to_owned();
    let length = lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    (stream, (path, body))
}

fn respond(mut stream: TcpStream, status: &str, head: &str, body: &str) {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\n{head}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).unwrap();
}
