//! The manifest of a repository that is not checked out, by one request: an unchanged one costs no rate limit.
//!
//! See <https://docs.github.com/rest/repos/contents> and, on conditional requests,
//! <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api>.

use std::fmt;

use super::error::GithubError;
use super::gh::Gh;
use crate::model::{Repo, UnixMillis};

/// The content as it is. Not `raw+json`: `gh` makes control characters visible in what calls itself JSON.
pub(super) const RAW: &str = "Accept: application/vnd.github.v3.raw";
/// GitHub's have some seventy characters.
const MAX_TAG_LEN: usize = 256;

/// Where a repository holds its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestPlace {
    /// A branch; `None` for the default one.
    pub branch: Option<String>,
    /// The file, with `/` between its parts.
    pub path: String,
}

impl fmt::Display for ManifestPlace {
    /// `HEAD:.github/pmu-cache.json`, as git calls it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.branch.as_deref().unwrap_or("HEAD"), self.path)
    }
}

/// A manifest as it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteManifest {
    /// Its content, byte for byte.
    pub bytes: Vec<u8>,
    /// GitHub's name of that content, to be given back when it is asked for again.
    pub tag: Option<String>,
}

/// What there is at a [`ManifestPlace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No such file, or no such repository.
    Nothing,
    /// What the tag was given with.
    Same,
    /// This.
    Manifest(RemoteManifest),
}

impl Gh {
    /// The manifest at `place`, unless it is the one that came with `known_tag`.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn manifest(
        &self,
        repo: &Repo,
        place: &ManifestPlace,
        known_tag: Option<&str>,
        asked_at: UnixMillis,
    ) -> Result<Found, GithubError> {
        let reference = place.branch.as_ref().map_or(String::new(), |branch| format!("?ref={}", encoded(branch)));
        let path = format!("repos/{}/{}/contents/{}{reference}", repo.owner(), repo.name(), encoded(&place.path));
        let condition = known_tag.filter(|tag| is_tag(tag)).map(|tag| format!("If-None-Match: {tag}"));
        let mut arguments = vec![path.as_str(), "-H", RAW];
        arguments.extend(condition.iter().flat_map(|condition| ["-H", condition]));
        let response = self.call(repo.host(), &arguments, b"")?;
        if response.status == 304 && condition.is_some() {
            return Ok(Found::Same);
        }
        match response.checked(repo.host(), Some(repo), asked_at) {
            Ok(_) if response.is_whole => {
                let tag = response.header("ETag").filter(|tag| is_tag(tag)).map(str::to_owned);
                Ok(Found::Manifest(RemoteManifest { bytes: response.body, tag }))
            }
            Ok(_) => Err(GithubError::broken_off(repo.host())),
            Err(GithubError::NotFound { .. }) => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }
}

/// An entity tag (RFC 9110, section 8.8.3) that can be sent back.
fn is_tag(text: &str) -> bool {
    text.len() <= MAX_TAG_LEN && text.ends_with('"') && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Percent-encoded (RFC 3986) but for the slashes.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
