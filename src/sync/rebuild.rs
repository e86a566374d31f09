//! A fresh log out of git: every committed version of the manifest, in first-parent order.

use std::collections::BTreeSet;
use std::path::Path;

use super::checkout::{Hosting, Located};
use super::error::{Held, Loss, Now, SyncError};
use super::import::{Import, Imported};
use super::line::{Found, GitLine, Line};
use super::outcome::Note;
use super::renamed::current_name;
use super::versions::{Committed, Judge, Tally, Verdict};
use crate::format::SyncRecord;
use crate::fs::Storage;
use crate::git::{CommitId, Limits};
use crate::model::{Repo, Seq, Tracker, UnixMillis, counted};
use crate::store::{PATIENCE, PastState, Replaced, Rewrite, Store, StoreError, View, Writer};

/// What a rebuild came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// What became of the versions.
    pub tally: Tally,
    /// How many of them came from before the manifest; `None` if nobody asked for those.
    pub imported: Option<u64>,
    /// What the log held before; `None` if there was none.
    pub before: Option<Held>,
    /// What it holds now.
    pub after: Held,
    /// What of the past is not here.
    pub note: Option<Note>,
}

/// How a log is rebuilt.
#[derive(Clone, Copy)]
pub struct Rebuilding<'a> {
    /// Even if something is lost by it.
    pub yes: bool,
    /// What begins before the manifest.
    pub import: Option<Import<'a>>,
    /// Who watches it.
    pub limits: Limits<'a>,
    /// The present.
    pub now: Now,
}

/// Replaces the log of `repo` by one out of the history of a remote branch, such as `pmu-cache`, or of the branch that
/// publishes.
///
/// # Errors
/// No git, no version in its history, another writer, the store's; what would be lost. The old log is then as it was.
pub fn rebuild(
    storage: &dyn Storage,
    cache: &Path,
    located: &Located,
    (repo, branch, hosting): (&Repo, Option<&str>, Hosting<'_>),
    rebuilding: Rebuilding<'_>,
) -> Result<Rebuilt, SyncError> {
    let Rebuilding { yes, import, limits, now } = rebuilding;
    let mut line = GitLine::found(located, (repo, branch, hosting), limits)?;
    let found = line.look(None).map_err(|error| line.lacking(error))?;
    let name = line.name().to_owned();
    let store = Store::of(storage, cache, repo);
    let mut writer = store.writer(repo, PATIENCE)?;
    let older = import.map(|import| Imported::of(&mut line, import)).transpose()?.unwrap_or_default();
    let is_whole = found == Found::Whole;
    let replayed = replay(&writer, (&older, &mut line), (is_whole, None), (repo, now));
    let mut replayed = replayed.map_err(|error| line.lacking(error))?;
    let mut note = (!is_whole).then_some(Note::Shallow);
    if is_whole && replayed.lacks {
        // Numbers from a part of history would bend those of everybody else.
        note = Some(line.missing());
        replayed = replay(&writer, (&older, &mut line), (false, None), (repo, now))?;
    }
    let Replayed { rewrite, records, tally, after, other_name, .. } = replayed;
    if records.is_empty() {
        return Err(SyncError::NoVersions { path: located.manifest.clone(), revision: name });
    }
    if let Some(found) = other_name.filter(|found| !is_its_own((storage, cache), located, (repo, hosting), found)) {
        let (found, asked) = (Box::new(found), Box::new(repo.clone()));
        return Err(SyncError::OtherRepo { path: located.manifest.clone(), found, asked });
    }
    let losses = writer.view().map(|view| losses(&store, view, (&records, after, note.is_none()))).transpose();
    let losses = match losses {
        // Whoever says yes need not know what a damaged log still tells.
        Err(SyncError::Store(StoreError::Damaged(_))) if yes => None,
        losses => losses?,
    };
    let before = match losses {
        Some((held, mut what)) => {
            if let (Some(note), false) = (&note, what.is_empty()) {
                what.push(note.to_string());
            }
            if !yes && !what.is_empty() {
                let loss = Loss { repo: repo.clone(), before: held, after, what };
                return Err(SyncError::WouldLose(Box::new(loss)));
            }
            Some(held)
        }
        None => None,
    };
    writer.replace_log(rewrite, Replaced::Renumbered)?;
    Ok(Rebuilt { tally, imported: import.map(|_| older.count()), before, after, note })
}

/// Whether versions under the name `found` alone are those of the repository: the manifest here has the new name already,
/// or a clone that was not pulled has the old one.
fn is_its_own(
    (storage, cache): (&dyn Storage, &Path),
    located: &Located,
    (repo, hosting): (&Repo, Hosting<'_>),
    found: &Repo,
) -> bool {
    current_name(storage, cache, found) == *repo || located.named_here(storage, hosting).as_ref() == Some(repo)
}

/// Returns the states that git holds of the manifest of `repo`, oldest first, for repairs. Best effort: none if git cannot
/// tell.
pub fn past_states(
    storage: &dyn Storage,
    cache: &Path,
    located: &Located,
    (repo, hosting): (&Repo, Hosting<'_>),
    now: Now,
) -> Vec<PastState> {
    let mut states = Vec::new();
    let Ok(mut line) = GitLine::found(located, (repo, None, hosting), Limits::NONE) else { return states };
    if line.look(None).is_err() {
        return states;
    }
    let mut judge = Judge::from_the_first(repo, now);
    // What was read before git failed is still true.
    let _ = line.read(false, &mut |committed| {
        match judge.judge(committed) {
            Verdict::Nothing => {}
            Verdict::First(record, manifest) => {
                states.clear();
                states.push((record, manifest.trackers.into_iter().map(Tracker::into_owned).collect()));
            }
            Verdict::Next(record, manifest) => {
                states.push((record, manifest.trackers.into_iter().map(Tracker::into_owned).collect()));
            }
        }
        Ok(true)
    });
    let other = judge.other_name();
    if other.is_some_and(|found| !is_its_own((storage, cache), located, (repo, hosting), found)) {
        states.clear();
    }
    states
}

/// A log in the making, and what it is made of.
struct Replayed {
    rewrite: Rewrite,
    records: Vec<SyncRecord>,
    tally: Tally,
    after: Held,
    /// Whether versions are not here.
    lacks: bool,
    /// The only name of the repository in them, if that is not its own.
    other_name: Option<Repo>,
}

fn replay(
    writer: &Writer<'_>,
    (older, line): (&Imported, &mut dyn Line),
    (published, begins_at): (bool, Option<CommitId>),
    (repo, now): (&Repo, Now),
) -> Result<Replayed, SyncError> {
    let mut rewrite = writer.rewrite(Seq(1));
    let mut judge = Judge::from_the_first(repo, now);
    let (mut records, mut events, mut span, mut restart) = (Vec::new(), 0, None, None);
    let mut skipped = 0;
    let mut skipping = begins_at;
    let mut take = |committed: &Committed<'_>| {
        if let Some(first) = &skipping {
            if first != committed.commit {
                skipped += 1;
                return Ok(true);
            }
            skipping = None;
        }
        match judge.judge(committed) {
            Verdict::Nothing => {}
            Verdict::First(..) => {
                restart = Some(committed.commit.to_vec());
                return Ok(false);
            }
            Verdict::Next(record, manifest) => {
                let taken = match published {
                    true => rewrite.published(&record, &manifest.trackers)?,
                    false => rewrite.observed(&record, &manifest.trackers)?,
                };
                if taken.count() > 0 {
                    let (first, _) = *span.get_or_insert((record.changed_at, record.changed_at));
                    span = Some((first, record.changed_at));
                }
                events += taken.count();
                records.push(record);
            }
        }
        Ok(true)
    };
    for version in older.iter() {
        take(&version)?;
    }
    let are_here = line.read(published, &mut take)? && !older.lacks;
    if restart.is_some() {
        return replay(writer, (older, line), (published, restart), (repo, now));
    }
    let tally = Tally { skipped: judge.tally.skipped + skipped, ..judge.tally };
    let (after, other_name) = (Held { events, span }, judge.other_name().cloned());
    Ok(Replayed { rewrite, records, tally, after, lacks: !are_here, other_name })
}

/// What a log holds, and what of it a new log out of these versions would not.
fn losses(
    store: &Store<'_>,
    view: &View,
    (records, after, is_whole): (&[SyncRecord], Held, bool),
) -> Result<(Held, Vec<String>), SyncError> {
    let manifests: BTreeSet<_> = records.iter().filter_map(|record| record.manifest).collect();
    let commits: BTreeSet<_> = records.iter().filter_map(|record| record.commit.as_deref()).collect();
    let comes_again = |record: &SyncRecord| record.manifest.is_some_and(|manifest| manifests.contains(&manifest));
    let history = store.history(view)?;
    let (mut events, mut observed, mut last_published, mut other) = (0, 0, None, None);
    let mut first: Option<UnixMillis> = None;
    let mut last = None;
    for span in 0..history.span_count() {
        for logged in history.span(span)?.iter() {
            events += 1;
            first.get_or_insert(logged.sync.changed_at);
            last = Some(logged.sync.changed_at);
            if !logged.published {
                observed += u64::from(!comes_again(&logged.sync));
                continue;
            }
            last_published = Some(logged.sync.changed_at);
            let is_there = logged.sync.commit.as_deref().is_none_or(|commit| commits.contains(commit));
            if !is_there {
                other.get_or_insert(logged.seq);
            }
        }
    }
    observed += history.superseded()?.iter().filter(|logged| !comes_again(&logged.sync)).count() as u64;
    let start = view.history_start();
    let mut what = Vec::new();
    if observed > 0 {
        what.push(format!("{observed} observed events, which no committed version holds"));
    }
    if let (Some(first), Some((begins, _))) = (first, after.span)
        && first < begins
    {
        what.push(format!("what happened before {begins}"));
    }
    if let (Some(last), Some((_, ends))) = (last_published, after.span)
        && last > ends
    {
        what.push(format!("what was published after {ends}"));
    }
    if let Some(seq) = other {
        what.push(format!("the published events from @{seq} on, whose commits the branch does not have"));
    }
    if !is_whole && view.has_published() {
        what.push("numbers that are for good".to_owned());
    }
    if view.seq().0 + 1 > start.0 + events {
        let lost = view.seq().0 + 1 - start.0 - events;
        what.push(format!("the numbers of {} that were lost before", counted(lost, "event")));
    }
    if view.lacks_newest() {
        what.push("the newest changes, which are in a damaged part of the log".to_owned());
    }
    let span = first.zip(last);
    Ok((Held { events, span }, what))
}
