//! As much of GitHub as the workflows ask: issues by label, in pages, over HTTP on a unix socket, which the real gh
//! takes for api.github.com. What is asked about many repositories is in [`super::organisation`].

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::organisation::{self, Repository};
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

/// How pages of issues are not what they seem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pages {
    #[default]
    Whole,
    /// One issue fewer than their count.
    Short,
    /// Another one follows, without a cursor.
    Endless,
    /// The first issue goes while the first page is given.
    Drifting,
}

#[derive(Default)]
struct State {
    pages: Pages,
    issues: Vec<Issue>,
    repositories: Vec<Repository>,
    /// The token that reads all of them; without it only what is public shows.
    secret: &'static str,
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

    /// Changes the repositories of the organisation.
    pub fn reorganise(&self, change: impl FnOnce(&mut Vec<Repository>)) {
        change(&mut self.0.lock().unwrap().repositories);
    }

    /// Gives the workflow a token that reads the organisation's repositories.
    pub fn give_secret(&self, secret: &'static str) {
        self.0.lock().unwrap().secret = secret;
    }

    pub fn secret(&self) -> &'static str {
        self.0.lock().unwrap().secret
    }

    /// Has pages of issues be other than they seem.
    pub fn give(&self, pages: Pages) {
        self.0.lock().unwrap().pages = pages;
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
        let token = request.header("authorization").and_then(|value| value.strip_prefix("token "));
        let sees_all = !state.secret.is_empty() && token == Some(state.secret);
        if token != Some("t0ken") && !sees_all {
            return ("401 Unauthorized", json!({"message": "Bad credentials"}).to_string());
        }
        let visible = |repository: &&Repository| sees_all || !repository.is_private;
        if request.method == "GET" {
            return match organisation::rest(&state.repositories, visible, &request.path) {
                Some(answer) => ("200 OK", answer),
                None => ("404 Not Found", json!({"message": "Not Found"}).to_string()),
            };
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return ("400 Bad Request", json!({"message": "Problems parsing JSON"}).to_string());
        };
        state.requests.push(body["variables"].clone());
        if state.failures > 0 {
            state.failures -= 1;
            return ("502 Bad Gateway", json!({"message": "Server Error"}).to_string());
        }
        let answer = match organisation::graphql(&state.repositories, visible, &body) {
            Some(answer) => answer,
            None => {
                let name = format!(
                    "{}/{}",
                    body["variables"]["owner"].as_str().unwrap(),
                    body["variables"]["name"].as_str().unwrap()
                );
                let other = state.repositories.iter().filter(visible).find(|repository| repository.name == name);
                match other {
                    Some(other) if other.is_withheld => json!({
                        "data": {"repository": null},
                        "errors": [{"message": organisation::WITHHELD, "type": "FORBIDDEN", "path": ["repository"]}],
                    }),
                    _ => page(other.map_or(&state.issues, |repository| &repository.issues), state.pages, &body),
                }
            }
        };
        if state.pages == Pages::Drifting && !state.issues.is_empty() {
            state.issues.remove(0);
            state.pages = Pages::Whole;
        }
        ("200 OK", answer.to_string())
    }
}

/// The page that the query asks for, with the fields it selects.
fn page(issues: &[Issue], pages: Pages, body: &Value) -> Value {
    let query = body["query"].as_str().unwrap();
    for part in
        ["states: [OPEN, CLOSED]", "first: 100", "labels: [$label]", "orderBy: {field: CREATED_AT, direction: ASC}"]
    {
        assert!(query.contains(part), "{query}");
    }
    let variables = &body["variables"];
    let label = variables["label"].as_str().unwrap();
    let mut found: Vec<&Issue> = issues.iter().filter(|issue| issue.labels.contains(&label)).collect();
    found.sort_by_key(|issue| issue.number);
    let after =
        variables["after"].as_str().map_or(0, |cursor| cursor.strip_prefix("cursor ").unwrap().parse().unwrap());
    let end = found.len().min(after + MAX_PAGE);
    let shown = end.saturating_sub(usize::from(pages == Pages::Short)).max(after);
    let nodes: Vec<Value> = found[after..shown].iter().map(|issue| node(issue)).collect();
    let cursor = if pages == Pages::Endless { Value::Null } else { json!(format!("cursor {end}")) };
    json!({"data": {"repository": {
        "defaultBranchRef": {"name": "main"},
        "issues": {
            "totalCount": found.len(),
            "pageInfo": {"hasNextPage": end < found.len() || pages == Pages::Endless, "endCursor": cursor},
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
