//! The command line: from arguments to one [`Invocation`]. Owns names, flags and their error sentences; must not know
//! the environment, the store or how anything is printed.

mod flags;
mod help;
mod options;
mod range;
mod spec;
mod when;

use gh_pmu::model::UnixMillis;
use jiff::tz::TimeZone;

use crate::exit::Error;
use flags::Flags;
use spec::{ROOT, Spec};

pub use options::{
    ClearOptions, Command, CompactOptions, ExportFormat, ExportOptions, HistoryOptions, InitOptions, JsonOptions,
    JsonShape, ListOptions, StatusOptions,
};
#[cfg(test)]
pub use spec::TRACKER_FIELDS;
pub use when::When;

/// What the program was asked to do.
#[derive(Debug)]
pub struct Invocation {
    /// The value of `--repo`.
    pub repo: Option<String>,
    /// What to do.
    pub command: Command,
}

/// Where "now" and "here" come from.
#[derive(Clone, Copy)]
pub struct Clock<'c> {
    /// The present.
    pub now: UnixMillis,
    /// The local time zone, asked for only where dates need it.
    pub zone: &'c dyn Fn() -> TimeZone,
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// [`Error::Usage`], in gh's words.
pub fn parse(args: impl IntoIterator<Item = std::ffi::OsString>, clock: Clock<'_>) -> Result<Invocation, Error> {
    let mut text = Vec::with_capacity(8);
    for arg in args {
        text.push(arg.into_string().map_err(|arg| wrong(&ROOT, format!("{arg:?} is not UTF-8")))?);
    }
    let (spec, rest) = route(text)?;
    let flags = Flags::parse(spec, &rest).map_err(|message| wrong(spec, message))?;
    let repo = flags.text("repo").map(str::to_owned);
    if flags.switch("help") {
        return Ok(Invocation { repo, command: Command::Help(HelpPage(spec)) });
    }
    if !spec.commands.is_empty() {
        return group(spec, &flags).map(|command| Invocation { repo, command });
    }
    extra(spec, &flags)?;
    let command = options::read(spec, &flags, clock)?;
    if repo.is_some() && matches!(command, Command::Init(_)) {
        return Err(wrong(spec, "cannot use `--repo`: init sets up the checkout it is run in".to_owned()));
    }
    if repo.is_some() && command.is_of_all_repos() {
        let flag = if matches!(command, Command::Clear(_)) { "all" } else { "all-repos" };
        return Err(wrong(spec, format!("cannot use `--{flag}` with `--repo`")));
    }
    Ok(Invocation { repo, command })
}

/// One page of help.
#[derive(Clone, Copy)]
pub struct HelpPage(&'static Spec);

impl HelpPage {
    /// The text; `bold` wraps a heading.
    pub fn text(self, bold: &dyn Fn(&str) -> String) -> String {
        help::help(self.0, bold)
    }
}

impl std::fmt::Debug for HelpPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HelpPage({})", self.0.path)
    }
}

/// Finds the command; what remains are its flags and arguments.
fn route(args: Vec<String>) -> Result<(&'static Spec, Vec<String>), Error> {
    let mut spec = &ROOT;
    let mut rest = Vec::with_capacity(args.len());
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if arg == "--" || spec.commands.is_empty() {
            rest.push(arg);
            rest.extend(args);
            break;
        }
        if arg.starts_with('-') {
            let takes_value = matches!(&*arg, "-R" | "--repo");
            rest.push(arg);
            rest.extend(takes_value.then(|| args.next()).flatten());
        } else if spec.path == ROOT.path && arg == "help" {
            return topic(args).map(|page| (page, vec!["--help".to_owned()]));
        } else {
            spec = child(spec, &arg)?;
        }
    }
    Ok((spec, rest))
}

/// The command that `help` is asked about.
fn topic(words: impl Iterator<Item = String>) -> Result<&'static Spec, Error> {
    words.filter(|word| !word.starts_with('-')).try_fold(&ROOT, |spec, word| child(spec, &word))
}

fn child(spec: &'static Spec, name: &str) -> Result<&'static Spec, Error> {
    let is_named = |command: &&&'static Spec| command.name == name || command.aliases.contains(&name);
    match spec.commands.iter().find(is_named) {
        Some(command) => Ok(command),
        None => {
            let guess = help::suggestions(spec, name);
            let message = format!("unknown command {name:?} for {:?}", spec.path);
            let message = if guess.is_empty() { message } else { format!("{message}\n{}", guess.trim_end()) };
            Err(wrong(spec, message))
        }
    }
}

fn group(spec: &'static Spec, flags: &Flags) -> Result<Command, Error> {
    match flags.extra().first() {
        Some(word) => child(spec, word).map(|_| Command::Help(HelpPage(spec))),
        None if flags.switch("version") => Ok(Command::Version),
        None => Ok(Command::Help(HelpPage(spec))),
    }
}

/// No command takes arguments beside its flags.
fn extra(spec: &'static Spec, flags: &Flags) -> Result<(), Error> {
    let extra = flags.extra();
    let named = match extra[..] {
        [] => return Ok(()),
        [one] => format!("unknown argument {one:?}"),
        _ => format!("unknown arguments {}", quoted(&extra)),
    };
    let takes_values = spec.flags.iter().any(|flag| flag.value.is_some());
    let reminder = if takes_values { "; please quote all values that have spaces" } else { "" };
    Err(wrong(spec, format!("{named}{reminder}")))
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", words.join(" "))
}

fn wrong(spec: &Spec, message: String) -> Error {
    Error::Usage { message, usage: help::usage(spec) }
}

/// An error that gh prints without the usage.
fn plainly_wrong(message: String) -> Error {
    Error::Usage { message, usage: String::new() }
}

#[cfg(test)]
mod tests;
