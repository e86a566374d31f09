//! The command line all peers have, and what differs between them: a trait of two verbs.
//!
//! ```text
//! PEER sync [--no-diff] MANIFEST DB
//! PEER list-open [-L N] DB
//! PEER list-all DB
//! ```
//! `DB` is a directory, made by `sync`.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::tsv::{Line, Tsv};

/// A store that can be synced with a manifest and listed.
pub trait Peer {
    /// # Errors
    /// The manifest cannot be read, or the store fails.
    fn sync(manifest: &Path, db: &Path, with_diff: bool) -> Result<()>;

    /// Hands the releases to `list` in descending order of number until it returns false.
    ///
    /// # Errors
    /// The store fails, or standard output does.
    fn list(db: &Path, list: &mut List) -> Result<()>;
}

/// Which releases are wanted; prints them.
pub struct List {
    pub only_open: bool,
    pub left: usize,
    tsv: Tsv,
}

impl List {
    /// Prints one line. False: that was the last one wanted.
    pub fn push(&mut self, line: &Line<'_>) -> Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        self.tsv.line(line)?;
        self.left -= 1;
        Ok(self.left > 0)
    }
}

/// Runs a peer's command line.
///
/// # Errors
/// Wrong arguments, or the command's own failure.
pub fn run<P: Peer>() -> Result<()> {
    let mut verb = None;
    let mut paths: Vec<PathBuf> = Vec::new();
    let (mut with_diff, mut limit) = (true, usize::MAX);
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--no-diff" {
            with_diff = false;
        } else if arg == "-L" {
            let value = args.next().ok_or("-L needs a number")?;
            limit = value.to_str().ok_or("-L needs a number")?.parse()?;
        } else if verb.is_none() {
            verb = Some(arg);
        } else {
            paths.push(arg.into());
        }
    }
    let verb = verb.unwrap_or_default();
    match (verb.to_str(), paths.as_slice()) {
        (Some("sync"), [manifest, db]) => P::sync(manifest, db, with_diff),
        (Some(verb @ ("list-open" | "list-all")), [db]) => {
            let mut list = List { only_open: verb == "list-open", left: limit, tsv: Tsv::stdout()? };
            P::list(db, &mut list)?;
            Ok(list.tsv.finish()?)
        }
        _ => Err("usage: sync [--no-diff] MANIFEST DB | list-open [-L N] DB | list-all DB".into()),
    }
}
