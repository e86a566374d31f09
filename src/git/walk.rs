//! The versions of files on one line of history: first parents only, one `git log` for any number of files.

use std::collections::BTreeMap;

use super::changes::{Change, FORMAT, FileVersion, changes};
use super::checkout::Checkout;
use super::error::GitError;
use super::naming::{Names, Place, Tree};
use super::program::output_within;
use super::refs::{CommitId, hex, unhex};

/// A file that was moved more often than this has its history from there on.
const MAX_MOVES: usize = 64;

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

/// What happened to some files, oldest first.
#[derive(Clone, Debug)]
pub struct Log {
    /// Where it begins.
    pub beginning: Beginning,
    /// The path of what it is of, in the end.
    pub path: String,
    changes: Vec<Change>,
    by_path: BTreeMap<String, Vec<usize>>,
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

    /// Whether a branch here contains the commit.
    pub fn is_on_a_branch(&self, commit: &[u8]) -> bool {
        let found =
            self.ask(&["for-each-ref", "--count=1", "--contains", &hex(commit), "refs/heads/", "refs/remotes/"]);
        found.is_ok_and(|found| !found.is_empty())
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

    /// The history of a file up to the commit `tip`, by first parents; with `known`, only what came after that commit.
    ///
    /// Where the commits have configurations, the file is what each one's own name. Else it is followed where it was
    /// moved: to where git sees it, else to the usual path, else to the only file of its kind that was removed with the
    /// move.
    ///
    /// # Errors
    /// No git, git's own, [`GitError::TooLong`].
    pub fn log_of(
        &self,
        (tip, known): (&[u8], Option<&[u8]>),
        place: Place<'_>,
        limits: Limits<'_>,
    ) -> Result<Log, GitError> {
        let mut names = place.naming.map(|naming| Names::of(self, naming));
        let mut tree = names.as_ref().map_or_else(|| Ok(Tree::new()), |names| names.tree(tip))?;
        let mut name = match &mut names {
            Some(names) if !tree.is_empty() => names.path(&tree)?,
            _ => place.path.to_owned(),
        };
        // Nobody committed it: only this checkout's own configuration says where the file is.
        names = names.filter(|names| !tree.is_empty() || name == names.usual());
        let (path, mut newest_first, mut end, mut first) = (name.clone(), Vec::new(), tip.to_vec(), None);
        for _move in 0..=MAX_MOVES {
            let paths: Vec<&str> = names.iter().flat_map(Names::files).chain([name.as_str()]).collect();
            let (beginning, mut found) = self.walk((&end, known), &paths, &[], limits)?;
            first.get_or_insert(beginning);
            let switch = match &mut names {
                Some(names) => names.switch(&found, (&mut tree, &name))?,
                None => None,
            };
            let old = match switch {
                Some((at, old)) => {
                    self.cut(&mut found, at, &name)?;
                    old
                }
                None => {
                    found.retain(|change| change.path == name);
                    // Where the commits name it, which they do by saying nothing too, only the first of all versions can
                    // have come from elsewhere.
                    let guessed = match names.take() {
                        Some(_) if known.is_some() => None,
                        named => self.last_move(&found, (&name, named.is_some()), place.usual)?,
                    };
                    let Some((at, old)) = guessed else {
                        newest_first.append(&mut found);
                        break;
                    };
                    // What the file's name stood for before is another file's.
                    found.truncate(at + 1);
                    old
                }
            };
            newest_first.append(&mut found);
            let Some(change) = newest_first.last_mut() else { break };
            change.from = Some(old.clone());
            let Some(parent) = change.parent.clone() else { break };
            (end, name) = (parent, old);
        }
        Ok(Log::of((first.unwrap_or(Beginning::Root), path), newest_first))
    }

    /// Leaves what became of the file `path` from the commit of the change `at` on, newest first; the commit itself
    /// brings a version in any case.
    fn cut(&self, changes: &mut Vec<Change>, at: usize, path: &str) -> Result<(), GitError> {
        changes.truncate(at + 1);
        let Some(switch) = changes.last().cloned() else { return Ok(()) };
        changes.retain(|change| change.path == path);
        if changes.last().is_none_or(|change| change.version.commit != switch.version.commit) {
            let blob = self.entries(&switch.version.commit, &[path])?.remove(path);
            let version = FileVersion { blob, ..switch.version };
            changes.push(Change { version, path: path.to_owned(), ..switch });
        }
        Ok(())
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
        let dirs: Vec<&str> = if dir.is_empty() { Vec::new() } else { vec![dir] };
        let (beginning, newest_first) = self.walk((tip, known), &dirs, &["--find-renames"], limits)?;
        Ok(Log::of((beginning, dir.to_owned()), newest_first))
    }

    /// The changes below these paths, or all, newest first.
    fn walk(
        &self,
        (tip, known): (&[u8], Option<&[u8]>),
        paths: &[&str],
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

    /// Whether the commit is here.
    pub fn has(&self, commit: &[u8]) -> bool {
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

    /// The newest of the changes, newest first, that brought the file `path` from elsewhere, and from where; only the
    /// oldest of them if that one alone is `first`.
    fn last_move(
        &self,
        changes: &[Change],
        (path, first): (&str, bool),
        usual: &str,
    ) -> Result<Option<(usize, String)>, GitError> {
        let skipped = if first { changes.len().saturating_sub(1) } else { 0 };
        for (at, change) in changes.iter().enumerate().skip(skipped).filter(|(_, change)| change.is_new) {
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
        Ok(self.was(usual, parent)?.then(|| (at, usual.to_owned())))
    }

    /// Whether a file was ever at `path` up to a commit.
    fn was(&self, path: &str, commit: &[u8]) -> Result<bool, GitError> {
        let last = self.ask(&["rev-list", "-n1", "--first-parent", &hex(commit), "--", path])?;
        Ok(!last.trim().is_empty())
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
    fn of((beginning, path): (Beginning, String), mut changes: Vec<Change>) -> Self {
        changes.reverse();
        let mut by_path: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, change) in changes.iter().enumerate() {
            by_path.entry(change.path.clone()).or_default().push(at);
        }
        Self { beginning, path, changes, by_path }
    }

    /// Has every file that a commit brought follow one that the commit took away, where `is_one` says so of git's names of
    /// their contents, the new one first: git itself sees no move where much was changed.
    ///
    /// # Errors
    /// Those of `is_one`.
    pub fn follow_moves<E>(&mut self, mut is_one: impl FnMut(&str, &str) -> Result<bool, E>) -> Result<(), E> {
        let mut moves = Vec::new();
        let mut first = 0;
        for commit in self.changes.chunk_by(|a, b| a.version.commit == b.version.commit) {
            let taken = |change: &&Change| change.version.blob.is_none() && change.before.is_some();
            for (at, new) in commit.iter().enumerate().filter(|(_, new)| new.is_new && new.from.is_none()) {
                let Some(blob) = &new.version.blob else { continue };
                for old in commit.iter().filter(taken) {
                    if is_one(blob, old.before.as_deref().unwrap_or_default())? {
                        moves.push((first + at, old.path.clone()));
                        break;
                    }
                }
            }
            first += commit.len();
        }
        moves.into_iter().for_each(|(at, old)| self.changes[at].from = Some(old));
        Ok(())
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
