//! What can follow the words typed so far, from the table of commands. Owns which kind of thing comes next; must not know
//! the cache, from which some of them come.

use super::spec::{Flag, HELP, REPO, Spec};
use super::topics::TOPICS;

/// What can come next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// One of these words, each with what it means.
    Words(Vec<(&'static str, &'static str)>),
    /// The name of a repository.
    Repository,
    /// The number of a tracker.
    Number,
}

/// What can stand in the place of the last of the words.
pub fn next<R>(root: &'static Spec<R>, words: &[String]) -> Next {
    let (typed, before) = words.split_last().map_or(("", words), |(typed, before)| (typed.as_str(), before));
    let mut spec = root;
    for word in before.iter().filter(|word| !word.starts_with('-')) {
        if let Some(child) =
            spec.commands.iter().find(|child| child.name == word || child.aliases.contains(&word.as_str()))
        {
            spec = child;
        }
    }
    let flags = || spec.flags.iter().copied().chain([&REPO.flag, &HELP.0]);
    let is_named = |flag: &&Flag, word: &str| {
        let short = |short: char| word.strip_prefix('-').is_some_and(|rest| rest.chars().eq([short]));
        word.strip_prefix("--") == Some(flag.long) || flag.short.is_some_and(short)
    };
    if let Some(flag) = before.last().and_then(|word| flags().find(|flag| flag.value.is_some() && is_named(flag, word)))
    {
        return value_of(spec, flag);
    }
    if typed.starts_with('-') {
        // The shells compare with what was typed.
        return Next::Words(flags().map(|flag| (dashed(flag), flag.help)).collect());
    }
    match (spec.commands.is_empty(), spec.argument) {
        (true, Some(_)) => Next::Number,
        (true, None) => Next::Words(Vec::new()),
        (false, _) if before.last().is_some_and(|word| word == "help") => {
            Next::Words(TOPICS.iter().map(|topic| (topic.name, topic.short)).collect())
        }
        (false, _) => Next::Words(spec.commands.iter().map(|command| (command.name, command.short)).collect()),
    }
}

fn value_of<R>(spec: &Spec<R>, flag: &Flag) -> Next {
    let words = (flag.words)();
    match flag.long {
        "repo" => Next::Repository,
        "number" => Next::Number,
        "json" => Next::Words(spec.json_fields.iter().map(|field| (*field, "")).collect()),
        _ => Next::Words(words.into_iter().map(|word| (word, "")).collect()),
    }
}

/// The flag as it is typed. The table is constant: this is made once for each run of the program.
fn dashed(flag: &Flag) -> &'static str {
    Box::leak(format!("--{}", flag.long).into_boxed_str())
}
