//! The command line: from arguments to the command they name and what it was given. Owns the grammar of commands,
//! flags, values and help, and its error sentences; must not know any command, the environment or how anything is
//! printed.

pub mod common;
pub mod complete;
mod given;
pub mod help;
mod many;
mod moment;
mod range;
pub mod spec;
pub mod topics;
pub mod value;
mod when;

use crate::exit::Error;

pub use common::{JsonOptions, JsonShape};
pub use given::Given;
pub use many::{ALL_REPOS, Many, OWNER, Owner};
pub use spec::Spec;
pub use value::Clock;
pub use when::{Since, When};

use spec::VERSION;

/// What the program was asked to do.
pub enum Asked<'c, R: 'static> {
    /// To show the help of a command or group.
    Help(&'static Spec<R>),
    /// To show the text of a topic.
    Topic(&'static str),
    /// What can come next on a command line.
    Next(complete::Completion),
    /// Nothing in particular, or of the repository that `--repo` names.
    Nothing(Option<String>),
    /// To say its version.
    Version,
    /// To run this.
    Run(Given<'c>, &'static R),
    /// Something else: the words up to the first that is not known, and what is to be said of it.
    Unknown(Vec<String>, Error),
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
    if text.is_empty() {
        return Ok(Asked::Nothing(None));
    }
    if let Some((first, words)) = text.split_first()
        && first == "__complete"
    {
        return Ok(Asked::Next(complete::next(root, words)));
    }
    if let [help, topic, ..] = &text[..]
        && help == "help"
        && let Some(topic) = topics::TOPICS.iter().find(|known| known.name == topic)
    {
        return Ok(Asked::Topic(topic.text));
    }
    let (spec, rest) = match route(root, text, clock)? {
        Route::Known(spec, rest) => (spec, rest),
        Route::Unknown(words, error) => return Ok(Asked::Unknown(words, error)),
    };
    let given = Given::parse(spec, &rest, clock)?;
    if given.asks_for_help() {
        return Ok(Asked::Help(spec));
    }
    let Some(run) = &spec.run else {
        return match given.extra().first() {
            Some(word) => child(spec, word).map(|_| Asked::Help(spec)),
            None if spec.path == root.path && given.is_set(&VERSION) => Ok(Asked::Version),
            None if spec.path == root.path && given.repo().is_some() => {
                Ok(Asked::Nothing(given.repo().map(str::to_owned)))
            }
            None => Ok(Asked::Help(spec)),
        };
    };
    given.argument()?;
    Ok(Asked::Run(given, run))
}

/// Where the words lead.
enum Route<R: 'static> {
    /// To a command or group; what remains are its flags and arguments.
    Known(&'static Spec<R>, Vec<String>),
    /// To no command of ours.
    Unknown(Vec<String>, Error),
}

/// Finds the command.
fn route<R>(root: &'static Spec<R>, args: Vec<String>, clock: Clock<'_>) -> Result<Route<R>, Error> {
    let (mut spec, mut words) = (root, Vec::new());
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
            return topic(root, args).map(|page| Route::Known(page, vec!["--help".to_owned()]));
        } else {
            let found = child(spec, &arg);
            words.push(arg);
            match found {
                Ok(child) => spec = child,
                Err(error) => {
                    // A flag of one of its commands took the word for its value.
                    if spec.path != root.path {
                        Given::parse(spec, &rest, clock)?;
                    }
                    return Ok(Route::Unknown(words, error));
                }
            }
        }
    }
    Ok(Route::Known(spec, rest))
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
