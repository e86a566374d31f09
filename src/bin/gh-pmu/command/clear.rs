//! `cache clear`.

use gh_pmu::model::Repo;
use gh_pmu::store::Store;

use super::form::{Command, Spec, cached};
use crate::cli::Given;
use crate::cli::spec::{Switch, switch};
use crate::exit::{Error, Exit};
use crate::source::{Context, DISK};

const ALL: Switch = switch("all", "Remove the cache of every repository");
const YES: Switch = switch("yes", "Skip the confirmation prompt");

/// The words of `cache clear`.
pub const SPEC: Spec = Spec {
    long: "Remove the cache of a repository, or of all. Only the cache's own files are removed.",
    flags: &[&ALL.0, &YES.0],
    examples: "$ gh pmu cache clear\n$ gh pmu cache clear --all --yes",
    ..Spec::command("clear", "gh pmu cache clear", "Remove the cache of a repository, or of all", |given| {
        cached(Args::read(given))
    })
};

struct Args {
    all: bool,
    /// Do not ask.
    yes: bool,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        Ok(Self { all: given.is_set(&ALL), yes: given.is_set(&YES) })
    }
}

impl Command for Args {
    fn of_many(&self) -> Option<&'static str> {
        self.all.then_some(ALL.0.long)
    }

    /// Removes the cache of one repository, or of all.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let (stores, what, nothing) = match self.all {
            true => {
                let dir = context.config.cache_dir.display();
                let stores = Store::all(&DISK, &context.config.cache_dir)?;
                (stores, format!("all repositories in {dir}"), format!("nothing is cached in {dir}"))
            }
            false => {
                let located = context.located();
                let repo = context.repo(named, located.as_ref())?;
                (vec![context.store(&repo)], repo.to_string(), format!("nothing is cached of {repo}"))
            }
        };
        if !self.yes {
            context.output.confirm(&format!("Remove the cache of {what}, with its history?"), "yes")?;
        }
        let mut cleared = 0;
        for store in &stores {
            cleared += u64::from(store.clear()?);
        }
        if self.all {
            gh_pmu::sync::forget_checkouts(&DISK, &context.config.cache_dir);
        }
        match cleared {
            0 => context.output.success(&nothing)?,
            _ => context.output.success(&format!("removed the cache of {what}"))?,
        }
        Ok(Exit::Done)
    }
}
