//! What `git log --raw` prints: commits, and what each did to files.

use super::error::GitError;
use super::refs::{CommitId, unhex};
use crate::model::UnixMillis;

/// What each commit of the log begins with; its fields follow.
const COMMIT: char = '\u{1}';
/// Has git print that.
pub(super) const FORMAT: &str = "--format=tformat:%x01%H %ct %P";
/// The modes of a regular file.
pub(super) const FILE_MODES: [&str; 2] = ["100644", "100755"];

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

/// What one commit did to a file.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) version: FileVersion,
    pub(super) path: String,
    /// Git's name of the content that the parent has at the path.
    pub(super) before: Option<String>,
    /// The file's path before, if it was moved.
    pub(super) from: Option<String>,
    /// The commit's first parent.
    pub(super) parent: Option<CommitId>,
    /// Whether the parent has no such file.
    pub(super) is_new: bool,
}

/// The first parent of the oldest commit in the log, and what the commits changed, newest first.
pub(super) type Walked = (Option<Option<CommitId>>, Vec<Change>);

/// Reads `git log -z --raw`: a commit's line, then for each file a line of modes, names of content and a status, and the
/// path; of a file that was moved, two paths.
pub(super) fn changes(printed: &[u8]) -> Result<Walked, GitError> {
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
            let [old_mode, mode, old, blob, status] = fields[..] else { return Err(wrong()) };
            let first = words.next().ok_or_else(wrong)?.to_owned();
            let (path, from) = match status.starts_with('R') {
                true => (words.next().ok_or_else(wrong)?.to_owned(), Some(first)),
                false => (first, None),
            };
            let before = FILE_MODES.contains(&old_mode).then(|| old.to_owned());
            let blob = FILE_MODES.contains(&mode).then(|| blob.to_owned());
            let version = FileVersion { commit: id.clone(), committed_at: *committed_at, blob };
            let is_new = matches!(status, "A") || from.is_some();
            changes.push(Change { version, path, before, from, parent: parent.clone(), is_new });
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
        let time = fields.next()?.parse::<i64>().map(|seconds| UnixMillis::saturating(seconds.saturating_mul(1000)));
        let parent = fields.next().filter(|parent| !parent.is_empty());
        let parent = parent.map(|parent| unhex(parent.as_bytes())).map_or(Some(None), |parent| parent.map(Some))?;
        // Git prints nothing for a time that it cannot tell: no version is dated after that.
        Some(Self { id, committed_at: time.unwrap_or(UnixMillis::MAX), parent })
    }
}
