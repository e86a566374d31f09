//! `completion`: scripts for shells, and what they ask for while somebody types.

use std::path::PathBuf;

use gh_pmu::model::{Kind, Repo, TitleParts, Tracker};
use gh_pmu::store::{View, Whose, open_all};

use super::form::{BareCommand, Spec, bare};
use crate::cli::Given;
use crate::cli::complete::{Completion, Next};
use crate::cli::spec::{Valued, Words, word};
use crate::exit::{Error, Exit};
use crate::output::{Output, is_deceptive, visible_line};
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
/// At most so many events are named.
const EVENTS: u64 = 10;

/// Prints what can come next, one to a line, with what it means after a tab.
///
/// # Errors
/// Standard output is closed.
pub fn complete(completion: Completion, context: &mut Context<'_, '_>) -> Result<(), Error> {
    let Completion { prefix, next, repo } = completion;
    let said = |words: Vec<(&'static str, &'static str)>| {
        words.into_iter().map(|(word, meaning)| (word.to_owned(), meaning.to_owned()))
    };
    // Whoever types is not told what is wrong with the cache.
    let found: Vec<(String, String)> = match next {
        Next::Words(words) => said(words).collect(),
        Next::Repository => repositories(context).into_iter().map(|repo| (repo.to_string(), String::new())).collect(),
        Next::Owner => owners(context),
        Next::Number => view(repo.as_deref(), context).iter().flat_map(numbers).collect(),
        Next::Tracker(kind) => view(repo.as_deref(), context).iter().flat_map(|view| trackers(view, kind)).collect(),
        Next::Moment(words) => {
            let events = view(repo.as_deref(), context).map_or(Vec::new(), |view| events(&view));
            said(words).chain(events).collect()
        }
    };
    for (word, meaning) in found {
        // What would break a line, or a column, or deceive is nothing that somebody can type; shells show it as it is.
        if !word.is_empty() && !word.contains(is_deceptive) {
            context.output.line(&format!("{prefix}{word}\t{}", visible_line(&meaning)))?;
        }
    }
    Ok(())
}

fn repositories(context: &Context<'_, '_>) -> Vec<Repo> {
    let opened = open_all(&DISK, &context.config.cache_dir, Whose::default()).unwrap_or_default();
    let views = opened.into_iter().flatten();
    views.filter_map(|view| Repo::parse(view.repo(), Repo::DEFAULT_HOST).ok()).take(MANY).collect()
}

fn owners(context: &Context<'_, '_>) -> Vec<(String, String)> {
    let mut owners: Vec<String> = repositories(context).iter().map(|repo| repo.owner().to_owned()).collect();
    owners.sort_by_key(|owner| owner.to_ascii_lowercase());
    owners.dedup_by_key(|owner| owner.to_ascii_lowercase());
    owners.into_iter().map(|owner| (owner, String::new())).collect()
}

/// What is cached of the repository that is named, or here.
fn view(repo: Option<&str>, context: &Context<'_, '_>) -> Option<View> {
    let named = match repo {
        Some(repo) => Some(Repo::parse(repo, &context.hosting().default_host()).ok()?),
        None => None,
    };
    let repo = context.repo(named, context.located().as_ref()).ok()?;
    context.store(&repo).view().ok()?
}

fn numbers(view: &View) -> Vec<(String, String)> {
    let trackers = view.trackers().take(MANY).map_while(Result::ok);
    trackers.map(|item| (item.tracker.number.to_string(), item.tracker.title.into_owned())).collect()
}

/// By what people call them, and by their numbers.
fn trackers(view: &View, kind: Kind) -> Vec<(String, String)> {
    let items: Vec<_> = view.items(kind, None).take(MANY).map_while(Result::ok).collect();
    let called = |tracker: &Tracker<'_>| {
        let parts = TitleParts::of(kind, &tracker.title);
        if kind == Kind::Release { parts.version } else { Some(parts.name) }.map(str::to_owned)
    };
    let named = items.iter().filter_map(|item| Some((called(&item.tracker)?, item.tracker.title.to_string())));
    let numbered = items.iter().map(|item| (item.tracker.number.to_string(), item.tracker.title.to_string()));
    let latest = ("latest".to_owned(), "the newest one".to_owned());
    std::iter::once(latest).chain(named).chain(numbered).collect()
}

fn events(view: &View) -> Vec<(String, String)> {
    let last = view.seq().0;
    let first = last.saturating_sub(EVENTS - 1).max(view.history_start().0);
    (first..=last).rev().map(|seq| (format!("@{seq}"), String::new())).collect()
}
