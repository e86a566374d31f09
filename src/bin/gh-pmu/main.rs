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
mod output;
mod source;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use gh_pmu::sync::Now;
use jiff::tz::TimeZone;

use cli::{Asked, Clock};
use command::{ROOT, Ready};
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
    let clock = Clock { now: now.millis(), zone: &TimeZone::system };
    let (given, read) = match cli::parse(&ROOT, std::env::args_os().skip(1), clock)? {
        Asked::Help(spec) => return output.page(|bold| cli::help::help(spec, bold)).map(|()| Exit::Done),
        Asked::Version => {
            return output.line(concat!("gh pmu version ", env!("CARGO_PKG_VERSION"))).map(|()| Exit::Done);
        }
        Asked::Run(given, read) => (given, read),
    };
    match command::read(&given, *read)? {
        Ready::Bare(command) => command.run(cwd(), output),
        Ready::Cached(command) => {
            let config = Config::load(&process_env, &cwd()?)?;
            config.warnings.iter().for_each(|warning| output.warn(warning));
            let named = match command.of_many() {
                Some(_) => None,
                None => config.named_repo(given.repo())?,
            };
            command.run(named, &mut Context { config: &config, output, clock, now })
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "main takes the parts of the process, to pass them down")]
fn cwd() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|error| Error::new(format!("cannot tell the working directory: {error}")))
}

/// The only reading of the clock.
#[allow(clippy::disallowed_methods, reason = "main takes the parts of the process, to pass them down")]
fn now() -> Now {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos());
    Now { nanos: i64::try_from(age).unwrap_or(i64::MAX) }
}
