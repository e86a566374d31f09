//! The versions of files on one line of history: first parents only, one `git log` for any number of files.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::checkout::Checkout;
use super::error::GitError;
use super::program::output_within;
use super::refs::{CommitId, hex, unhex};
use crate::model::UnixMillis;

/// What each commit of the log begins with; its fields follow.
const COMMIT: char = '\u{1}';
const FORMAT: &str = "--format=tformat:%x01%H %ct %P";
/// A file that was moved more often than this has its history from there on.
const MAX_MOVES: usize = 64;
/// The modes of a regular file.
const FILE_MODES: [&str; 2] = ["100644", "100755"];

/// How long a walk may take, and who watches it.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Whether the time is over.
    pub is_over: &'a dyn Fn() -> bool,
    /// Gets the versions that were read, and their count.
    pub progress: &'a dyn Fn(u64, u64),
}

impl Limits<'_> {
    /// All the time that it takes, unseen.
    pub const NONE: Limits<'static> = Limits { is_over: &|| false, progress: &|_, _| () };
}

/// Where a log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With the first commit there is.
    Root,
    /// After the commit that was known.
    Known,
    /// Where a shallow clone ends.
    Shallow,
    /// The commit that was known is newer than the whole line.
    Behind,
    /// The commit that was known is not on this line, or is no more.
    Elsewhere,
}

/// One committed version of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileVersion {
    /// The commit that brought it.
    pub commit: CommitId,
    /// When that was made.
    pub committed_at: UnixMillis,
    /// Git's name of the content; `None` if the commit removed the file, or put something else in its place.
    pub blob: Option<String>,
}

/// What happened to some files, oldest first.
#[derive(Clone, Debug)]
pub struct Log {
    /// Where it begins.
    pub beginning: Beginning,
    changes: Vec<Change>,
    by_path: BTreeMap<String, Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Change {
    version: FileVersion,
    path: String,
    /// The file's path before, if it was moved.
    from: Option<String>,
    /// The commit's first parent.
    parent: Option<CommitId>,
    /// Whether the parent has no such file.
    is_new: bool,
}

impl Checkout {
    /// Whether git has a commit that was on the line of first parents of `tip`, and is not now. `false` for one that it does
    /// not have: it may be newer.
    ///
    /// # Errors
    /// No git, git's own, [`GitError::TooLong`].
    pub fn has_left(&self, commit: &[u8], tip: &[u8], limits: Limits<'_>) -> Result<bool, GitError> {
        if commit == tip || !self.has(commit) {
            return Ok(false);
        }
        Ok(self.beginning_of((commit, tip), limits)?.flatten().as_deref() != Some(commit))
    }

    /// The first parent of the oldest commit on the line of first parents of `tip` that `commit` lacks; `None` if it lacks
    /// none.
    pub(super) fn beginning_of(
        &self,
        (commit, tip): (&[u8], &[u8]),
        limits: Limits<'_>,
    ) -> Result<Option<Option<CommitId>>, GitError> {
        let mut git = self.git();
        git.args(["rev-list", "--first-parent", "--parents", &format!("{}..{}", hex(commit), hex(tip))]);
        let printed = output_within(git, limits.is_over)?;
        let text = String::from_utf8_lossy(&printed);
        // Newest first.
        let oldest = text.lines().last();
        Ok(oldest.map(|oldest| oldest.split(' ').nth(1).and_then(|parent| unhex(parent.as_bytes()))))
    }

    /// The history of the file `path` up to the commit `tip`, by first parents; with `known`, only what came after that
    /// commit. The file is followed where it was moved: to where git sees it, else to `usual`, where such a file is
    /// mostly, else to the only file of its kind that was removed with the move.
    ///
    /// # Errors
    /// No git, git's own, [`GitError::TooLong`].
    pub fn log_of(
        &self,
        (tip, known): (&[u8], Option<&[u8]>),
        (path, usual): (&str, &str),
        limits: Limits<'_>,
    ) -> Result<Log, GitError> {
        let (beginning, mut found) = self.walk((tip, known), path, &[], limits)?;
        let (mut newest_first, mut name) = (Vec::new(), path.to_owned());
        for _move in 0..MAX_MOVES {
            let Some((at, old)) = self.last_move(&found, &name, usual)? else { break };
            // What the file's name stood for before is another file's.
            found.truncate(at + 1);
            newest_first.append(&mut found);
            let Some(change) = newest_first.last_mut() else { break };
            change.from = Some(old.clone());
            let before = change.parent.clone().unwrap_or_default();
            (_, found) = self.walk((&before, known), &old, &[], limits)?;
            name = old;
        }
        newest_first.append(&mut found);
        Ok(Log::of(beginning, newest_first))
    }

    /// The history of every file below the directory `dir`, as [`Self::log_of`].
    ///
    /// # Errors
    /// As [`Self::log_of`].
    pub fn log_below(
        &self,
        (tip, known): (&[u8], Option<&[u8]>),
        dir: &str,
        limits: Limits<'_>,
    ) -> Result<Log, GitError> {
        let (beginning, newest_first) = self.walk((tip, known), dir, &["--find-renames"], limits)?;
        Ok(Log::of(beginning, newest_first))
    }

    fn walk(
        &self,
        (tip, known): (&[u8], Option<&[u8]>),
        path: &str,
        more: &[&str],
        limits: Limits<'_>,
    ) -> Result<(Beginning, Vec<Change>), GitError> {
        let mut git = self.git();
        // Of a merge the log shows what it brought to its first parent.
        git.args(["log", "-m", "--first-parent", FORMAT, "--raw", "-z", "--no-abbrev", "--no-color", "--no-notes"]);
        git.args(["--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=all"]).args(more);
        match known {
            // All commits, so that the oldest one shows whether it follows the known one.
            Some(known) => git.arg("--sparse").arg(format!("{}..{}", hex(known), hex(tip))),
            None => git.arg(hex(tip)),
        };
        // The whole tree has no name.
        let paths = (!path.is_empty()).then_some(OsStr::new(path));
        let printed = match output_within(self.tidy(git.arg("--").args(paths)), limits.is_over) {
            // A commit that is gone: of a branch that was pushed by force, and cleaned up.
            Err(GitError::Failed(_)) if known.is_some_and(|known| !self.has(known)) => {
                return Ok((Beginning::Elsewhere, Vec::new()));
            }
            printed => printed?,
        };
        let (oldest, changes) = changes(&printed)?;
        let beginning = match (known, oldest) {
            (Some(known), None) if known != tip => Beginning::Behind,
            (Some(_), None) => Beginning::Known,
            (Some(known), Some(parent)) if parent.as_deref() == Some(known) => Beginning::Known,
            (Some(_), _) => Beginning::Elsewhere,
            (None, _) if self.ends_at_a_boundary(tip, limits)? => Beginning::Shallow,
            (None, _) => Beginning::Root,
        };
        Ok((beginning, changes))
    }

    /// Takes the command out of the reference that its builder gives.
    fn tidy(&self, git: &mut std::process::Command) -> std::process::Command {
        std::mem::replace(git, std::process::Command::new("git"))
    }

    fn has(&self, commit: &[u8]) -> bool {
        self.ask(&["cat-file", "-e", &format!("{}^{{commit}}", hex(commit))]).is_ok()
    }

    /// Whether the line of first parents ends where a shallow clone was cut.
    fn ends_at_a_boundary(&self, tip: &[u8], limits: Limits<'_>) -> Result<bool, GitError> {
        let boundary = self.shallow_commits();
        if boundary.is_empty() {
            return Ok(false);
        }
        let mut git = self.git();
        git.args(["rev-list", "--first-parent", "--max-parents=0", &hex(tip)]);
        let printed = output_within(git, limits.is_over)?;
        let ends = String::from_utf8_lossy(&printed).into_owned();
        Ok(ends.lines().any(|end| boundary.iter().any(|commit| commit == end)))
    }

    /// The newest of the changes, newest first, that brought the file `path` from elsewhere, and from where.
    fn last_move(&self, changes: &[Change], path: &str, usual: &str) -> Result<Option<(usize, String)>, GitError> {
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| change.is_new) {
            let Some(parent) = &change.parent else { continue };
            if let Some(old) = self.moved_from((parent, &change.version.commit), path, usual)? {
                return Ok(Some((at, old)));
            }
        }
        // Removed there, and here only later.
        let oldest = changes.last().filter(|change| change.is_new && path != usual);
        let Some((parent, at)) = oldest.and_then(|change| change.parent.as_ref()).zip(changes.len().checked_sub(1))
        else {
            return Ok(None);
        };
        let was = self.ask(&["rev-list", "-n1", "--first-parent", &hex(parent), "--", usual])?;
        Ok((!was.trim().is_empty()).then(|| (at, usual.to_owned())))
    }

    /// Where the file `path`, which a commit brought, was in its parent.
    fn moved_from(
        &self,
        (parent, commit): (&[u8], &[u8]),
        path: &str,
        usual: &str,
    ) -> Result<Option<String>, GitError> {
        let (parent, commit) = (hex(parent), hex(commit));
        let said = self.ask(&[
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-abbrev",
            "--find-renames",
            "--diff-filter=ADR",
            "--no-ext-diff",
            "--ignore-submodules=all",
            &parent,
            &commit,
        ])?;
        let (mut words, mut removed) = (said.split('\0'), Vec::new());
        while let (Some(word), Some(name)) = (words.next(), words.next()) {
            let status = word.rsplit(' ').next().unwrap_or_default();
            if status.starts_with('R') && words.next() == Some(path) {
                return Ok(Some(name.to_owned()));
            }
            if status == "D" {
                removed.push(name);
            }
        }
        // Moved and changed so much that git sees none of it, or copied.
        if path != usual && self.ask(&["cat-file", "-e", &format!("{parent}:{usual}")]).is_ok() {
            return Ok(Some(usual.to_owned()));
        }
        let kind = |path: &str| path.rsplit_once('.').map(|(_, kind)| kind.to_owned());
        removed.retain(|name| kind(name) == kind(path));
        Ok(if let [only] = removed[..] { Some(only.to_owned()) } else { None })
    }
}

impl Log {
    fn of(beginning: Beginning, mut changes: Vec<Change>) -> Self {
        changes.reverse();
        let mut by_path: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, change) in changes.iter().enumerate() {
            by_path.entry(change.path.clone()).or_default().push(at);
        }
        Self { beginning, changes, by_path }
    }

    /// The versions of the file that is at `path` in the end, oldest first.
    pub fn versions(&self, path: &str) -> Vec<&FileVersion> {
        let (mut versions, mut before, mut name) = (Vec::new(), self.changes.len(), Some(path));
        while let Some(current) = name.take() {
            let places = self.by_path.get(current).map_or(&[][..], Vec::as_slice);
            for at in places.iter().rev().filter(|at| **at < before) {
                versions.push(&self.changes[*at].version);
                if let Some(from) = &self.changes[*at].from {
                    (before, name) = (*at, Some(from.as_str()));
                    break;
                }
            }
        }
        versions.reverse();
        versions
    }
}

/// The first parent of the oldest commit in the log, and what the commits changed, newest first.
type Walked = (Option<Option<CommitId>>, Vec<Change>);

/// Reads `git log -z --raw`: a commit's line, then for each file a line of modes, names of content and a status, and the
/// path; of a file that was moved, two paths.
fn changes(printed: &[u8]) -> Result<Walked, GitError> {
    let wrong = || GitError::Failed("its log has another form than expected".to_owned());
    let text = String::from_utf8_lossy(printed);
    let mut words = text.split('\0');
    let (mut commit, mut changes) = (None, Vec::new());
    while let Some(word) = words.next() {
        let word = word.trim_matches('\n');
        if let Some(fields) = word.strip_prefix(COMMIT) {
            commit = Some(Commit::read(fields).ok_or_else(wrong)?);
        } else if let Some(fields) = word.strip_prefix(':') {
            let Commit { id, committed_at, parent } = commit.as_ref().ok_or_else(wrong)?;
            let fields: Vec<&str> = fields.split(' ').collect();
            let [_, mode, _, blob, status] = fields[..] else { return Err(wrong()) };
            let first = words.next().ok_or_else(wrong)?.to_owned();
            let (path, from) = match status.starts_with('R') {
                true => (words.next().ok_or_else(wrong)?.to_owned(), Some(first)),
                false => (first, None),
            };
            let blob = FILE_MODES.contains(&mode).then(|| blob.to_owned());
            let version = FileVersion { commit: id.clone(), committed_at: *committed_at, blob };
            let is_new = matches!(status, "A") || from.is_some();
            changes.push(Change { version, path, from, parent: parent.clone(), is_new });
        } else if !word.is_empty() {
            return Err(wrong());
        }
    }
    Ok((commit.map(|commit| commit.parent), changes))
}

struct Commit {
    id: CommitId,
    committed_at: UnixMillis,
    parent: Option<CommitId>,
}

impl Commit {
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        let id = unhex(fields.next()?.as_bytes())?;
        let seconds: i64 = fields.next()?.parse().ok()?;
        let parent = fields.next().filter(|parent| !parent.is_empty());
        let parent = parent.map(|parent| unhex(parent.as_bytes())).map_or(Some(None), |parent| parent.map(Some))?;
        Some(Self { id, committed_at: UnixMillis::saturating(seconds.saturating_mul(1000)), parent })
    }
}
