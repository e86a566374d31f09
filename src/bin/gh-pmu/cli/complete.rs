//! What can follow the words typed so far, from the table of commands. Owns which kind of thing comes next; must not know
//! the cache, from which some of them come.

use gh_pmu::model::Kind;

use super::spec::{Flag, HELP, REPO, Spec};
use super::topics::TOPICS;

/// What can stand in the place of the last word.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is typed of it already: `--state=`, or `closed,` of a list.
    pub prefix: String,
    /// What can follow that.
    pub next: Next,
    /// The repository that is named before it.
    pub repo: Option<String>,
}

/// What can come next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// One of these words, each with what it means.
    Words(Vec<(&'static str, &'static str)>),
    /// The name of a repository.
    Repository,
    /// The name of an owner.
    Owner,
    /// The number of a tracker.
    Number,
    /// A tracker of a kind: its version or name, or its number.
    Tracker(Kind),
    /// The name of an event, such as `@412`, after these words.
    Moment(Vec<(&'static str, &'static str)>),
}

/// Words for every moment; `--since` takes one more.
const MOMENTS: [(&str, &str); 5] = [
    ("yesterday", "the start of that day"),
    ("today", "the start of this day"),
    ("3d", "so long ago: m, h, d, w, mo, y"),
    ("last week", "its Monday"),
    ("last month", "its first day"),
];

/// What can stand in the place of the last of the words.
pub fn next<R>(root: &'static Spec<R>, words: &[String]) -> Completion {
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
    let named = |word: &str| {
        let is_short = |short: char| word.strip_prefix('-').is_some_and(|rest| rest.chars().eq([short]));
        let mut flags = flags().filter(|flag| flag.value.is_some());
        flags.find(|flag| word.strip_prefix("--") == Some(flag.long) || flag.short.is_some_and(is_short))
    };
    let repo = before.windows(2).rfind(|pair| matches!(&*pair[0], "-R" | "--repo")).map(|pair| pair[1].clone());
    let repo = repo.or_else(|| before.iter().rev().find_map(|word| word.strip_prefix("--repo=")).map(str::to_owned));
    let of_value = |flag: &Flag, written: &str, value: &str| {
        let list = if flag.is_list { value.rfind(',').map_or("", |comma| &value[..=comma]) } else { "" };
        Completion { prefix: format!("{written}{list}"), next: value_of(spec, flag), repo: repo.clone() }
    };
    if let Some(flag) = before.last().and_then(|word| named(word)) {
        return of_value(flag, "", typed);
    }
    if let Some((name, value)) = typed.split_once('=')
        && let Some(flag) = named(name)
    {
        return of_value(flag, &format!("{name}="), value);
    }
    let next = if typed.starts_with('-') {
        // The shells compare with what was typed.
        Next::Words(flags().map(|flag| (dashed(flag), flag.help)).collect())
    } else {
        argument_of(spec, before)
    };
    Completion { prefix: String::new(), next, repo }
}

fn argument_of<R>(spec: &'static Spec<R>, before: &[String]) -> Next {
    match (spec.commands.is_empty(), spec.argument) {
        (true, Some(argument)) if argument.name.contains("version") => Next::Tracker(Kind::Release),
        (true, Some(argument)) if argument.name.contains("name") => Next::Tracker(Kind::Microsprint),
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
    match (flag.long, flag.value) {
        ("repo", _) => Next::Repository,
        ("owner", _) => Next::Owner,
        ("number", _) => Next::Number,
        ("json", _) => Next::Words(spec.json_fields.iter().map(|field| (*field, "")).collect()),
        (long, Some("when")) => {
            let last = ("last", "since this was last asked");
            Next::Moment((long == "since").then_some(last).into_iter().chain(MOMENTS).collect())
        }
        _ => Next::Words(words.into_iter().map(|word| (word, "")).collect()),
    }
}

/// The flag as it is typed. The table is constant: this is made once for each run of the program.
fn dashed(flag: &Flag) -> &'static str {
    Box::leak(format!("--{}", flag.long).into_boxed_str())
}
