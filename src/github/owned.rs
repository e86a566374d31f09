//! The manifests of everything that an organisation or a user owns: a hundred repositories a request, and the text only
//! of those whose manifest is not known yet.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::error::GithubError;
use super::gh::Gh;
use super::manifest::{ManifestPlace, RemoteManifest};
use super::response::{Partly, malformed};
use super::trackers::{PAGE_SIZES, next_page};
use crate::model::{Repo, UnixMillis};

const OWNED: &str = include_str!("owned.graphql");
const TEXTS: &str = include_str!("texts.graphql");

/// A repository of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// As it is called now.
    pub repo: Repo,
    /// Git's name of its manifest's content; `None` if it has none, or is empty.
    pub oid: Option<String>,
    id: String,
}

/// A page of repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedPage {
    /// Those that GitHub showed whole.
    pub repositories: Vec<Owned>,
    /// How many it did not, and why the first.
    pub withheld: Option<(usize, String)>,
    /// All repositories of the owner, as GitHub counts them.
    pub total: u64,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// What came of asking for some manifests: each repository's, or why there is none.
pub type Texts = Vec<(Owned, Result<Option<RemoteManifest>, GithubError>)>;

impl Gh {
    /// A page of the repositories of `owner` on `host`, each with the name of its manifest at `place`.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn owned(
        &self,
        (host, owner): (&str, &str),
        place: &ManifestPlace,
        after: Option<&str>,
        asked_at: UnixMillis,
    ) -> Result<OwnedPage, GithubError> {
        let expression = place.to_string();
        let mut size = 0;
        let (page, errors) = loop {
            let count = PAGE_SIZES[size];
            let variables = json!({ "owner": owner, "count": count, "after": after, "expression": expression });
            let response = self.graphql(host, OWNED, variables)?;
            match response.partly(host, asked_at) {
                Err(error) if error.is_too_much() && size + 1 < PAGE_SIZES.len() => size += 1,
                answer => {
                    let Partly { mut data, errors } = answer?;
                    break (data["repositoryOwner"].take(), errors);
                }
            }
        };
        if page.is_null() {
            return Err(GithubError::NoOwner { host: host.to_owned(), owner: owner.to_owned() });
        }
        let page = &page["repositories"];
        let missing = |field: &str| malformed(host, format!("repositories.{field} is missing"));
        let nodes = page["nodes"].as_array().ok_or_else(|| missing("nodes"))?;
        let next = next_page(page).map_err(missing)?;
        if next.is_some() && (nodes.is_empty() || next.as_deref() == after) {
            return Err(malformed(host, "a page of repositories leads nowhere"));
        }
        // An error names the place of what it withholds: half an answer for a repository is none.
        let is_withheld = |at: usize| errors.iter().any(|error| error.node == Some(at));
        let shown = nodes.iter().enumerate().filter(|(at, _)| !is_withheld(*at));
        let repositories: Vec<Owned> = shown.filter_map(|(_, node)| owned(host, node)).collect();
        let count = nodes.len() - repositories.len();
        let reason = errors.first().map_or_else(|| "not shown".to_owned(), |error| error.message.clone());
        let total = page["totalCount"].as_u64().unwrap_or(nodes.len() as u64);
        Ok(OwnedPage { repositories, withheld: (count > 0).then_some((count, reason)), total, next })
    }

    /// The manifests of these repositories, which should be no more than a hundred.
    ///
    /// # Errors
    /// See [`GithubError`]; of a single repository in its place.
    pub fn texts(
        &self,
        host: &str,
        repositories: Vec<Owned>,
        place: &ManifestPlace,
        asked_at: UnixMillis,
    ) -> Result<Texts, GithubError> {
        let expression = place.to_string();
        let mut texts = Texts::new();
        let mut most = repositories.len().min(PAGE_SIZES[0] as usize);
        let mut rest = repositories;
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(most));
            let ids: Vec<&str> = rest.iter().map(|repository| repository.id.as_str()).collect();
            let response = self.graphql(host, TEXTS, json!({ "ids": ids, "expression": expression }))?;
            let Partly { mut data, errors } = match response.partly(host, asked_at) {
                Err(error) if error.is_too_much() && rest.len() > 1 => {
                    most = rest.len().div_ceil(4);
                    rest.extend(later);
                    continue;
                }
                answer => answer?,
            };
            let mut nodes: HashMap<String, Value> = HashMap::new();
            for (at, node) in data["nodes"].as_array_mut().into_iter().flatten().enumerate() {
                if let Some(id) = node["id"].as_str().filter(|_| !errors.iter().any(|error| error.node == Some(at))) {
                    nodes.insert(id.to_owned(), node["object"].clone());
                }
            }
            for repository in rest {
                let text = match nodes.get(&repository.id) {
                    Some(object) => self.text(&repository, object, place, asked_at),
                    None => {
                        let message = errors.first().map_or("not shown", |error| error.message.as_str()).to_owned();
                        Err(GithubError::Partial { host: host.to_owned(), message })
                    }
                };
                texts.push((repository, text));
            }
            rest = later;
        }
        Ok(texts)
    }

    /// The content, byte for byte: what GraphQL cuts, or changes on the way, is asked for by itself.
    fn text(
        &self,
        repository: &Owned,
        object: &Value,
        place: &ManifestPlace,
        asked_at: UnixMillis,
    ) -> Result<Option<RemoteManifest>, GithubError> {
        let Some(len) = object["byteSize"].as_u64() else { return Ok(None) };
        match object["text"].as_str() {
            Some(text) if object["isTruncated"] == false && text.len() as u64 == len => {
                Ok(Some(RemoteManifest { bytes: text.as_bytes().to_vec(), tag: None }))
            }
            _ => match self.manifest(&repository.repo, place, None, asked_at)? {
                super::manifest::Found::Manifest(manifest) => Ok(Some(manifest)),
                _ => Err(GithubError::lacking(repository.repo.host())),
            },
        }
    }
}

fn owned(host: &str, node: &Value) -> Option<Owned> {
    let (owner, name) = node["nameWithOwner"].as_str()?.split_once('/')?;
    Some(Owned {
        repo: Repo::new(host, owner, name).ok()?,
        oid: node["object"]["oid"].as_str().map(str::to_owned),
        id: node["id"].as_str()?.to_owned(),
    })
}
