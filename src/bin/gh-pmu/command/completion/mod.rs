//! `completion`: scripts for shells, and what they ask for while somebody types.

use std::path::PathBuf;

use gh_pmu::model::Repo;
use gh_pmu::store::Store;

use super::frame::{BareCommand, Spec, bare};
use crate::cli::Given;
use crate::cli::complete::Next;
use crate::cli::spec::{Valued, Words, word};
use crate::exit::{Error, Exit};
use crate::output::Output;
use crate::source::{Context, DISK};

const SHELL: Valued<Shell> = word("shell", Some('s'), "Shell type: {bash|zsh|fish|powershell}");

/// The words of `completion`.
pub const SPEC: Spec = Spec {
    long: "Print a script that completes the commands, flags and values of this program in your shell, for `gh pmu` too: \
           versions, numbers and repositories come from the cache.\n\n\
           Load it where your shell starts, after gh's own completion.",
    flags: &[&SHELL.flag],
    examples: "$ eval \"$(gh pmu completion -s bash)\"\n\
               $ eval \"$(gh pmu completion -s zsh)\"\n\
               $ gh pmu completion -s fish | source",
    ..Spec::command("completion", "gh pmu completion", "Generate shell completion scripts", |given| {
        bare(Args::read(given))
    })
};

#[derive(Clone, Copy, Debug)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Power,
}

impl Words for Shell {
    const WORDS: &'static [(&'static str, Self)] =
        &[("bash", Shell::Bash), ("zsh", Shell::Zsh), ("fish", Shell::Fish), ("powershell", Shell::Power)];
}

struct Args {
    shell: Shell,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        match given.value(&SHELL)? {
            Some(shell) => Ok(Self { shell }),
            None => Err(given.wrong("the value for `--shell` is required: bash, zsh, fish or powershell")),
        }
    }
}

impl BareCommand for Args {
    fn run(&self, _: Result<PathBuf, Error>, output: &mut Output<'_>) -> Result<Exit, Error> {
        let script = match self.shell {
            Shell::Bash => include_str!("completion.bash"),
            Shell::Zsh => include_str!("completion.zsh"),
            Shell::Fish => include_str!("completion.fish"),
            Shell::Power => include_str!("completion.ps1"),
        };
        script.lines().try_for_each(|line| output.line(line)).map(|()| Exit::Done)
    }
}

/// At most so many come from the cache.
const MANY: usize = 500;

/// Prints what can come next, one to a line, with what it means after a tab.
///
/// # Errors
/// Standard output is closed.
pub fn complete(next: Next, context: &mut Context<'_, '_>) -> Result<(), Error> {
    let lines: Vec<String> = match next {
        Next::Words(words) => words.into_iter().map(|(word, meaning)| format!("{word}\t{meaning}")).collect(),
        Next::Repository => repositories(context),
        Next::Number => numbers(context),
    };
    lines.iter().try_for_each(|line| context.output.line(line))
}

fn repositories(context: &Context<'_, '_>) -> Vec<String> {
    // Whoever types is not told what is wrong with the cache.
    let stores = Store::all(&DISK, &context.config.cache_dir, None).unwrap_or_default();
    let views = stores.iter().take(MANY).filter_map(|store| store.view().ok().flatten());
    views.filter_map(|view| Repo::parse(view.repo(), Repo::DEFAULT_HOST).ok()).map(|repo| format!("{repo}\t")).collect()
}

fn numbers(context: &Context<'_, '_>) -> Vec<String> {
    let Some(located) = context.located() else { return Vec::new() };
    let view = context.repo(None, Some(&located)).ok().and_then(|repo| context.store(&repo).view().ok().flatten());
    let Some(view) = view else { return Vec::new() };
    let trackers = view.trackers().take(MANY).map_while(Result::ok);
    trackers.map(|item| format!("{}\t{}", item.tracker.number, item.tracker.title)).collect()
}
