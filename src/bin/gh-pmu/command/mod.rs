//! One file a command: from options to an answer. Owns what each command does, in which order; must not know how
//! options were written or how answers look.

mod age;
mod clear;
mod compact;
mod export;
mod github;
mod history;
pub mod init;
mod list;
mod rebuild;
mod repair;
mod sources;
mod status;
mod sync;
mod verify;
mod web;

use gh_pmu::model::{Repo, Seq};
use gh_pmu::store::View;
use gh_pmu::sync::Now;

use crate::args::{Clock, Command, Invocation};
use crate::config::Config;
use crate::exit::{Error, Exit};
use crate::output::Output;

/// What every command has at hand.
pub struct Context<'c, 'o> {
    /// The surroundings.
    pub config: &'c Config,
    /// The printer.
    pub output: &'c mut Output<'o>,
    /// The present, and the local time zone.
    pub clock: Clock<'c>,
    /// The present, to the nanosecond.
    pub now: Now,
}

/// Does what was asked.
///
/// # Errors
/// The sentence that standard error gets, and the exit code.
pub fn run(invocation: &Invocation, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    let repo = match invocation.command.is_of_all_repos() {
        true => None,
        false => context.config.named_repo(invocation.repo.as_deref())?,
    };
    match &invocation.command {
        // Answered before the surroundings were looked at.
        Command::Help(_) | Command::Version | Command::Init(_) => Ok(Exit::Done),
        Command::List(options) => list::run(options, repo, context),
        Command::Sync { force } => sync::run(*force, repo, context),
        Command::Status(options) => status::run(options, repo, context),
        Command::History(options) => history::run(options, repo, context),
        Command::Compact(options) => compact::run(options, repo, context),
        Command::Verify { json } => verify::run(*json, repo, context),
        Command::Clear(options) => clear::run(options, repo, context),
        Command::Repair => repair::run(repo, context),
        Command::Rebuild => rebuild::run(repo, context),
        Command::Export(options) => export::run(options, repo, context),
    }
}

/// The event that is named is yet to come.
fn no_such_event(repo: &Repo, view: &View, asked: Seq) -> Error {
    Error::new(format!("the last event of {repo} is {}, not {asked}", view.seq()))
}

/// There is no cache to work with.
fn nothing_cached(repo: Option<&Repo>) -> Error {
    match repo {
        Some(repo) => Error::new(format!("nothing is cached of {repo}"))
            .with_hint(format!("Run `gh pmu cache sync --repo {repo}`.")),
        None => Error::new("nothing is cached").with_hint("Run `gh pmu cache sync` in a checkout that has a manifest."),
    }
}
