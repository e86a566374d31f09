//! Where a file is by what other files of the repository say: configurations, which can name another path in each
//! commit. What a commit's own configuration names counts, so that everybody finds the same file, whenever they look.

use std::collections::BTreeMap;

use super::blobs::{Blob, Blobs};
use super::changes::Change;
use super::checkout::Checkout;
use super::error::GitError;

/// A configuration is a page; in a longer one nothing is looked for.
const MAX_LEN: u64 = 1 << 20;

/// What in a repository says where a file is.
#[derive(Clone, Debug)]
pub struct Naming {
    /// The nearest directory with configurations, as git spells it; empty for the root. Those above it count where it has
    /// none.
    pub dir: String,
    /// What configurations are called, the one that goes first first.
    pub names: &'static [&'static str],
    /// Whether the path that they name is seen from that directory, and not from the root.
    pub is_beside: bool,
    /// Where the file is if they name nothing.
    pub usual: &'static str,
    /// The path that a configuration names; `None` if it says nothing of the file.
    pub read: fn(&[u8]) -> Option<String>,
}

/// Where the file is that a log is of.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// Its path, where no commit says another one.
    pub path: &'p str,
    /// Where such a file mostly is.
    pub usual: &'p str,
    /// What says so in each commit.
    pub naming: Option<&'p Naming>,
}

/// The configurations that a commit has: their paths, and git's names of their contents.
pub(super) type Tree = BTreeMap<String, String>;

/// Reads what configurations say, each content once.
pub(super) struct Names<'c> {
    checkout: &'c Checkout,
    naming: &'c Naming,
    /// The configurations' paths: by directory, the nearest first.
    files: Vec<Vec<String>>,
    blobs: Option<Blobs>,
    said: BTreeMap<String, Option<String>>,
}

impl<'c> Names<'c> {
    pub(super) fn of(checkout: &'c Checkout, naming: &'c Naming) -> Self {
        let mut dirs = vec![naming.dir.as_str()];
        while let Some(dir) = dirs.last().filter(|dir| !dir.is_empty()) {
            dirs.push(dir.rsplit_once('/').map_or("", |(above, _)| above));
        }
        let files = dirs.iter().map(|dir| naming.names.iter().map(|name| below(dir, name)).collect()).collect();
        Self { checkout, naming, files, blobs: None, said: BTreeMap::new() }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().flatten().map(String::as_str)
    }

    /// Where the file is if no configuration says so.
    pub(super) fn usual(&self) -> String {
        self.named(self.naming.usual)
    }

    fn named(&self, path: &str) -> String {
        below(if self.naming.is_beside { &self.naming.dir } else { "" }, path)
    }

    /// The configurations of a commit.
    pub(super) fn tree(&self, commit: &[u8]) -> Result<Tree, GitError> {
        self.checkout.entries(commit, &self.files().collect::<Vec<_>>())
    }

    /// The path that the configurations of a commit name.
    pub(super) fn path(&mut self, tree: &Tree) -> Result<String, GitError> {
        let in_tree = |dir: &Vec<String>| dir.iter().filter_map(|file| tree.get(file)).collect::<Vec<_>>();
        // One that says nothing says: the usual path, whatever those of the directories above say.
        for blob in self.files.iter().map(in_tree).find(|here| !here.is_empty()).unwrap_or_default() {
            if let Some(path) = self.said(blob)? {
                return Ok(self.named(&path));
            }
        }
        Ok(self.usual())
    }

    fn said(&mut self, blob: &str) -> Result<Option<String>, GitError> {
        if let Some(said) = self.said.get(blob) {
            return Ok(said.clone());
        }
        let said = match self.checkout.blob(&mut self.blobs, blob, MAX_LEN)? {
            Blob::Bytes(bytes) => (self.naming.read)(&bytes),
            Blob::TooLong { .. } | Blob::Missing => None,
        };
        self.said.insert(blob.to_owned(), said.clone());
        Ok(said)
    }

    /// The newest commit among the changes, newest first, that has the configurations name another path than its parent:
    /// the index of its last change, and that path. The tree is taken back to that of the parent, or of the oldest.
    pub(super) fn switch(
        &mut self,
        changes: &[Change],
        (tree, name): (&mut Tree, &str),
    ) -> Result<Option<(usize, String)>, GitError> {
        let is_configuration = |change: &Change| self.files().any(|file| file == change.path);
        let ours: Vec<(usize, &Change)> =
            changes.iter().enumerate().filter(|(_, change)| is_configuration(change)).collect();
        for commit in ours.chunk_by(|(_, a), (_, b)| a.version.commit == b.version.commit) {
            for (_, change) in commit {
                match &change.before {
                    Some(blob) => tree.insert(change.path.clone(), blob.clone()),
                    None => tree.remove(&change.path),
                };
            }
            let before = self.path(tree)?;
            if before != name {
                // OK because a chunk is never empty.
                let (first, change) = commit.first().expect("a chunk");
                let commit = &change.version.commit;
                let more = changes[*first..].iter().take_while(|change| change.version.commit == *commit).count();
                return Ok(Some((first + more - 1, before)));
            }
        }
        Ok(None)
    }
}

/// A path below a directory; that of the root is empty.
fn below(dir: &str, path: &str) -> String {
    if dir.is_empty() { path.to_owned() } else { format!("{dir}/{path}") }
}
