//! As much of GitHub as the workflow asks: issues by label, in pages, over HTTP on a unix socket, which the real gh
//! takes for api.github.com.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::shared::http::{self, Request};

/// Pages are of this many issues, or of fewer if fewer are asked for; GitHub gives no more.
const MAX_PAGE: usize = 100;

/// One issue.
#[derive(Clone, Debug)]
pub struct Issue {
    pub number: u64,
    pub title: String,
    pub labels: Vec<&'static str>,
    pub closed: bool,
}

#[derive(Default)]
struct State {
    issues: Vec<Issue>,
    /// The bodies of the requests.
    requests: Vec<Value>,
    /// So many requests from now on are answered with 502.
    failures: usize,
}

/// A running server; it ends with the test's process.
#[derive(Clone, Default)]
pub struct Fake(Arc<Mutex<State>>);

impl Fake {
    /// Starts to listen on the socket.
    pub fn start(socket: &Path) -> Self {
        let fake = Self::default();
        let serving = fake.clone();
        http::listen(socket, move |stream| serving.serve(stream));
        fake
    }

    /// Changes the issues.
    pub fn change(&self, change: impl FnOnce(&mut Vec<Issue>)) {
        change(&mut self.0.lock().unwrap().issues);
    }

    /// Answers the next requests with 502.
    pub fn fail(&self, times: usize) {
        self.0.lock().unwrap().failures = times;
    }

    /// The variables of every request so far; forgets them.
    pub fn take_requests(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().unwrap().requests)
    }

    fn serve(&self, stream: &UnixStream) {
        // A client that went away is no failure of the test.
        while let Some(request) = Request::read(stream) {
            let (status, answer) = self.answer(&request);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            if (&mut &*stream).write_all((head + &answer).as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> (&'static str, String) {
        let mut state = self.0.lock().unwrap();
        let is_signed_in = request.header("authorization") == Some("token t0ken");
        if (request.method.as_str(), request.path.as_str()) != ("POST", "/graphql") || !is_signed_in {
            return ("401 Unauthorized", json!({"message": "Bad credentials"}).to_string());
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return ("400 Bad Request", json!({"message": "Problems parsing JSON"}).to_string());
        };
        state.requests.push(body["variables"].clone());
        if state.failures > 0 {
            state.failures -= 1;
            return ("502 Bad Gateway", json!({"message": "Server Error"}).to_string());
        }
        ("200 OK", page(&state.issues, &body).to_string())
    }
}

/// The page that the query asks for, with the fields it selects.
fn page(issues: &[Issue], body: &Value) -> Value {
    let query = body["query"].as_str().unwrap();
    for part in
        ["states: [OPEN, CLOSED]", "first: 100", "labels: [$label]", "orderBy: {field: CREATED_AT, direction: ASC}"]
    {
        assert!(query.contains(part), "{query}");
    }
    let variables = &body["variables"];
    assert_eq!((variables["owner"].as_str(), variables["name"].as_str()), (Some("octo-org"), Some("atlas")));
    let label = variables["label"].as_str().unwrap();
    let mut found: Vec<&Issue> = issues.iter().filter(|issue| issue.labels.contains(&label)).collect();
    found.sort_by_key(|issue| issue.number);
    let after =
        variables["after"].as_str().map_or(0, |cursor| cursor.strip_prefix("cursor ").unwrap().parse().unwrap());
    let end = found.len().min(after + MAX_PAGE);
    let nodes: Vec<Value> = found[after..end].iter().map(|issue| node(issue)).collect();
    json!({"data": {"repository": {
        "defaultBranchRef": {"name": "main"},
        "issues": {
            "pageInfo": {"hasNextPage": end < found.len(), "endCursor": format!("cursor {end}")},
            "nodes": nodes,
        },
    }}})
}

fn node(issue: &Issue) -> Value {
    json!({
        "number": issue.number,
        "title": issue.title,
        "state": if issue.closed { "CLOSED" } else { "OPEN" },
        "createdAt": "2024-12-20T08:00:00Z",
        "closedAt": issue.closed.then_some("2024-12-24T09:00:00Z"),
    })
}
