//! The manifest of a repository that is not checked out.

use serde_json::{Value, json};

use super::response::malformed;
use super::{Gh, GithubError};
use crate::model::{Repo, UnixMillis};

const QUERY: &str = include_str!("manifest.graphql");

/// A manifest as it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteManifest {
    /// Its content, byte for byte.
    pub bytes: Vec<u8>,
    /// Git's name of that content, in hexadecimal digits.
    pub oid: String,
}

impl Gh {
    /// The file at `path`, with `/` between its parts, in `revision` (`HEAD`: the default branch); `None` where there
    /// is none. One request, and a second one only for files so large that the first gives a part.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn manifest(
        &self,
        repo: &Repo,
        revision: &str,
        path: &str,
        asked_at: UnixMillis,
    ) -> Result<Option<RemoteManifest>, GithubError> {
        let expression = format!("{revision}:{path}");
        let variables = json!({ "owner": repo.owner(), "name": repo.name(), "expression": expression });
        let response = self.graphql(repo.host(), QUERY, variables)?;
        let repository = response.repository(repo, asked_at)?;
        let object = &repository["object"];
        // Neither nothing nor a directory is a manifest.
        let Some(size) = object["byteSize"].as_u64() else { return Ok(None) };
        let oid = object["oid"].as_str().filter(|oid| oid.bytes().all(|c| c.is_ascii_hexdigit()));
        let oid = oid.ok_or_else(|| malformed(repo, "object.oid is missing"))?.to_owned();
        let text = object["text"].as_str().filter(|text| text.len() as u64 == size);
        let bytes = match (text, &object["isTruncated"]) {
            (Some(text), Value::Bool(false)) => text.as_bytes().to_vec(),
            _ => self.blob(repo, &oid, asked_at)?,
        };
        if bytes.len() as u64 != size {
            return Err(malformed(repo, format!("{} of {size} bytes of {path}", bytes.len())));
        }
        Ok(Some(RemoteManifest { bytes, oid }))
    }

    fn blob(&self, repo: &Repo, oid: &str, asked_at: UnixMillis) -> Result<Vec<u8>, GithubError> {
        let path = format!("repos/{}/{}/git/blobs/{oid}", repo.owner(), repo.name());
        let response = self.call(repo.host(), &[&path, "-H", "Accept: application/vnd.github.raw+json"], b"")?;
        response.checked(repo, asked_at)?;
        Ok(response.body)
    }
}
