//! The one function that takes a reading in: versions that everybody has first, then what this source says now, all of
//! it one commit.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::{Now, SyncError};
use super::line::{Found, Line};
use super::outcome::{Note, Outcome, Synced, rewritten};
use super::versions::{Judge, Verdict, full_name};
use crate::format::{Fork, SignatureMark, Source, SyncRecord};
use crate::git::CommitId;
use crate::model::{Repo, Seq, Tracker, UnixMillis};
use crate::store::{Batch, Store, StoreError, Taken, View, Writer};

/// What one source says of a repository.
pub(super) struct Reading<'r> {
    pub(super) repo: &'r Repo,
    /// Of the present.
    pub(super) record: SyncRecord,
    pub(super) trackers: &'r [Tracker<'r>],
    /// The file that it was read from, as it was.
    pub(super) file: Option<SignatureMark>,
    /// Where the versions before it are.
    pub(super) line: Option<&'r mut dyn Line>,
}

/// How much of the past is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// None: history begins with the present.
    None,
    /// As much as is at hand.
    AtHand,
    /// All of it, however long that takes.
    Needed,
}

/// How a reading is taken in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) force: bool,
    pub(super) patience: Duration,
    pub(super) history: History,
    pub(super) now: Now,
}

/// The store before.
struct Before {
    is_new: bool,
    updated_at: Option<UnixMillis>,
    manifest: Option<[u8; 32]>,
    commit: Option<CommitId>,
    published: Option<SyncRecord>,
}

/// The versions that are to be taken.
#[derive(Default)]
struct Plan {
    /// After this one; `None` for all.
    after: Option<UnixMillis>,
    wanted: Wanted,
    /// From this version on, of those that were found; `None` for all.
    begins_at: Option<CommitId>,
    /// Up to where the line was looked through.
    tip: Option<CommitId>,
    past: Past,
    note: Option<Note>,
}

/// Whether the line has what was published.
#[derive(Default)]
enum Past {
    #[default]
    NotSeen,
    Same,
    Other(Fork),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Wanted {
    #[default]
    Nothing,
    Published,
    Observed,
}

/// What was taken.
#[derive(Default)]
struct Done {
    first_seq: Option<Seq>,
    words: Vec<(&'static str, u64)>,
    /// The last version's record.
    last: Option<SyncRecord>,
    frames: u64,
    former_names: Vec<Repo>,
}

/// How far a reading of versions came.
enum Read {
    All(Box<Done>),
    /// Some versions are not here.
    Missing,
    /// The versions before this commit are another repository's.
    BeginsAt(CommitId),
}

/// Takes a reading in.
///
/// # Errors
/// What the store cannot take, and what git or GitHub cannot give; the cached state is then as it was.
pub(super) fn take(store: &Store<'_>, reading: Reading<'_>, way: Way) -> Result<Synced, SyncError> {
    let Reading { repo, record, trackers, file, line } = reading;
    let synced = take_all(store, repo, line, Some(Present { record, trackers, file }), way)?;
    // OK because every batch has or makes a store: the first one always has a frame.
    Ok(synced.expect("a store after a sync"))
}

/// Takes the versions of a line without the present, which cannot be used; `None` if there is none of them.
///
/// # Errors
/// As [`take`].
pub(super) fn take_versions(
    store: &Store<'_>,
    repo: &Repo,
    line: &mut dyn Line,
    way: Way,
) -> Result<Option<Synced>, SyncError> {
    take_all(store, repo, Some(line), None, way)
}

/// What a reading says of the present.
struct Present<'r> {
    record: SyncRecord,
    trackers: &'r [Tracker<'r>],
    file: Option<SignatureMark>,
}

fn take_all(
    store: &Store<'_>,
    repo: &Repo,
    mut line: Option<&mut dyn Line>,
    mut said: Option<Present<'_>>,
    way: Way,
) -> Result<Option<Synced>, SyncError> {
    let mut writer = store.writer(repo, way.patience)?;
    let before = Before::of(store, &writer)?;
    let mut plan = match line.as_deref_mut() {
        Some(line) => planned(line, (store, repo), &writer, (&before, way))?,
        None => Plan::default(),
    };
    let known = writer.view().and_then(rewritten);
    // What a repair had to make up stays so, whatever the branch has now.
    let is_repaired = matches!(&known, Some(Note::Rewritten(fork)) if fork.branch.is_empty());
    let is_told = way.history == History::Needed && (is_repaired || matches!(plan.past, Past::NotSeen));
    let known = known.filter(|_| is_told);
    if let Some(Present { record, file, .. }) = &mut said {
        if let Some(file) = file.as_mut().filter(|_| line.is_some() && plan.tip.is_none()) {
            file.seen = None;
        }
        record.commit = record.commit.take().or(plan.tip.take());
    }
    let mut begins_at = plan.begins_at.take();
    let (formerly, outcome) = loop {
        let mut batch = writer.batch()?;
        let read = match line.as_deref_mut().filter(|_| plan.wanted != Wanted::Nothing) {
            Some(line) => versions(&mut batch, line, (&plan, begins_at.as_deref()), (repo, way))?,
            None => Read::All(Box::default()),
        };
        match read {
            Read::All(mut done) => {
                let older = match &said {
                    Some(said) => present(&mut batch, &mut done, (&before, way), &said.record, said.trackers)?,
                    None => Some(Outcome::Unchanged),
                };
                let formerly = std::mem::take(&mut done.former_names);
                break (formerly, finished(batch, *done, &before, older)?);
            }
            Read::BeginsAt(commit) => begins_at = Some(commit),
            Read::Missing => {
                let note = line.as_deref().map(|line| line.missing());
                begins_at = None;
                plan = Plan { wanted: Wanted::Observed, after: before.updated_at, note, ..plan };
            }
        }
    };
    match plan.past {
        Past::NotSeen => {}
        Past::Same if is_repaired => {}
        Past::Same => writer.record_fork(None),
        Past::Other(fork) => writer.record_fork(Some(fork)),
    }
    // What was set aside is not what the cache holds, but a file need not be looked at again for that.
    if let Some(Present { file, .. }) = said
        && (file.is_some() || !matches!(outcome, Outcome::Older { .. }))
    {
        writer.record_checked(file, way.now.millis());
    }
    let (view, mended) = writer.into_view();
    Ok(view.map(|view| {
        let notes = plan.note.or(known).into_iter().collect();
        Synced { outcome, mended, notes, formerly, ..Synced::unchanged(repo, view) }
    }))
}

impl Before {
    fn of(store: &Store<'_>, writer: &Writer<'_>) -> Result<Self, StoreError> {
        let Some(view) = writer.view() else {
            return Ok(Self { is_new: true, updated_at: None, manifest: None, commit: None, published: None });
        };
        let fresh = view.freshness();
        let published = if view.has_published() { store.published_record(view)? } else { None };
        Ok(Self {
            is_new: false,
            updated_at: Some(view.updated_at()),
            manifest: fresh.and_then(|fresh| fresh.manifest),
            commit: fresh.and_then(|fresh| fresh.commit.clone()),
            published,
        })
    }
}

/// Which versions of the line are to be taken, and as what.
fn planned(
    line: &mut dyn Line,
    (store, repo): (&Store<'_>, &Repo),
    writer: &Writer<'_>,
    (before, way): (&Before, Way),
) -> Result<Plan, SyncError> {
    let tip = Some(line.tip().to_vec());
    let nothing = Plan { tip: tip.clone(), ..Plan::default() };
    let observed = |line: &mut dyn Line, note: Option<Note>| -> Result<Plan, SyncError> {
        let (wanted, after) = (Wanted::Observed, before.updated_at);
        match &before.commit {
            Some(commit) if line.look(Some(commit))? == Found::Whole => {
                Ok(Plan { wanted, after, tip: tip.clone(), note, ..Plan::default() })
            }
            _ => Ok(Plan { tip: tip.clone(), note, ..Plan::default() }),
        }
    };
    if way.history == History::None {
        return observed(line, None);
    }
    if let Some(published) = &before.published {
        let Some(known) = published.commit.as_deref() else { return Ok(nothing) };
        let of = |line: &mut dyn Line, tip| forked(line, (store, repo), (writer.view(), known), (tip, way));
        if before.commit == tip {
            // Looked through; but the branch may have moved elsewhere behind what is checked out.
            return if tip.as_deref() != Some(known) && line.has_left(known)? { of(line, tip) } else { Ok(nothing) };
        }
        let after = Some(published.updated_at);
        return Ok(match line.look(Some(known))? {
            Found::Whole => Plan { after, wanted: Wanted::Published, tip, past: Past::Same, ..Plan::default() },
            Found::TooLong => Plan::default(),
            Found::Behind if !line.has_left(known)? => nothing,
            // Not looked through: once it is whole, all of it counts.
            Found::Part => Plan { note: Some(line.part()), ..Plan::default() },
            Found::Behind | Found::Elsewhere => of(line, tip)?,
        });
    }
    // A list does not look again for what it had no time for, or what was not there.
    let was_looked_at = !before.is_new && (before.commit == tip || before.commit.is_none());
    if way.history == History::AtHand && was_looked_at {
        return Ok(Plan { tip: before.commit.clone(), ..Plan::default() });
    }
    match line.look(None)? {
        Found::Whole => Ok(Plan { wanted: Wanted::Published, tip, ..Plan::default() }),
        Found::TooLong => Ok(Plan::default()),
        Found::Part | Found::Behind | Found::Elsewhere if before.is_new => {
            let note = Some(line.part());
            Ok(Plan { wanted: Wanted::Observed, tip, note, ..Plan::default() })
        }
        Found::Part | Found::Behind | Found::Elsewhere => {
            let note = Some(line.part()).filter(|_| way.history == History::Needed);
            observed(line, note)
        }
    }
}

/// What to do where the version that was published last, `known`, is not on the line: nothing if the line is only shorter,
/// as in a clone that was not pulled; go on where only versions without events are gone; else name the first event that is.
fn forked(
    line: &mut dyn Line,
    (store, repo): (&Store<'_>, &Repo),
    (view, known): (Option<&View>, &[u8]),
    (tip, way): (Option<CommitId>, Way),
) -> Result<Plan, SyncError> {
    let nothing = Plan { tip, ..Plan::default() };
    if view.is_some_and(|view| line.is_copy(known, view)) {
        return Ok(nothing);
    }
    let note = match line.look(None)? {
        Found::Whole | Found::Behind => None,
        Found::TooLong => return Ok(Plan::default()),
        Found::Part | Found::Elsewhere => Some(line.part()),
    };
    // A part was not looked through: once it is whole, all of it counts.
    let Some(view) = view.filter(|_| note.is_none()) else { return Ok(Plan { note, ..Plan::default() }) };
    let commits = line.commits();
    let published = store.history(view)?.published_versions()?;
    let places: BTreeMap<&CommitId, usize> = commits.iter().zip(0..).collect();
    let common = published.iter().rev().find_map(|(seq, record)| {
        let at = *places.get(record.commit.as_ref()?)?;
        Some((*seq, record.updated_at, at))
    });
    let end = published.last().map_or(Seq(0), |(seq, _)| *seq);
    let is_shorter = match (common, commits.first()) {
        (Some((_, last, at)), _) => !changes(line, &commits[at], Judge::after(repo, way.now, last))?,
        (None, Some(first)) => !changes(line, first, Judge::from_the_first(repo, way.now))?,
        (None, None) => true,
    };
    let is_lost = |(seq, ..): (Seq, UnixMillis, usize)| seq < end;
    Ok(match common {
        // Whoever is behind says nothing of what others have.
        _ if is_shorter && !(common.is_none_or(is_lost) && line.has_left(known)?) => nothing,
        Some((seq, updated_at, at)) if seq == end => Plan {
            after: Some(updated_at),
            wanted: Wanted::Published,
            begins_at: commits.into_iter().nth(at + 1),
            past: Past::Same,
            ..nothing
        },
        common => {
            let seq = common.map_or(view.history_start(), |(seq, ..)| seq.next());
            let fork = Fork { seq, branch: line.name().to_owned() };
            Plan { note: Some(Note::Rewritten(fork.clone())), past: Past::Other(fork), ..nothing }
        }
    })
}

/// Whether the versions that were found from `first` on change anything; `first` itself, unless all are judged, is the state
/// that they change.
fn changes(line: &mut dyn Line, first: &[u8], mut judge: Judge<'_>) -> Result<bool, SyncError> {
    let mut state: Option<Vec<Tracker<'static>>> = judge.is_from_the_first().then(Vec::new);
    let (mut is_there, mut differs) = (false, false);
    line.read(false, &mut |committed| {
        is_there |= committed.commit == first;
        if !is_there {
            return Ok(true);
        }
        if let Verdict::Next(_, manifest) | Verdict::First(_, manifest) = judge.judge(committed) {
            differs = state.as_ref().is_some_and(|state| *state != manifest.trackers);
            state = Some(manifest.trackers.into_iter().map(Tracker::into_owned).collect());
        }
        Ok(!differs)
    })?;
    Ok(differs)
}

/// Takes the versions that were found.
fn versions(
    batch: &mut Batch<'_, '_>,
    line: &mut dyn Line,
    (plan, begins_at): (&Plan, Option<&[u8]>),
    (repo, way): (&Repo, Way),
) -> Result<Read, SyncError> {
    let is_published = plan.wanted == Wanted::Published;
    let mut judge = match plan.after {
        Some(last) => Judge::after(repo, way.now, last),
        None => Judge::from_the_first(repo, way.now),
    };
    let (mut done, mut restart, mut skipping) = (Done::default(), None, begins_at);
    let are_here = line.read(is_published, &mut |committed| {
        if skipping.take_if(|first| *first == committed.commit).is_none() && skipping.is_some() {
            return Ok(true);
        }
        match judge.judge(committed) {
            Verdict::Nothing => {}
            Verdict::First(..) => {
                restart = Some(committed.commit.to_vec());
                return Ok(false);
            }
            Verdict::Next(record, manifest) => {
                let taken = match is_published {
                    true => batch.published(&record, &manifest.trackers)?,
                    false => batch.observed(&record, &manifest.trackers)?,
                };
                done.take(taken, record);
            }
        }
        Ok(true)
    })?;
    done.former_names = judge.former_names;
    Ok(match restart {
        Some(commit) => Read::BeginsAt(commit),
        None if is_published && !are_here => Read::Missing,
        None => Read::All(Box::new(done)),
    })
}

/// Takes the present, if the versions do not end with it; `Some` if it is older than what is cached.
fn present(
    batch: &mut Batch<'_, '_>,
    done: &mut Done,
    (before, way): (&Before, Way),
    record: &SyncRecord,
    trackers: &[Tracker<'_>],
) -> Result<Option<Outcome>, StoreError> {
    let version = done.last.as_ref();
    let now = way.now.millis();
    // What a wrong clock left in the future keeps nothing out.
    let cached = before.updated_at.filter(|updated_at| !updated_at.is_ahead_of(now));
    let floor = cached.max(version.map(|version| version.updated_at));
    let is = |manifest: Option<[u8; 32]>| record.manifest.is_some() && manifest == record.manifest;
    // What was observed after the date of its commit would be put back over it: then the file itself counts.
    let is_newest = |version: &SyncRecord| before.updated_at.is_none_or(|cached| cached <= version.updated_at);
    if version.is_some_and(|version| is(version.manifest) && is_newest(version)) && !way.force {
        return Ok(None);
    }
    let mut record = record.clone();
    // What is dated in the future is not newer than what GitHub has just said.
    if let Some(ahead) = before.updated_at.filter(|cached| record.source == Source::Api && *cached > now) {
        record.updated_at = record.updated_at.max(UnixMillis::saturating(ahead.get() + 1));
    }
    let older = floor.filter(|cached| record.updated_at < *cached);
    if way.force && record.updated_at > now {
        // A time from the future must not keep out what comes later.
        record.changed_at = now;
        let told = trackers.iter().flat_map(|tracker| [tracker.created_at, tracker.closed_at]).flatten();
        let told = told.filter(|time| *time <= now).max();
        let off = record.updated_at.is_ahead_of(now).then(|| floor.or(told).unwrap_or(UnixMillis::saturating(0)));
        record.updated_at = off.unwrap_or(now).min(now);
    }
    match older {
        Some(cached) if !way.force => {
            return Ok(Some(Outcome::Older { manifest: record.updated_at, cached }));
        }
        // What is forced in counts from now on; what comes later is compared with its own time.
        Some(_) => record.changed_at = now,
        None if version.is_none() && is(before.manifest) && !way.force => return Ok(Some(Outcome::Unchanged)),
        None => {}
    }
    let taken = batch.observed(&record, trackers)?;
    done.take(taken, record);
    Ok(None)
}

impl Done {
    fn take(&mut self, taken: Taken, record: SyncRecord) {
        self.frames += 1;
        self.last = Some(record);
        if taken.count() == 0 {
            return;
        }
        self.first_seq.get_or_insert(taken.first_seq);
        for (word, count) in taken.words {
            match self.words.iter_mut().find(|(known, _)| *known == word) {
                Some((_, sum)) => *sum += count,
                None => self.words.push((word, count)),
            }
        }
    }
}

/// Makes it durable, and says what it came to.
fn finished(
    batch: Batch<'_, '_>,
    done: Done,
    before: &Before,
    instead: Option<Outcome>,
) -> Result<Outcome, StoreError> {
    let append = batch.commit()?;
    let is_changed = !done.words.is_empty() || (before.is_new && done.frames > 0);
    let set_aside = match &instead {
        Some(Outcome::Older { manifest, .. }) => Some(*manifest),
        _ => None,
    };
    Ok(match instead {
        _ if is_changed => Outcome::Changed {
            first_seq: done.first_seq.unwrap_or(Seq(1)),
            last_seq: append.last_seq,
            counts: done.words,
            set_aside,
            compaction_failed: append.compaction_failed,
        },
        Some(instead) if done.frames == 0 || set_aside.is_some() => instead,
        _ => Outcome::Fresher,
    })
}

/// The answer that is at hand although it cannot be recorded: what is cached, if that is as new, else the reading. Then
/// there is nothing to record, unless the cache is damaged or `lacks` something else.
pub(super) fn at_hand(
    store: &Store<'_>,
    reading: &Reading<'_>,
    error: StoreError,
    lacks: impl FnOnce(&View) -> bool,
) -> Synced {
    let known = store.view().ok().flatten();
    // What verifies no longer may still tell that it was newer.
    let newest =
        known.as_ref().filter(|_| matches!(error, StoreError::Damaged(_))).and_then(|view| store.newest_known(view));
    let cached = known.filter(|view| {
        let is_same =
            view.freshness().is_some_and(|fresh| fresh.manifest.is_some() && fresh.manifest == reading.record.manifest);
        is_same || view.updated_at() > reading.record.updated_at
    });
    let is_sound = matches!(error, StoreError::Unrecorded { .. } | StoreError::Busy { .. });
    match cached {
        Some(view) if is_sound && view.damage().is_empty() && !lacks(&view) => Synced::unchanged(reading.repo, view),
        Some(view) => Synced { unrecorded: Some(error), ..Synced::unchanged(reading.repo, view) },
        None => {
            let trackers = reading.trackers.iter().map(|tracker| tracker.clone().into_owned());
            let view = View::of_trackers(&full_name(reading.repo), reading.record.clone(), trackers);
            let manifest = reading.record.updated_at;
            let outcome = match newest.filter(|newest| *newest > manifest) {
                Some(cached) => Outcome::Older { manifest, cached },
                None => Outcome::Unchanged,
            };
            Synced { unrecorded: Some(error), outcome, ..Synced::unchanged(reading.repo, view) }
        }
    }
}
