//! The versions of a manifest in a repository that is not checked out, as a clone's first parents would give them.
//!
//! GitHub gives the commits that changed a file "in the same order as `git log`": those of merged branches are among
//! them. So it is shown, commit by commit, that each version stands on the line of first parents of the next; if that
//! cannot be shown, what is here is a part of history and says so.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::error::GithubError;
use super::gh::Gh;
use super::manifest::{ManifestPlace, RAW};
use super::response::malformed;
use super::trackers::{PAGE_SIZES, next_page};
use crate::model::{Repo, UnixMillis};

const HISTORY: &str = include_str!("history.graphql");
const COMMITS: &str = include_str!("commits.graphql");
/// Pages of all commits that are looked through for first parents; a clone knows more.
const MAX_COMMIT_PAGES: usize = 50;

/// One version of a file on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteVersion {
    /// The commit that brought it, in hex.
    pub commit: String,
    /// When that was made.
    pub committed_at: UnixMillis,
    /// The content; `None` if the commit removed the file, or GitHub has it as something else.
    pub bytes: Option<Vec<u8>>,
    first_parent: Option<String>,
}

/// The versions of a file, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteHistory {
    /// The newest commit of the branch, in hex.
    pub tip: String,
    /// Each that is on the line of first parents.
    pub versions: Vec<RemoteVersion>,
    /// Whether that is the whole line, from the first version on (or from the known commit).
    pub is_whole: bool,
}

impl Gh {
    /// The versions of the file at `place`, with `known`, a commit in hex, only those after it; `None` if there is no
    /// such branch or file. `progress` gets the versions that were read, and their count.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn history(
        &self,
        repo: &Repo,
        (place, known): (&ManifestPlace, Option<&str>),
        asked_at: UnixMillis,
        progress: &dyn Fn(u64, u64),
    ) -> Result<Option<RemoteHistory>, GithubError> {
        let question = Question { gh: self, repo, asked_at };
        let mut tip = place.branch.clone().unwrap_or_else(|| "HEAD".to_owned());
        let (mut newest_first, mut after, mut size) = (Vec::new(), None, 0);
        let mut is_whole = false;
        loop {
            let variables = json!({ "count": PAGE_SIZES[size], "after": after, "tip": tip, "path": place.path });
            let object = match question.object(HISTORY, variables) {
                Err(error) if error.is_too_much() && size + 1 < PAGE_SIZES.len() => {
                    size += 1;
                    continue;
                }
                object => object?,
            };
            let Some(oid) = object["oid"].as_str() else { return Ok(None) };
            // From here on that commit: the branch may move on between two pages.
            oid.clone_into(&mut tip);
            let page = &object["history"];
            let nodes = page["nodes"].as_array().ok_or_else(|| question.malformed("history.nodes is missing"))?;
            for node in nodes {
                let version = question.version(node)?;
                if known == Some(&version.commit) {
                    is_whole = true;
                    break;
                }
                newest_first.push(version);
            }
            progress(newest_first.len() as u64, page["totalCount"].as_u64().unwrap_or(0));
            let next = next_page(page).map_err(|field| question.malformed(&format!("history.{field} is missing")))?;
            match next {
                Some(cursor) if !is_whole && !nodes.is_empty() && after.as_ref() != Some(&cursor) => {
                    after = Some(cursor)
                }
                Some(_) if !is_whole => return Err(question.malformed("a page of history leads nowhere")),
                // The last page: the first version is there, and the known commit is not among them.
                next => break is_whole |= next.is_none() && known.is_none(),
            }
        }
        if newest_first.is_empty() && known.is_none() {
            return Ok(None);
        }
        is_whole &= question.is_one_line(&tip, &newest_first, known)?;
        newest_first.reverse();
        Ok(Some(RemoteHistory { tip, versions: newest_first, is_whole }))
    }
}

/// One repository that is asked about.
struct Question<'q> {
    gh: &'q Gh,
    repo: &'q Repo,
    asked_at: UnixMillis,
}

impl Question<'_> {
    fn malformed(&self, what: &str) -> GithubError {
        malformed(self.repo.host(), what)
    }

    fn object(&self, query: &str, mut variables: Value) -> Result<Value, GithubError> {
        variables["owner"] = self.repo.owner().into();
        variables["name"] = self.repo.name().into();
        let response = self.gh.graphql(self.repo.host(), query, variables)?;
        let mut repository = response.repository(self.repo, self.asked_at)?;
        Ok(repository["object"].take())
    }

    fn version(&self, node: &Value) -> Result<RemoteVersion, GithubError> {
        let text = |field: &str| {
            let text = node[field].as_str().map(str::to_owned);
            text.ok_or_else(|| self.malformed(&format!("a commit's {field} is missing")))
        };
        let committed_at = UnixMillis::parse_rfc3339(&text("committedDate")?);
        let committed_at = committed_at.map_err(|_| self.malformed("a commit's committedDate is no time"))?;
        let bytes = self.bytes(&node["file"]["object"])?;
        Ok(RemoteVersion { commit: text("oid")?, committed_at, bytes, first_parent: first_parent(node) })
    }

    /// The content, byte for byte: a text that has lost something on its way has another length.
    fn bytes(&self, blob: &Value) -> Result<Option<Vec<u8>>, GithubError> {
        let (Some(oid), Some(len)) = (blob["oid"].as_str(), blob["byteSize"].as_u64()) else { return Ok(None) };
        match blob["text"].as_str() {
            Some(text) if blob["isTruncated"] == false && text.len() as u64 == len => {
                Ok(Some(text.as_bytes().to_vec()))
            }
            _ => match self.gh.blob(self.repo, oid, self.asked_at)? {
                Some(bytes) if bytes.len() as u64 == len => Ok(Some(bytes)),
                // It is there: a history without it would be another one.
                _ => Err(GithubError::lacking(self.repo.host())),
            },
        }
    }

    /// Whether each version is on the line of first parents of the one after it, and the first of them of `tip`.
    fn is_one_line(&self, tip: &str, newest_first: &[RemoteVersion], known: Option<&str>) -> Result<bool, GithubError> {
        let mut line = Line { question: self, tip, parents: HashMap::new(), after: None, pages: 0 };
        let mut from = Some(tip.to_owned());
        let commits = newest_first.iter().map(|version| (version.commit.as_str(), version.first_parent.clone()));
        for (commit, first_parent) in commits.chain(known.map(|known| (known, None))) {
            if !line.leads(from, commit)? {
                return Ok(false);
            }
            from = first_parent;
        }
        Ok(true)
    }
}

/// The line of first parents, asked for as far as it is needed.
struct Line<'l> {
    question: &'l Question<'l>,
    tip: &'l str,
    parents: HashMap<String, Option<String>>,
    after: Option<String>,
    pages: usize,
}

impl Line<'_> {
    /// Whether first parents lead from one commit to another.
    fn leads(&mut self, from: Option<String>, to: &str) -> Result<bool, GithubError> {
        let mut at = from;
        while let Some(commit) = at {
            if commit == to {
                return Ok(true);
            }
            at = loop {
                if let Some(parent) = self.parents.get(&commit) {
                    break parent.clone();
                }
                if self.pages == MAX_COMMIT_PAGES || !self.more()? {
                    return Ok(false);
                }
            };
        }
        Ok(false)
    }

    /// Takes another page of commits in; false after the last.
    fn more(&mut self) -> Result<bool, GithubError> {
        if self.pages > 0 && self.after.is_none() {
            return Ok(false);
        }
        let object = self.question.object(COMMITS, json!({ "after": self.after, "tip": self.tip }))?;
        let page = &object["history"];
        let nodes = page["nodes"].as_array().ok_or_else(|| self.question.malformed("history.nodes is missing"))?;
        for node in nodes {
            let Some(oid) = node["oid"].as_str() else { return Err(self.question.malformed("a commit has no oid")) };
            self.parents.insert(oid.to_owned(), first_parent(node));
        }
        self.pages += 1;
        self.after =
            next_page(page).map_err(|field| self.question.malformed(&format!("history.{field} is missing")))?;
        Ok(true)
    }
}

fn first_parent(node: &Value) -> Option<String> {
    node["parents"]["nodes"][0]["oid"].as_str().map(str::to_owned)
}

impl Gh {
    /// The content of a file that GraphQL does not give whole.
    fn blob(&self, repo: &Repo, oid: &str, asked_at: UnixMillis) -> Result<Option<Vec<u8>>, GithubError> {
        // It stands in an address.
        if oid.is_empty() || !oid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let path = format!("repos/{}/{}/git/blobs/{oid}", repo.owner(), repo.name());
        let response = self.call(repo.host(), &[&path, "-H", RAW], b"")?;
        match response.checked(repo.host(), Some(repo), asked_at) {
            Ok(_) if response.is_whole => Ok(Some(response.body)),
            Ok(_) => Err(GithubError::broken_off(repo.host())),
            Err(GithubError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
