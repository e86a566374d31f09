//! The flags of one command, read by clap under the rules of gh's flag library. Owns that library's error sentences;
//! must not know what any flag means.
//!
//! Only the command that was asked for is built: that keeps clap's share of the start at some 20 µs.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValuesRef;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::spec::{Flag, HELP, REPO, Spec};

const EXTRA: &str = "extra arguments";

/// What was given on the command line.
pub struct Flags {
    spec: &'static Spec,
    matches: ArgMatches,
}

impl Flags {
    /// Reads the arguments behind the command's name.
    ///
    /// # Errors
    /// A sentence as gh prints it.
    pub fn parse(spec: &'static Spec, args: &[String]) -> Result<Self, String> {
        let mut command = Command::new(spec.name)
            .no_binary_name(true)
            .disable_help_flag(true)
            .disable_version_flag(true)
            .args_override_self(true)
            .arg(arg(&REPO))
            .arg(arg(&HELP).short('h'))
            .arg(Arg::new(EXTRA).num_args(0..));
        for flag in spec.flags {
            command = command.arg(arg(flag));
        }
        let matches = command.try_get_matches_from(args).map_err(|error| sentence(&error, args))?;
        let flags = Self { spec, matches };
        flags.check()?;
        Ok(flags)
    }

    /// The last value given.
    pub fn text(&self, long: &str) -> Option<&str> {
        self.values(long)?.next_back().map(String::as_str)
    }

    /// The last value given, of a flag that takes one of some words: spelt as in its list.
    pub fn word(&self, flag: &str) -> Option<&'static str> {
        let known = self.spec.flags.iter().find(|known| known.long == flag)?;
        find(known.words, self.text(flag)?)
    }

    /// Every value given, split at commas.
    pub fn list(&self, long: &str) -> Option<Vec<&str>> {
        let values = self.values(long)?;
        Some(values.flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect())
    }

    /// Whether the switch is on.
    pub fn switch(&self, long: &str) -> bool {
        self.text(long).and_then(bool_of).unwrap_or(false)
    }

    /// The arguments that are no flags.
    pub fn extra(&self) -> Vec<&str> {
        self.values(EXTRA).unwrap_or_default().map(String::as_str).collect()
    }

    /// `None` also for a flag that the command does not have.
    fn values(&self, id: &str) -> Option<ValuesRef<'_, String>> {
        self.matches.try_get_many(id).ok().flatten()
    }

    /// Switches must be truth values, words be among those listed.
    fn check(&self) -> Result<(), String> {
        for flag in self.spec.flags.iter().chain([&HELP]) {
            for value in self.values(flag.long).unwrap_or_default() {
                if flag.value.is_none() && bool_of(value).is_none() {
                    return Err(invalid(flag, value, &format!("strconv.ParseBool: parsing {value:?}: invalid syntax")));
                }
                if flag.words.is_empty() {
                    continue;
                }
                let wrong = match flag.is_list() {
                    true => value.split(',').map(str::trim).find(|item| find(flag.words, item).is_none()),
                    false => find(flag.words, value).is_none().then_some(value.as_str()),
                };
                if let Some(wrong) = wrong {
                    return Err(invalid(flag, wrong, &format!("valid values are {{{}}}", flag.words.join("|"))));
                }
            }
        }
        Ok(())
    }

    /// The sentence for a value that does not fit the flag.
    pub fn invalid(&self, long: &str, value: &str, reason: &str) -> String {
        match self.spec.flags.iter().find(|flag| flag.long == long) {
            Some(flag) => invalid(flag, value, reason),
            None => format!("invalid argument {value:?} for \"--{long}\" flag: {reason}"),
        }
    }
}

fn invalid(flag: &Flag, value: &str, reason: &str) -> String {
    let short = flag.short.map(|short| format!("-{short}, ")).unwrap_or_default();
    format!("invalid argument {value:?} for \"{short}--{}\" flag: {reason}", flag.long)
}

/// The word of the list that the value is, ignoring case as gh does.
pub fn find(words: &'static [&'static str], value: &str) -> Option<&'static str> {
    words.iter().copied().find(|word| word.eq_ignore_ascii_case(value))
}

/// Go's spellings of truth.
fn bool_of(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn arg(flag: &Flag) -> Arg {
    let arg = Arg::new(flag.long).long(flag.long);
    let arg = match flag.short {
        Some(short) => arg.short(short),
        None => arg,
    };
    let arg = if flag.is_list() { arg.action(ArgAction::Append) } else { arg.action(ArgAction::Set) };
    match flag.value {
        // A switch takes a value only behind "=".
        None => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        // `--json` alone asks for the list of fields, also when another flag follows.
        Some("fields") => arg.num_args(0..=1).default_missing_value(""),
        // As in gh, whatever comes next is the value, with a dash before it or not.
        Some(_) => arg.num_args(1).allow_hyphen_values(true),
    }
}

/// clap's error in the words of gh's flag library.
fn sentence(error: &clap::Error, args: &[String]) -> String {
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(named)) => named.split([' ', '=']).next().unwrap_or_default(),
        _ => "",
    };
    let last = args.last().map_or("", String::as_str);
    match error.kind() {
        ErrorKind::UnknownArgument if named.starts_with("--") => format!("unknown flag: {named}"),
        ErrorKind::UnknownArgument => {
            let short = named.chars().nth(1).unwrap_or('-');
            let of = args.iter().find(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg.contains(short));
            format!("unknown shorthand flag: '{short}' in {}", of.map_or(named, String::as_str))
        }
        // Every other value can be empty or begin with a dash: one is missing at the end only.
        _ if last.starts_with("--") => format!("flag needs an argument: {last}"),
        _ => format!("flag needs an argument: '{}' in {last}", last.chars().last().unwrap_or('-')),
    }
}
