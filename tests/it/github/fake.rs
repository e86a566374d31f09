//! A GitHub that answers what `gh` asks on a Unix socket, as it is told to.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use crate::shared::http;

/// How it answers.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    #[default]
    Ok,
    /// A status with headers and a body, whatever is asked.
    Status(&'static str, &'static str, &'static str),
    /// HTTP 200 with this body.
    Body(&'static str),
    /// HTTP 502 for pages of more than so many issues or texts, so many times.
    BadGateway { above: u64, times: usize },
    /// Takes the question and says nothing.
    Silent,
    /// Answers a page, and loses the first issue and the second repository.
    Drifting,
    /// Answers the first page, then HTTP 403.
    LimitedAfterOnePage,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub host: String,
    pub authorization: String,
    pub if_none_match: Option<String>,
    pub accept: String,
    pub user_agent: String,
    pub variables: Value,
}

/// What it holds.
#[derive(Default)]
pub struct State {
    pub mode: Mode,
    pub releases: Vec<Value>,
    pub microsprints: Vec<Value>,
    /// The manifest of the default branch.
    pub manifest: Option<String>,
    /// What the owner has: names, and their manifests.
    pub owned: Vec<(String, Option<String>)>,
    /// What it does not show: `NAME-list` in a page of repositories, `NAME-text` among the texts.
    pub withheld: Vec<String>,
    /// Whether it names no content.
    pub without_tags: bool,
    /// Whether it breaks off half-way.
    pub breaks_off: bool,
    pub date: String,
    pub requests: Vec<Request>,
}

pub struct Fake {
    pub socket: PathBuf,
    state: Arc<Mutex<State>>,
}

pub const DATE: &str = "Tue, 24 Dec 2024 10:00:00 GMT";

impl Fake {
    pub fn start(dir: &Path) -> Self {
        let socket = dir.join("github.sock");
        let state = Arc::new(Mutex::new(State { date: DATE.to_owned(), ..State::default() }));
        let shared = Arc::clone(&state);
        http::listen(&socket, move |stream| answer(stream, &shared));
        Self { socket, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What was asked since this was called last.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().requests)
    }

    pub fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }
}

/// An issue as GitHub describes it.
pub fn issue(number: u64, title: &str, closed: bool) -> Value {
    let closed_at = if closed { json!("2024-12-23T08:00:00Z") } else { Value::Null };
    let state = if closed { "CLOSED" } else { "OPEN" };
    json!({"number": number, "title": title, "state": state, "createdAt": "2024-12-20T08:00:00Z", "closedAt": closed_at})
}

/// So many release trackers; every third is closed.
pub fn releases(count: u64) -> Vec<Value> {
    (1..=count).map(|number| issue(number, &format!("Release: v0.{number}.0"), number % 3 == 0)).collect()
}

fn answer(stream: &UnixStream, state: &Mutex<State>) {
    let Some(request) = read(stream) else { return };
    let mut state = state.lock().unwrap();
    state.requests.push(request.clone());
    let (status, headers, body) = match state.mode.clone() {
        Mode::Ok => state.ok(&request),
        Mode::Drifting => {
            let page = state.ok(&request);
            if !request.path.contains("/contents/") {
                state.mode = Mode::Ok;
                let State { releases, owned, .. } = &mut *state;
                releases.drain(..releases.len().min(1));
                owned.drain(1.min(owned.len())..2.min(owned.len()));
            }
            page
        }
        // What says so in GraphQL says so nowhere else.
        Mode::Status("200 OK", ..) | Mode::Body(_) if request.path.contains("/contents/") => state.ok(&request),
        Mode::Status(status, headers, body) => (status, headers, body.to_owned()),
        Mode::Body(body) => ("200 OK", "", body.to_owned()),
        Mode::BadGateway { above, times } => {
            let variables = &request.variables;
            let ids = variables["ids"].as_array().map(|ids| ids.len() as u64);
            let issues = variables["count"].as_u64().filter(|_| variables["expression"].is_null());
            let is_too_much = ids.or(issues).is_some_and(|count| count > above);
            match is_too_much && times > 0 {
                true => {
                    state.mode = Mode::BadGateway { above, times: times - 1 };
                    ("502 Bad Gateway", "", "<html>502</html>".to_owned())
                }
                false => state.ok(&request),
            }
        }
        Mode::Silent => {
            drop(state);
            std::thread::sleep(Duration::from_secs(20));
            return;
        }
        Mode::LimitedAfterOnePage => {
            match request.variables["afterA"].is_null() && request.variables["after"].is_null() {
                true => state.ok(&request),
                false => ("403 Forbidden", "Retry-After: 60\r\n", r#"{"message":"secondary rate limit"}"#.to_owned()),
            }
        }
    };
    let date = &state.date;
    let content_type = if request.path.contains("/contents/") { "vnd.github.v3.raw" } else { "json" };
    let missing = usize::from(state.breaks_off);
    let answer = format!(
        "HTTP/1.1 {status}\r\nDate: {date}\r\n{headers}Content-Type: application/{content_type}; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len() + missing
    );
    // A client that was killed does not listen any more.
    let _ = (&*stream).write_all(answer.as_bytes());
}

impl State {
    fn ok(&self, request: &Request) -> (&'static str, &'static str, String) {
        if request.path.contains("/contents/") {
            return self.contents(request);
        }
        let variables = &request.variables;
        if variables["owner"].is_string() && variables["expression"].is_string() {
            return ("200 OK", "", self.owned_page(variables));
        }
        if variables["ids"].is_array() {
            return ("200 OK", "", self.texts(variables));
        }
        let mut repository = json!({});
        for slot in ["A", "B", "C", "D"] {
            let issues: &[Value] = match variables[format!("label{slot}")][0].as_str() {
                Some("release") => &self.releases,
                Some("microsprint") => &self.microsprints,
                _ => &[],
            };
            if variables[format!("has{slot}")] == true {
                let after = &variables[format!("after{slot}")];
                repository[format!("list{slot}")] = page(issues, &variables["count"], after);
            }
        }
        ("200 OK", "", json!({"data": {"repository": repository}}).to_string())
    }

    fn owned_page(&self, variables: &Value) -> String {
        let nodes: Vec<Value> = self
            .owned
            .iter()
            .map(|(name, manifest)| {
                let object = manifest.as_ref().map(|text| json!({"oid": oid(text)}));
                let name_with_owner = format!("{}/{name}", variables["owner"].as_str().unwrap());
                json!({"id": name, "nameWithOwner": name_with_owner, "isArchived": name.ends_with("-old"), "isEmpty": manifest.is_none(), "object": object})
            })
            .collect();
        let mut repositories = page(&nodes, &variables["count"], &variables["after"]);
        let errors = self.withhold(&mut repositories["nodes"], &["repositoryOwner", "repositories", "nodes"], "-list");
        json!({"data": {"repositoryOwner": {"repositories": repositories}}, "errors": errors}).to_string()
    }

    fn texts(&self, variables: &Value) -> String {
        let text = |id: &Value| {
            let (_, manifest) = self.owned.iter().find(|(name, _)| name == id).unwrap();
            let text = manifest.as_deref().unwrap();
            let object = json!({"oid": oid(text), "byteSize": text.len(), "isTruncated": false, "text": text});
            json!({"id": id, "object": object})
        };
        let mut nodes: Value = variables["ids"].as_array().unwrap().iter().map(text).collect();
        let errors = self.withhold(&mut nodes, &["nodes"], "-text");
        json!({"data": {"nodes": nodes}, "errors": errors}).to_string()
    }

    /// Takes the nodes away that are withheld in this answer, and says so as GitHub does.
    fn withhold(&self, nodes: &mut Value, place: &[&str], answer: &str) -> Vec<Value> {
        let mut errors = Vec::new();
        for (at, node) in nodes.as_array_mut().unwrap().iter_mut().enumerate() {
            let name = format!("{}{answer}", node["id"].as_str().unwrap());
            if self.withheld.contains(&name) {
                let path: Vec<Value> = place.iter().map(|part| json!(part)).chain([json!(at)]).collect();
                errors.push(json!({"message": "Resource protected by organization SAML enforcement", "path": path}));
                *node = Value::Null;
            }
        }
        errors
    }

    /// A file as GitHub gives it: raw, with a tag, and not at all where the tag is known.
    fn contents(&self, request: &Request) -> (&'static str, &'static str, String) {
        let Some(content) = &self.manifest else {
            return ("404 Not Found", "", r#"{"message":"Not Found"}"#.to_owned());
        };
        // Equal contents have equal lengths, which is enough here.
        let tag = format!("W/\"{:064}\"", content.len());
        if request.if_none_match.as_ref() == Some(&tag) {
            return ("304 Not Modified", "", String::new());
        }
        let header = if self.without_tags { String::new() } else { format!("ETag: {tag}\r\n") };
        ("200 OK", header.leak(), content.clone())
    }
}

/// Git's name of a content, as far as a test can tell.
fn oid(text: &str) -> String {
    format!("{:040x}", text.bytes().fold(7_u128, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())))
}

/// A cursor is the number of issues before it.
fn page(issues: &[Value], count: &Value, after: &Value) -> Value {
    let start: usize = after.as_str().map_or(0, |after| after.parse().unwrap());
    let end = issues.len().min(start + usize::try_from(count.as_u64().unwrap()).unwrap());
    let page_info = json!({"hasNextPage": end < issues.len(), "endCursor": end.to_string()});
    json!({"totalCount": issues.len(), "pageInfo": page_info, "nodes": issues[start..end]})
}

fn read(stream: &UnixStream) -> Option<Request> {
    let request = http::Request::read(stream)?;
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let header = |name| request.header(name).unwrap_or_default().to_owned();
    Some(Request {
        host: header("host"),
        authorization: header("authorization"),
        if_none_match: request.header("if-none-match").map(str::to_owned),
        accept: header("accept"),
        user_agent: header("user-agent"),
        variables: body["variables"].clone(),
        path: request.path,
    })
}
