//! All trackers of a repository: pages of two lists, put together only when both are whole.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::response::malformed;
use super::{Gh, GithubError};
use crate::model::{Kind, Repo, State, Tracker, TrackerNumber, UnixMillis};

const QUERY: &str = include_str!("trackers.graphql");
/// Issues a page: GitHub's limit, then less where it takes GitHub too long.
const PAGE_SIZES: [u32; 4] = [100, 50, 25, 10];
/// Whole readings, where issues come and go between two pages.
const READINGS: usize = 3;

/// What GitHub holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// All of them, in [`Tracker::list_order`].
    pub trackers: Vec<Tracker<'static>>,
    /// When GitHub answered, by its own clock; of several pages, the first. What changed later may be missing.
    pub answered_at: UnixMillis,
}

/// One of the two lists, as far as it was read.
struct List {
    kind: Kind,
    after: Option<String>,
    is_complete: bool,
    /// Issues seen, with the label alone too.
    issues: u64,
    /// Issues that GitHub counted, when it gave the last page.
    total: u64,
    trackers: Vec<Tracker<'static>>,
}

impl Gh {
    /// Asks for every issue that has a tracker's label, and keeps those that have its title, too.
    ///
    /// `asked_at` stands in where GitHub gives no time.
    ///
    /// # Errors
    /// See [`GithubError`]; never a part of the answer.
    pub fn trackers(&self, repo: &Repo, asked_at: UnixMillis) -> Result<Answer, GithubError> {
        let mut size = 0;
        for _ in 0..READINGS {
            if let Some(answer) = self.reading(repo, asked_at, &mut size)? {
                return Ok(answer);
            }
        }
        Err(GithubError::Changing { repo: Box::new(repo.clone()) })
    }

    /// `None` where the pages do not fit together. `size` is the place in [`PAGE_SIZES`], and stays where it was found
    /// to work.
    fn reading(&self, repo: &Repo, asked_at: UnixMillis, size: &mut usize) -> Result<Option<Answer>, GithubError> {
        let mut lists = Kind::ALL.map(List::new);
        let mut answered_at = None;
        while lists.iter().any(|list| !list.is_complete) {
            let response = self.graphql(repo.host(), QUERY, variables(repo, &lists, PAGE_SIZES[*size]))?;
            let repository = match response.repository(repo, asked_at) {
                Err(error) if error.is_too_much() && *size + 1 < PAGE_SIZES.len() => {
                    *size += 1;
                    continue;
                }
                result => result?,
            };
            answered_at.get_or_insert(response.date().unwrap_or(asked_at));
            for list in lists.iter_mut().filter(|list| !list.is_complete) {
                list.take(repo, &repository[list.kind.as_str()])?;
                if list.issues > list.total {
                    return Ok(None);
                }
            }
        }
        let is_whole = lists.iter().all(|list| list.issues == list.total);
        let mut trackers: Vec<_> = lists.into_iter().flat_map(|list| list.trackers).collect();
        trackers.sort_unstable_by_key(Tracker::list_key);
        let is_distinct = trackers.is_sorted_by(|a, b| a.list_key() < b.list_key());
        let answered_at = answered_at.unwrap_or(asked_at);
        Ok((is_whole && is_distinct).then_some(Answer { trackers, answered_at }))
    }
}

fn variables(repo: &Repo, lists: &[List; 2], count: u32) -> Value {
    let [releases, microsprints] = lists;
    json!({
        "owner": repo.owner(),
        "name": repo.name(),
        "count": count,
        "releases": !releases.is_complete,
        "releasesAfter": releases.after,
        "microsprints": !microsprints.is_complete,
        "microsprintsAfter": microsprints.after,
    })
}

impl List {
    fn new(kind: Kind) -> Self {
        Self { kind, after: None, is_complete: false, issues: 0, total: 0, trackers: Vec::new() }
    }

    /// Takes one page in.
    fn take(&mut self, repo: &Repo, page: &Value) -> Result<(), GithubError> {
        let missing = |field: &str| malformed(repo, format!("{}.{field} is missing", self.kind));
        let nodes = page["nodes"].as_array().ok_or_else(|| missing("nodes"))?;
        self.total = page["totalCount"].as_u64().ok_or_else(|| missing("totalCount"))?;
        let has_next = page["pageInfo"]["hasNextPage"].as_bool().ok_or_else(|| missing("pageInfo.hasNextPage"))?;
        if has_next {
            let cursor = page["pageInfo"]["endCursor"].as_str().ok_or_else(|| missing("pageInfo.endCursor"))?;
            // Pages that lead nowhere would be asked for without end.
            if nodes.is_empty() || self.after.as_deref() == Some(cursor) {
                return Err(malformed(repo, format!("a page of {}s leads nowhere", self.kind)));
            }
            self.after = Some(cursor.to_owned());
        }
        self.is_complete = !has_next;
        self.issues += nodes.len() as u64;
        for node in nodes {
            let tracker = tracker(self.kind, node).map_err(|field| match node {
                Value::Null => {
                    let message = format!("one of the {}s is withheld", self.kind);
                    GithubError::Partial { host: repo.host().to_owned(), message }
                }
                _ => malformed(repo, format!("an issue's {field} is missing or wrong")),
            })?;
            if tracker.title.starts_with(self.kind.title_prefix()) {
                self.trackers.push(tracker);
            }
        }
        Ok(())
    }
}

/// The issue, or the field that is not as it must be.
fn tracker(kind: Kind, node: &Value) -> Result<Tracker<'static>, &'static str> {
    let text = |field: &'static str| node[field].as_str().ok_or(field);
    let time = |field: &'static str| match &node[field] {
        Value::Null => Ok(None),
        Value::String(text) => UnixMillis::parse_rfc3339(text).map(Some).map_err(|_| field),
        _ => Err(field),
    };
    let state = text("state")?;
    Ok(Tracker {
        kind,
        number: node["number"].as_u64().and_then(TrackerNumber::new).ok_or("number")?,
        state: State::ALL.into_iter().find(|known| known.as_str() == state).ok_or("state")?,
        title: Cow::Owned(text("title")?.to_owned()),
        created_at: time("createdAt")?,
        closed_at: time("closedAt")?,
    })
}
