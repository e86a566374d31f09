//! One file a command: from options to an answer. Owns what each command does, in which order; must not know how
//! options were written or how answers look.

mod history;
mod list;
mod status;

use gh_pmu::model::Repo;

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
        Command::List(options) => list::run(options, repo, context),
        Command::History(options) => history::run(options, repo, context),
        Command::Status(options) => status::run(options, repo, context),
        _ => Err(nothing_cached(repo.as_ref())),
    }
}

/// There is no cache to work with.
fn nothing_cached(repo: Option<&Repo>) -> Error {
    match repo {
        Some(repo) => Error::new(format!("nothing is cached of {repo}")),
        None => Error::new("nothing is cached"),
    }
}

/// The repository that the command is about, where it is not about all.
fn required(repo: Option<Repo>) -> Result<Repo, Error> {
    repo.ok_or_else(|| Error::new("no repository is named").with_hint("Use `--repo`, or a checkout with a manifest."))
}
