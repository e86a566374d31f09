//! The command line: from arguments to the command they name and what it was given. Owns the grammar of commands,
//! flags, values and help, and its error sentences; must not know any command, the environment or how anything is
//! printed.

pub mod common;
mod given;
pub mod help;
mod moment;
mod range;
pub mod spec;
pub mod value;
mod when;

use crate::exit::Error;

pub use common::{JsonOptions, JsonShape};
pub use given::Given;
pub use spec::Spec;
pub use value::Clock;
pub use when::{Since, When};

use spec::VERSION;

/// What the program was asked to do.
pub enum Asked<'c, R: 'static> {
    /// To show the help of a command or group.
    Help(&'static Spec<R>),
    /// To say its version.
    Version,
    /// To run this.
    Run(Given<'c>, &'static R),
}

/// Reads the arguments after the program's name; `root` is the program.
///
/// # Errors
/// [`Error::Usage`], in gh's words.
pub fn parse<'c, R>(
    root: &'static Spec<R>,
    args: impl IntoIterator<Item = std::ffi::OsString>,
    clock: Clock<'c>,
) -> Result<Asked<'c, R>, Error> {
    let mut text = Vec::with_capacity(8);
    for arg in args {
        text.push(arg.into_string().map_err(|arg| wrong(root, format!("{arg:?} is not UTF-8")))?);
    }
    let (spec, rest) = route(root, text)?;
    let given = Given::parse(spec, &rest, clock)?;
    if given.asks_for_help() {
        return Ok(Asked::Help(spec));
    }
    let Some(run) = &spec.run else {
        return match given.extra().first() {
            Some(word) => child(spec, word).map(|_| Asked::Help(spec)),
            None if spec.path == root.path && given.is_set(&VERSION) => Ok(Asked::Version),
            None => Ok(Asked::Help(spec)),
        };
    };
    given.argument()?;
    Ok(Asked::Run(given, run))
}

/// Finds the command; what remains are its flags and arguments.
fn route<R>(root: &'static Spec<R>, args: Vec<String>) -> Result<(&'static Spec<R>, Vec<String>), Error> {
    let mut spec = root;
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
        } else if spec.path == root.path && arg == "help" {
            return topic(root, args).map(|page| (page, vec!["--help".to_owned()]));
        } else {
            spec = child(spec, &arg)?;
        }
    }
    Ok((spec, rest))
}

/// The command that `help` is asked about.
fn topic<R>(root: &'static Spec<R>, words: impl Iterator<Item = String>) -> Result<&'static Spec<R>, Error> {
    words.filter(|word| !word.starts_with('-')).try_fold(root, |spec, word| child(spec, &word))
}

fn child<R>(spec: &'static Spec<R>, name: &str) -> Result<&'static Spec<R>, Error> {
    let is_named = |command: &&&'static Spec<R>| command.name == name || command.aliases.contains(&name);
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

fn wrong<R>(spec: &Spec<R>, message: String) -> Error {
    Error::Usage { message, usage: help::Usage::usage(spec) }
}
