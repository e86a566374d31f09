//! The arguments of one command, read by clap under the rules of gh's flag library. Owns that library's error
//! sentences; must not know what any flag means.
//!
//! Only the command that was asked for is built: that keeps clap's share of the start at some 20 µs.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValuesRef;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::help::Usage;
use super::spec::{Argument, Flag, HELP, REPO, Spec, Switch, Valued};
use super::value::{Clock, Value, Wrong, expected, find};
use crate::exit::Error;
use crate::near::near;

const EXTRA: &str = "extra arguments";

/// What was given to one command.
pub struct Given<'c> {
    flags: &'static [&'static Flag],
    argument: Option<Argument>,
    json_fields: &'static [&'static str],
    usage: &'static dyn Usage,
    matches: ArgMatches,
    clock: Clock<'c>,
}

impl<'c> Given<'c> {
    /// Reads the arguments after the command's name.
    ///
    /// # Errors
    /// A sentence as gh prints it.
    pub fn parse<R>(spec: &'static Spec<R>, args: &[String], clock: Clock<'c>) -> Result<Self, Error> {
        let mut command = Command::new(spec.name)
            .no_binary_name(true)
            .disable_help_flag(true)
            .disable_version_flag(true)
            .args_override_self(true)
            .arg(arg(&REPO.flag))
            .arg(arg(&HELP.0).short('h'))
            .arg(Arg::new(EXTRA).num_args(0..));
        for flag in spec.flags {
            command = command.arg(arg(flag));
        }
        let matches = command
            .try_get_matches_from(args)
            .map_err(|error| Error::Usage { message: sentence(&error, args, spec.flags), usage: spec.usage() })?;
        let Spec { flags, argument, json_fields, .. } = *spec;
        let given = Self { flags, argument, json_fields, usage: spec, matches, clock };
        given.check().map_err(|message| given.wrong(message))?;
        Ok(given)
    }

    /// Whether the switch is on.
    pub fn is_set(&self, switch: &Switch) -> bool {
        self.text(&switch.0).and_then(bool_of).unwrap_or(false)
    }

    /// The last value given.
    ///
    /// # Errors
    /// It is not what the flag takes.
    pub fn value<T: Value>(&self, flag: &Valued<T>) -> Result<Option<T>, Error> {
        let Some(text) = self.text(&flag.flag) else { return Ok(None) };
        self.read(&flag.flag, text).map(Some)
    }

    /// Reads the argument as a value.
    ///
    /// # Errors
    /// It is not what the command takes.
    pub fn argument_as<T: Value>(&self, text: &str) -> Result<T, Error> {
        T::read(text, self.clock).map_err(|wrong| {
            self.wrong(match wrong {
                Wrong::Invalid(reason) => format!("invalid argument {text:?}: {reason}"),
                Wrong::Sentence(sentence) => sentence,
            })
        })
    }

    /// Every value given, split at commas.
    ///
    /// # Errors
    /// One of them is not what the flag takes.
    pub fn values<T: Value>(&self, flag: &Valued<T>) -> Result<Vec<T>, Error> {
        let texts = self.split(&flag.flag).unwrap_or_default();
        texts.into_iter().map(|text| self.read(&flag.flag, text)).collect()
    }

    fn read<T: Value>(&self, flag: &Flag, text: &str) -> Result<T, Error> {
        T::read(text, self.clock).map_err(|wrong| {
            self.wrong(match wrong {
                Wrong::Invalid(reason) => invalid(flag, text, &reason),
                Wrong::Sentence(sentence) => sentence,
            })
        })
    }

    /// The last value given, as it was written.
    pub fn text(&self, flag: &Flag) -> Option<&str> {
        self.raw(flag)?.next_back().map(String::as_str)
    }

    /// Every value given, split at commas, as they were written.
    pub fn split(&self, flag: &Flag) -> Option<Vec<&str>> {
        let values = self.raw(flag)?;
        Some(values.flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect())
    }

    /// The value of `--repo`.
    pub fn repo(&self) -> Option<&str> {
        self.raw_of(REPO.flag.long)?.next_back().map(String::as_str)
    }

    /// Whether `--help` was given.
    pub fn asks_for_help(&self) -> bool {
        self.raw_of(HELP.0.long)
            .and_then(|mut values| values.next_back())
            .is_some_and(|value| bool_of(value) == Some(true))
    }

    /// The argument beside the flags.
    ///
    /// # Errors
    /// There are more of them than the command takes.
    pub fn argument(&self) -> Result<Option<&str>, Error> {
        let extra = self.extra();
        let (own, unknown) = match self.argument {
            Some(_) => extra.split_at(extra.len().min(1)),
            None => extra.split_at(0),
        };
        let named = match unknown {
            [] => return Ok(own.first().copied()),
            [one] => format!("unknown argument {one:?}"),
            _ => {
                let words: Vec<String> = unknown.iter().map(|word| format!("{word:?}")).collect();
                format!("unknown arguments [{}]", words.join(" "))
            }
        };
        let takes_values = self.flags.iter().any(|flag| flag.value.is_some());
        let reminder = if takes_values { "; please quote all values that have spaces" } else { "" };
        Err(self.wrong(format!("{named}{reminder}")))
    }

    /// The arguments that are no flags.
    pub fn extra(&self) -> Vec<&str> {
        self.raw_of(EXTRA).unwrap_or_default().map(String::as_str).collect()
    }

    /// The fields that `--json` can name.
    pub fn json_fields(&self) -> &'static [&'static str] {
        self.json_fields
    }

    /// An error with the usage of the command after it.
    pub fn wrong(&self, message: impl Into<String>) -> Error {
        Error::Usage { message: message.into(), usage: self.usage.usage() }
    }

    /// An error about the value of a flag.
    pub fn invalid(&self, flag: &Flag, value: &str, reason: &str) -> Error {
        self.wrong(invalid(flag, value, reason))
    }

    fn raw(&self, flag: &Flag) -> Option<ValuesRef<'_, String>> {
        debug_assert!(self.flags.iter().any(|own| own.long == flag.long), "--{} is no flag of this command", flag.long);
        self.raw_of(flag.long)
    }

    fn raw_of(&self, id: &str) -> Option<ValuesRef<'_, String>> {
        self.matches.try_get_many(id).ok().flatten()
    }

    /// Switches must be truth values, words be among those listed: of flags that nobody asks for, too.
    fn check(&self) -> Result<(), String> {
        for flag in self.flags.iter().copied().chain([&HELP.0]) {
            let words = (flag.words)();
            for value in self.raw_of(flag.long).unwrap_or_default() {
                if flag.value.is_none() && bool_of(value).is_none() {
                    return Err(invalid(flag, value, "expected true or false"));
                }
                if words.is_empty() {
                    continue;
                }
                let wrong = match flag.is_list {
                    true => value.split(',').map(str::trim).find(|item| find(&words, item).is_none()),
                    false => find(&words, value).is_none().then_some(value.as_str()),
                };
                if let Some(wrong) = wrong {
                    return Err(invalid(flag, wrong, &expected(wrong, &words)));
                }
            }
        }
        Ok(())
    }
}

fn invalid(flag: &Flag, value: &str, reason: &str) -> String {
    let short = flag.short.map(|short| format!("-{short}, ")).unwrap_or_default();
    format!("invalid argument {value:?} for \"{short}--{}\" flag: {reason}", flag.long)
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
    let arg = if flag.is_list { arg.action(ArgAction::Append) } else { arg.action(ArgAction::Set) };
    match flag.value {
        // A switch takes a value only after "=".
        None => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        // `--json` alone asks for the list of fields, also when another flag follows.
        Some(_) if flag.may_lack_value => arg.num_args(0..=1).default_missing_value(""),
        // As in gh, whatever comes next is the value, with a dash before it or not.
        Some(_) => arg.num_args(1).allow_hyphen_values(true),
    }
}

/// clap's error in the words of gh's flag library.
fn sentence(error: &clap::Error, args: &[String], flags: &[&Flag]) -> String {
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(named)) => named.split([' ', '=']).next().unwrap_or_default(),
        _ => "",
    };
    let last = args.last().map_or("", String::as_str);
    match error.kind() {
        ErrorKind::UnknownArgument if named.starts_with("--") => {
            let meant = near(&named[2..], flags.iter().map(|flag| flag.long));
            let guess = meant.iter().fold(String::new(), |text, long| format!("{text}\n\t--{long}"));
            let question = if meant.is_empty() { "" } else { "\n\nDid you mean this?" };
            format!("unknown flag: {named}{question}{guess}")
        }
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
