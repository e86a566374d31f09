//! One file a command: its words, its arguments, and what it does. Owns the tree of commands; each file owns its own
//! command, and must not know how flags are parsed or how answers look.

mod cache_status;
mod changes;
mod clear;
mod compact;
pub mod completion;
pub mod delegate;
mod export;
mod export_since;
mod follow;
mod form;
mod history;
pub mod home;
mod init;
mod last;
mod list;
mod rebuild;
mod repair;
mod replace;
mod status;
mod sync;
mod sync_many;
mod synced;
mod timeline;
mod verify;
mod view;
mod web;

use crate::cli::Given;
use crate::cli::spec::VERSION;
use crate::exit::Error;
pub use form::{Command, Ready};
use form::{Read, Spec};

const RELEASE: Spec = Spec {
    examples: "$ gh pmu release list --state open\n$ gh pmu release list --as-of 2024-12-24",
    ..Spec::group("release", "gh pmu release", "List and view releases", &[&list::RELEASE, &view::RELEASE])
};

const MICROSPRINT: Spec = Spec {
    examples: "$ gh pmu microsprint list --state open",
    ..Spec::group(
        "microsprint",
        "gh pmu microsprint",
        "List and view microsprints",
        &[&list::MICROSPRINT, &view::MICROSPRINT],
    )
};

const CACHE: Spec = Spec {
    examples: "$ gh pmu cache status\n$ gh pmu cache history --since yesterday\n$ gh pmu cache sync",
    ..Spec::group(
        "cache",
        "gh pmu cache",
        "Work with the cache of trackers",
        &[
            &clear::SPEC,
            &compact::SPEC,
            &export::SPEC,
            &history::SPEC,
            &rebuild::SPEC,
            &repair::SPEC,
            &cache_status::SPEC,
            &sync::SPEC,
            &verify::SPEC,
        ],
    )
};

/// The program itself.
pub const ROOT: Spec = Spec {
    long: "List the releases and microsprints of a repository, and what changed, from a local cache.\n\n\
           A tracker is a GitHub issue that stands for a release or a microsprint. It has a label such as `release`, \
           and a title such as \"Release: v1.2.0 (Phoenix)\". A workflow of the repository publishes its trackers in the \
           file .github/pmu-cache.json (the manifest); this program reads them from there, without the network. If \
           there is no manifest, GitHub is asked for the issues.",
    flags: &[&VERSION.0],
    examples: "$ gh pmu release list\n$ gh pmu microsprint list --state open\n$ gh pmu cache history --since yesterday",
    ..Spec::group(
        "gh-pmu",
        "gh pmu",
        "List release and microsprint trackers",
        &[&CACHE, &completion::SPEC, &init::SPEC, &MICROSPRINT, &RELEASE, &status::SPEC, &timeline::SPEC],
    )
};

/// Reads the arguments of a command.
///
/// # Errors
/// [`Error::Usage`], in gh's words.
pub fn read(given: &Given<'_>, read: Read) -> Result<Ready, Error> {
    let ready = read(given)?;
    match &ready {
        Ready::Cached(command) if given.repo().is_some() => match command.of_many() {
            Some(flag) => Err(given.wrong(format!("cannot use `--{flag}` with `--repo`"))),
            None => Ok(ready),
        },
        _ => Ok(ready),
    }
}

#[cfg(test)]
mod tests;
