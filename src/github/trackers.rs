//! All trackers of a repository: pages of one list for each label, put together only when all are whole.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::error::GithubError;
use super::gh::Gh;
use super::response::malformed;
use super::wanted::Rules;
use crate::model::{Kind, Repo, State, Tracker, TrackerNumber, UnixMillis};

const QUERY: &str = include_str!("trackers.graphql");
/// The lists of one question.
const SLOTS: [&str; 4] = ["A", "B", "C", "D"];
/// Issues a page: GitHub's limit, then less if that takes GitHub too long.
pub(super) const PAGE_SIZES: [u32; 4] = [100, 50, 25, 10];
/// Whole readings, if issues come and go between two pages.
const READINGS: usize = 3;

/// What GitHub holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// All of them, in [`Tracker::list_order`].
    pub trackers: Vec<Tracker<'static>>,
    /// When GitHub answered, by its own clock; of several pages, the first. What changed later may be missing.
    pub answered_at: UnixMillis,
}

/// The issues of one label, as far as they were read.
struct List<'r> {
    kind: Kind,
    label: &'r str,
    after: Option<String>,
    is_complete: bool,
    /// Issues seen, with the label alone too.
    issues: u64,
    /// Issues that GitHub counted, when it gave the last page.
    total: u64,
    /// Whether it counted others when it gave one before.
    has_changed: bool,
    trackers: Vec<Tracker<'static>>,
}

impl Gh {
    /// Asks for every issue that has a tracker's label, and keeps those that have its title, too. `progress` gets the
    /// issues that were read, and their count.
    ///
    /// `asked_at` stands in if GitHub gives no time.
    ///
    /// # Errors
    /// See [`GithubError`]; never a part of the answer.
    pub fn trackers(
        &self,
        repo: &Repo,
        rules: &Rules,
        asked_at: UnixMillis,
        progress: &dyn Fn(u64, u64),
    ) -> Result<Answer, GithubError> {
        let mut size = 0;
        for _ in 0..READINGS {
            if let Some(answer) = self.reading(repo, rules, (asked_at, progress), &mut size)? {
                return Ok(answer);
            }
        }
        Err(GithubError::Changing { repo: Box::new(repo.clone()) })
    }

    /// `None` if the pages do not fit together. `size` is the place in [`PAGE_SIZES`], and stays where it was found to
    /// work.
    fn reading(
        &self,
        repo: &Repo,
        rules: &Rules,
        (asked_at, progress): (UnixMillis, &dyn Fn(u64, u64)),
        size: &mut usize,
    ) -> Result<Option<Answer>, GithubError> {
        let mut lists: Vec<List<'_>> = Kind::ALL.into_iter().flat_map(|kind| lists_of(kind, rules)).collect();
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
            answered_at.get_or_insert(response.answered_at(asked_at));
            for (slot, list) in SLOTS.iter().zip(lists.iter_mut().filter(|list| !list.is_complete)) {
                list.take(repo, &repository[format!("list{slot}")], rules)?;
                if list.issues > list.total || list.has_changed {
                    return Ok(None);
                }
            }
            let sum = |of: fn(&List<'_>) -> u64| lists.iter().map(of).sum();
            progress(sum(|list| list.issues), sum(|list| list.total));
        }
        let is_whole = lists.iter().all(|list| list.issues == list.total && list.is_distinct());
        let trackers = lists.into_iter().flat_map(|list| list.trackers).collect();
        let trackers = one_row_each(trackers).filter(|_| is_whole);
        Ok(trackers.map(|trackers| Answer { trackers, answered_at: answered_at.unwrap_or(asked_at) }))
    }
}

fn lists_of(kind: Kind, rules: &Rules) -> impl Iterator<Item = List<'_>> {
    let labels = &rules.of(kind).labels;
    let is_first = |at: usize| !labels[..at].iter().any(|label| label.eq_ignore_ascii_case(&labels[at]));
    let distinct = labels.iter().enumerate().filter(move |(at, _)| is_first(*at));
    distinct.map(move |(_, label)| List {
        kind,
        label,
        after: None,
        is_complete: false,
        issues: 0,
        total: 0,
        has_changed: false,
        trackers: Vec::new(),
    })
}

/// An issue with two labels of a kind is one tracker; `None` if it changed between the two.
fn one_row_each(mut trackers: Vec<Tracker<'static>>) -> Option<Vec<Tracker<'static>>> {
    trackers.sort_by_key(Tracker::list_key);
    trackers.dedup();
    trackers.is_sorted_by(|a, b| a.list_key() < b.list_key()).then_some(trackers)
}

fn variables(repo: &Repo, lists: &[List<'_>], count: u32) -> Value {
    let mut variables = json!({ "owner": repo.owner(), "name": repo.name(), "count": count });
    let mut open = lists.iter().filter(|list| !list.is_complete);
    for slot in SLOTS {
        let list = open.next();
        variables[format!("has{slot}")] = list.is_some().into();
        variables[format!("label{slot}")] = list.map_or(Value::Null, |list| json!([list.label]));
        variables[format!("after{slot}")] = list.and_then(|list| list.after.as_deref()).into();
    }
    variables
}

impl List<'_> {
    fn is_distinct(&self) -> bool {
        let mut numbers: Vec<_> = self.trackers.iter().map(|tracker| tracker.number).collect();
        numbers.sort_unstable();
        numbers.is_sorted_by(|a, b| a < b)
    }

    /// Takes one page in.
    fn take(&mut self, repo: &Repo, page: &Value, rules: &Rules) -> Result<(), GithubError> {
        let missing = |field: &str| malformed(repo.host(), format!("{field} of {} issues is missing", self.label));
        let nodes = page["nodes"].as_array().ok_or_else(|| missing("nodes"))?;
        let total = page["totalCount"].as_u64().ok_or_else(|| missing("totalCount"))?;
        self.has_changed |= self.after.is_some() && total != self.total;
        self.total = total;
        let next = next_page(page).map_err(missing)?;
        if let Some(cursor) = &next {
            // Pages that lead nowhere would be asked for without end.
            if nodes.is_empty() || self.after.as_ref() == Some(cursor) {
                return Err(malformed(repo.host(), format!("a page of {} issues leads nowhere", self.label)));
            }
        }
        self.is_complete = next.is_none();
        self.after = next.or(self.after.take());
        self.issues += nodes.len() as u64;
        for node in nodes {
            let tracker = tracker(self.kind, node).map_err(|field| match node {
                Value::Null => {
                    let message = format!("one of the {} issues is withheld", self.label);
                    GithubError::Partial { host: repo.host().to_owned(), message }
                }
                _ => malformed(repo.host(), format!("an issue's {field} is missing or wrong")),
            })?;
            if rules.of(self.kind).has(&tracker.title) {
                self.trackers.push(tracker);
            }
        }
        Ok(())
    }
}

/// The cursor of the page after this one, if there is one.
///
/// # Errors
/// The field that is missing.
pub(super) fn next_page(page: &Value) -> Result<Option<String>, &'static str> {
    let has_next = page["pageInfo"]["hasNextPage"].as_bool().ok_or("pageInfo.hasNextPage")?;
    if !has_next {
        return Ok(None);
    }
    page["pageInfo"]["endCursor"].as_str().map(|cursor| Some(cursor.to_owned())).ok_or("pageInfo.endCursor")
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
