//! `gh pmu`: joins command line, configuration, commands and output. Owns the order of those steps, the clock and the
//! exit code; everything else is below.
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_macros,
        clippy::disallowed_methods,
        reason = "tests have surroundings and a clock of their own"
    )
)]

mod cli;
mod command;
mod config;
mod exit;
mod near;
mod output;
mod source;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use gh_pmu::model::Repo;
use gh_pmu::sync::{History, Now};

use cli::{Asked, Clock};
use command::delegate::{self, Delegated};
use command::{Command, ROOT, Ready, completion, home};
use config::{Config, PagerCommand, TerminalWishes, process_env};
use exit::{Error, Exit};
use output::{Output, Stream, Terminal};
use source::Context;

/// musl's own asks the system for almost every page on its own, and gives it back at once.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[allow(clippy::disallowed_methods, reason = "main takes the parts of the process, to pass them down")]
fn main() -> ExitCode {
    let clock = now();
    let now = clock.millis();
    let terminal = Terminal::detect(&TerminalWishes::read(&process_env));
    let mut out = Stream::stdout();
    // Not locked: signs of progress come from a thread of their own.
    let mut err = std::io::stderr();
    let pager = || PagerCommand::read(&process_env);
    let mut output = Output::new(&mut out, &mut err, terminal, &pager, now);
    let exit = run(clock, &mut output).unwrap_or_else(|error| {
        output.error(&error);
        error.exit()
    });
    exit.into()
}

#[allow(clippy::disallowed_methods, reason = "main takes the parts of the process, to pass them down")]
fn run(now: Now, output: &mut Output<'_>) -> Result<Exit, Error> {
    let clock = Clock { now: now.millis(), zone: &config::local_zone };
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (given, read) = match cli::parse(&ROOT, args.iter().cloned(), clock)? {
        Asked::Help(spec) => return output.page(|bold| cli::help::help(spec, bold)).map(|()| Exit::Done),
        Asked::Topic(text) => return output.page(|_| text.to_owned()).map(|()| Exit::Done),
        Asked::Next(next) => {
            return with_context((clock, now), About::Many, output, |_, context| completion::complete(next, context))?
                .map(|()| Exit::Done);
        }
        Asked::Nothing(repo) => {
            let about = About::One(repo.as_deref());
            let said = with_context((clock, now), about, output, home::run).flatten();
            // Help needs no surroundings; what is wrong with them is told all the same.
            let is_said = said.unwrap_or_else(|error| {
                output.warn(&error.to_string());
                false
            });
            if !is_said {
                output.page(|bold| cli::help::help(&ROOT, bold))?;
            }
            return Ok(Exit::Done);
        }
        Asked::Version => {
            return output.line(concat!("gh pmu version ", env!("CARGO_PKG_VERSION"))).map(|()| Exit::Done);
        }
        Asked::Unknown(words, unknown) => {
            let delegated = Delegated { words: &words, args: &args, unknown };
            let (exit, is_of_trackers) = delegate::run(delegated, &process_env)?;
            if is_of_trackers {
                let repo = About::One(delegate::repo_of(&args));
                with_context((clock, now), repo, output, delegate::refresh)?;
            }
            return Ok(exit);
        }
        Asked::Run(given, read) => (given, read),
    };
    match command::read(&given, *read)? {
        Ready::Bare(command) => command.run(cwd(), output),
        Ready::Cached(command) if command.of_many().is_some() => {
            with_context((clock, now), About::Many, output, |_, context| run_cached(&*command, None, context))?
        }
        Ready::Cached(command) => with_context((clock, now), About::One(given.repo()), output, |named, context| {
            run_cached(&*command, named, context)
        })?,
    }
}

fn run_cached(command: &dyn Command, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
    if !command.needs_no_cache() {
        context.config.check_cache_dir()?;
    }
    let exit = command.run(named, context)?;
    Ok(if exit == Exit::Done && context.falls_short { Exit::Failed } else { exit })
}

/// What a command is about.
enum About<'a> {
    /// The repository that `--repo` names, or else GH_REPO or the checkout.
    One(Option<&'a str>),
    /// More than one.
    Many,
}

/// Looks at the surroundings, and runs what works with them.
#[allow(clippy::disallowed_methods, reason = "main takes the parts of the process, to pass them down")]
fn with_context<T>(
    (clock, now): (Clock<'_>, Now),
    about: About<'_>,
    output: &mut Output<'_>,
    run: impl FnOnce(Option<Repo>, &mut Context<'_, '_>) -> T,
) -> Result<T, Error> {
    let cwd = cwd();
    let config = Config::load(&process_env, cwd.as_deref().ok())?;
    config.warnings.iter().for_each(|warning| output.warn(warning));
    let named = match about {
        About::Many => None,
        About::One(repo) => config.named_repo(repo)?,
    };
    match cwd {
        // Whoever names a repository need not stand in one.
        Err(error) if named.is_none() && matches!(about, About::One(_)) => Err(error),
        _ => {
            let start = std::time::Instant::now();
            let elapsed = || start.elapsed();
            let history = if config.cache.keeps_history() { History::AtHand } else { History::None };
            Ok(run(
                named,
                &mut Context {
                    config: &config,
                    output,
                    clock,
                    now,
                    elapsed: &elapsed,
                    history,
                    is_set_aside: false,
                    does_without: false,
                    is_without_past: false,
                    falls_short: false,
                },
            ))
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that asks for the directory")]
fn cwd() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|error| {
        let error = Error::new(format!("cannot read the name of the working directory: {error}"));
        error.with_hint("Change to a directory that is there, or use `--repo OWNER/REPO`.")
    })
}

/// The only reading of the clock.
#[allow(clippy::disallowed_methods, reason = "main takes the parts of the process, to pass them down")]
fn now() -> Now {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos());
    Now { nanos: i64::try_from(age).unwrap_or(i64::MAX) }
}
