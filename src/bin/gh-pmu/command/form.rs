//! The form of a command: its words, what reads its arguments, and what it does then. Owns that form; must not know any
//! command.

use std::path::PathBuf;

use gh_pmu::model::Repo;

use crate::cli::{self, Given};
use crate::exit::{Error, Exit};
use crate::output::Output;
use crate::source::Context;

/// The words of one command or group.
pub type Spec = cli::Spec<Read>;

/// Reads the arguments of a command; nothing of the surroundings was looked at yet.
pub type Read = fn(&Given<'_>) -> Result<Ready, Error>;

/// A command with its arguments, ready to run.
pub enum Ready {
    /// It works with the cache.
    Cached(Box<dyn Command>),
    /// It runs without the configuration, which may be broken or missing.
    Bare(Box<dyn BareCommand>),
}

/// A command that works with the cache.
pub trait Command {
    /// The flag by which it is about more than one repository, if that was given: it excludes `--repo`.
    fn of_many(&self) -> Option<&'static str> {
        None
    }

    /// Whether it has an answer where nothing can be recorded.
    fn needs_no_cache(&self) -> bool {
        false
    }

    /// Does what was asked; `named` is the repository of `--repo` or `GH_REPO`.
    ///
    /// # Errors
    /// The sentence that standard error gets, and the exit code.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error>;
}

/// A command that runs without the configuration.
pub trait BareCommand {
    /// Does what was asked; `cwd` is the working directory.
    ///
    /// # Errors
    /// As [`Command::run`].
    fn run(&self, cwd: Result<PathBuf, Error>, output: &mut Output<'_>) -> Result<Exit, Error>;
}

/// Boxes what was read of a command that works with the cache.
///
/// # Errors
/// What was wrong with the arguments.
pub fn cached<C: Command + 'static>(args: Result<C, Error>) -> Result<Ready, Error> {
    args.map(|args| Ready::Cached(Box::new(args)))
}

/// Boxes what was read of a command that runs without the configuration.
///
/// # Errors
/// What was wrong with the arguments.
pub fn bare<C: BareCommand + 'static>(args: Result<C, Error>) -> Result<Ready, Error> {
    args.map(|args| Ready::Bare(Box::new(args)))
}
