//! Commands of the other gh-pmu: handed to the program that the user named for them. What it did to releases and
//! microsprints is asked of GitHub afterwards, so that whoever did it sees it at once.

use std::ffi::OsString;

use gh_pmu::model::Repo;

use crate::config;
use crate::exit::{Error, Exit, in_one_line};
use crate::source::Context;

/// Set for the delegate, so that one that is this program again does not go on for ever.
const MARK: &str = "GH_PMU_DELEGATED";
/// Commands after which trackers may have changed.
const OF_TRACKERS: [&str; 4] = ["branch", "microsprint", "patch", "release"];
/// The other program's commands of its own, and its verbs for releases and microsprints.
const THEIRS: [&str; 25] = [
    "accept",
    "assignee",
    "board",
    "branch",
    "close",
    "comment",
    "config",
    "create",
    "edit",
    "field",
    "filter",
    "history",
    "intake",
    "label",
    "list",
    "move",
    "patch",
    "split",
    "sub",
    "triage",
    "validate",
    "validation",
    "view",
    "ls",
    "new",
];
const THEIR_VERBS: [&str; 10] =
    ["add", "close", "create", "current", "remove", "reopen", "resolve", "start", "update", "view"];

/// A command that is not ours.
pub struct Delegated<'d> {
    /// Its first words.
    pub words: &'d [String],
    /// All arguments as they were given.
    pub args: &'d [OsString],
    /// What we would say of it.
    pub unknown: Error,
}

/// Runs the delegate, and says how it ended and whether trackers may have changed.
///
/// # Errors
/// There is none, or it does not start.
pub fn run(delegated: Delegated<'_>, env: config::Env<'_>) -> Result<(Exit, bool), Error> {
    let Some(words) = config::delegate(env)? else { return Err(unknown(delegated)) };
    // OK because a command has one word at least.
    let (program, first) = words.split_first().expect("a program");
    if env(MARK).is_some() {
        return Err(Error::new("the delegate calls this program for a command that it was given by it")
            .with_hint("Let GH_PMU_DELEGATE name the other program (see `gh pmu help delegate`)."));
    }
    let mut command = gh_pmu::program::command(program);
    command.args(first).args(delegated.args).env(MARK, "1");
    let status = command.spawn().and_then(|mut child| gh_pmu::fs::wait_for(&mut child)).map_err(|error| {
        Error::new(format!("could not start {program}: {error}"))
            .with_hint("It is what GH_PMU_DELEGATE or `delegate:` names (see `gh pmu help delegate`).")
    })?;
    let is_of_trackers = delegated.words.first().is_some_and(|word| OF_TRACKERS.contains(&word.as_str()));
    Ok((Exit::of_child(status), status.success() && is_of_trackers))
}

/// Asks GitHub about the repository. What goes wrong is a warning: the command itself was done.
pub fn refresh(named: Option<Repo>, context: &mut Context<'_, '_>) {
    if !context.config.cache.enabled {
        return;
    }
    if let Err(error) = context.listed(named, true) {
        context.output.warn(&format!("the cache does not show this yet: {}", in_one_line(&error)));
    }
}

/// The value of `--repo` among arguments that are not ours to read.
pub fn repo_of(args: &[OsString]) -> Option<&str> {
    let mut args = args.iter().map(|arg| arg.to_str().unwrap_or_default());
    while let Some(arg) = args.next() {
        match arg {
            "--" => return None,
            "-R" | "--repo" => return args.next(),
            _ => {}
        }
        if let Some(value) = arg.strip_prefix("--repo=") {
            return Some(value);
        }
    }
    None
}

fn unknown(delegated: Delegated<'_>) -> Error {
    let is_theirs = match delegated.words {
        [one] => THEIRS.contains(&one.as_str()),
        [group, verb, ..] => OF_TRACKERS.contains(&group.as_str()) && THEIR_VERBS.contains(&verb.as_str()),
        [] => false,
    };
    match delegated.unknown {
        Error::Usage { message, .. } if is_theirs => Error::new(message).with_hint(
            "It is a command of the other gh-pmu, https://github.com/rubrical-works/gh-pmu: let GH_PMU_DELEGATE name \
                 that program (see `gh pmu help delegate`).",
        ),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &[&str]) -> Error {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let unknown = Error::Usage { message: "unknown command \"x\" for \"gh pmu\"".into(), usage: "Usage".into() };
        run(Delegated { words: &words, args: &[], unknown }, &|_| None).unwrap_err()
    }

    #[test]
    fn a_command_of_the_other_program_says_so_and_where_it_is() {
        for words in [&["board"][..], &["move"], &["release", "start"], &["microsprint", "close"], &["patch", "add"]] {
            let said = said(words).to_string();
            assert!(said.starts_with("unknown command \"x\"") && said.contains("rubrical-works/gh-pmu"), "{said}");
        }
        assert!(matches!(said(&["frobnicate"]), Error::Usage { .. }));
        assert!(matches!(said(&["cache", "add"]), Error::Usage { .. }));
    }

    #[test]
    fn a_delegate_that_is_this_program_is_refused() {
        let delegated = || Delegated { words: &[], args: &[], unknown: Error::ClosedPipe };
        let env = |name: &str| matches!(name, "GH_PMU_DELEGATE" | "GH_PMU_DELEGATED").then(|| OsString::from("x"));
        assert!(run(delegated(), &env).unwrap_err().to_string().starts_with("the delegate calls this program"));
    }

    #[test]
    fn the_repository_is_found_among_foreign_arguments() {
        let of = |line: &str| repo_of(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).map(str::to_owned);
        assert_eq!(of("release start -R o/r"), Some("o/r".to_owned()));
        assert_eq!(of("release start --repo=o/r --x"), Some("o/r".to_owned()));
        assert_eq!(of("release start -- -R o/r"), None);
        assert_eq!(of("release start --repo"), None);
    }
}
