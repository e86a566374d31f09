//! A GitHub that keeps the releases of one repository: what `gh release create` puts there is what `gh extension
//! install` finds.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use crate::shared::http::{self, Request};

/// The one repository.
pub const REPOSITORY: &str = "o/gh-pmu";

/// A release.
#[derive(Clone, Debug, Default)]
pub struct Release {
    pub tag: String,
    pub title: String,
    pub notes: String,
    pub is_draft: bool,
    pub is_prerelease: bool,
    /// Names and bytes.
    pub assets: Vec<(String, Vec<u8>)>,
}

/// What it holds.
#[derive(Default)]
pub struct State {
    pub tags: Vec<String>,
    pub releases: Vec<Release>,
    /// The names of the assets that were fetched.
    pub fetched: Vec<String>,
}

pub struct Fake {
    pub socket: PathBuf,
    state: Arc<Mutex<State>>,
}

type Answer = (&'static str, Vec<u8>);

impl Fake {
    pub fn start(dir: &Path) -> Self {
        let socket = dir.join("github.sock");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        http::listen(&socket, move |stream| serve(stream, &shared));
        Self { socket, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn serve(mut stream: &UnixStream, state: &Mutex<State>) {
    let Some(request) = Request::read(stream) else { return };
    let (status, body) = state.lock().unwrap().answer(&request).unwrap_or_else(|| {
        let said = format!("no {} {}", request.method, request.path);
        ("404 Not Found", json!({"message": said}).to_string().into_bytes())
    });
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // A client that was killed does not listen any more.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

impl State {
    fn answer(&mut self, request: &Request) -> Option<Answer> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if (request.method.as_str(), path) == ("POST", "/graphql") {
            return self.find_tag(&request.body);
        }
        let path: Vec<&str> = path.strip_prefix("/repos/o/gh-pmu/releases")?.split('/').collect();
        match (request.method.as_str(), path.as_slice()) {
            ("POST", [""]) => self.create(&serde_json::from_slice(&request.body).ok()?),
            ("POST", ["", id, "assets"]) => self.upload(id.parse().ok()?, query, &request.body),
            ("PATCH", ["", id]) => self.publish(id.parse().ok()?, &request.body),
            ("GET", ["", "latest"]) => self.latest(),
            ("GET", ["", "assets", id, name]) if request.header("accept") == Some("application/octet-stream") => {
                self.fetch(id.parse().ok()?, name)
            }
            _ => None,
        }
    }

    /// Whether a tag is there.
    fn find_tag(&self, body: &[u8]) -> Option<Answer> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let wanted = body["variables"]["tagName"].as_str()?.strip_prefix("refs/tags/")?;
        let found = self.tags.iter().any(|tag| tag == wanted).then(|| json!({"id": "REF_1"}));
        Some(("200 OK", json!({"data": {"repository": {"ref": found}}}).to_string().into_bytes()))
    }

    fn create(&mut self, body: &Value) -> Option<Answer> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        self.releases.push(Release {
            tag: text("tag_name")?,
            title: text("name")?,
            notes: text("body")?,
            is_draft: body["draft"].as_bool()?,
            is_prerelease: body["prerelease"].as_bool()?,
            assets: Vec::new(),
        });
        Some(("201 Created", self.describe(self.releases.len() - 1)))
    }

    fn upload(&mut self, id: usize, query: &str, body: &[u8]) -> Option<Answer> {
        let name = query.split('&').find_map(|part| part.strip_prefix("name="))?;
        let assets = &mut self.releases.get_mut(id)?.assets;
        assets.push((name.to_owned(), body.to_vec()));
        // Uploads run side by side; a list has an order.
        assets.sort();
        Some(("201 Created", b"{}".to_vec()))
    }

    fn publish(&mut self, id: usize, body: &[u8]) -> Option<Answer> {
        let body: Value = serde_json::from_slice(body).ok()?;
        self.releases.get_mut(id)?.is_draft = body["draft"].as_bool()?;
        Some(("200 OK", self.describe(id)))
    }

    /// The newest that is neither a draft nor a pre-release.
    fn latest(&self) -> Option<Answer> {
        let id = self.releases.iter().rposition(|release| !release.is_draft && !release.is_prerelease)?;
        Some(("200 OK", self.describe(id)))
    }

    fn fetch(&mut self, id: usize, name: &str) -> Option<Answer> {
        let (_, bytes) = self.releases.get(id)?.assets.iter().find(|(known, _)| known == name)?;
        self.fetched.push(name.to_owned());
        Some(("200 OK", bytes.clone()))
    }

    fn describe(&self, id: usize) -> Vec<u8> {
        let release = &self.releases[id];
        let url = format!("repos/{REPOSITORY}/releases");
        let asset = |(name, _): &(String, Vec<u8>)| {
            let url = format!("https://api.github.com/{url}/assets/{id}/{name}");
            json!({"name": name, "url": url, "state": "uploaded"})
        };
        let assets: Vec<Value> = release.assets.iter().map(asset).collect();
        json!({
            "tag_name": release.tag, "name": release.title, "draft": release.is_draft, "assets": assets,
            "url": format!("https://api.github.com/{url}/{id}"),
            "upload_url": format!("https://uploads.github.com/{url}/{id}/assets{{?name,label}}"),
            "html_url": format!("https://github.com/{REPOSITORY}/releases/tag/{}", release.tag),
        })
        .to_string()
        .into_bytes()
    }
}
