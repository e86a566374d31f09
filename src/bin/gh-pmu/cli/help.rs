//! Help and usage texts, laid out as gh lays them out. Owns the layout; must not know who prints it.

use std::fmt::Write;

use super::spec::{Flag, HELP, REPO, Spec};

/// What can say how it is used.
pub trait Usage {
    /// What follows an error about the command line.
    fn usage(&self) -> String;
}

impl<R> Usage for Spec<R> {
    fn usage(&self) -> String {
        usage(self)
    }
}

/// The text of `--help`. `bold` wraps a heading.
pub fn help<R>(spec: &Spec<R>, bold: &dyn Fn(&str) -> String) -> String {
    let mut text = String::from(if spec.long.is_empty() { spec.short } else { spec.long });
    text.push_str("\n\n");
    let mut section = |title: &str, body: &str| {
        if body.is_empty() {
            return;
        }
        let _ = writeln!(text, "{}", bold(title));
        for line in body.trim_end().lines() {
            let _ = writeln!(text, "{}{line}", if line.is_empty() { "" } else { "  " });
        }
        text.push('\n');
    };
    section("USAGE", &use_line(spec));
    let parent = spec.path.rsplit_once(' ').map_or("", |(parent, _)| parent);
    let aliases: Vec<String> = spec.aliases.iter().map(|alias| format!("{parent} {alias}")).collect();
    section("ALIASES", &aliases.join("\n"));
    section("AVAILABLE COMMANDS", &commands(spec));
    let root = spec.path == "gh pmu";
    match root {
        true => section("FLAGS", &flags([&HELP.0, &REPO.flag].into_iter().chain(spec.flags.iter().copied()))),
        false => {
            section("FLAGS", &flags(spec.flags.iter().copied()));
            section("INHERITED FLAGS", &flags([&HELP.0, &REPO.flag].into_iter()));
        }
    }
    section("JSON FIELDS", &wrapped(spec.json_fields));
    section("EXAMPLES", spec.examples);
    section("LEARN MORE", learn_more(spec));
    text.pop();
    text
}

fn learn_more<R>(spec: &Spec<R>) -> &'static str {
    if spec.commands.is_empty() {
        "Use `gh pmu <command> <subcommand> --help` for more information about a command.\n\
         Learn about exit codes using `gh help exit-codes`"
    } else {
        "Use `gh pmu <command> <subcommand> --help` for more information about a command."
    }
}

fn usage<R>(spec: &Spec<R>) -> String {
    let mut text = format!("Usage:  {}", use_line(spec));
    if !spec.commands.is_empty() {
        text.push_str("\n\nAvailable commands:\n");
        for command in spec.commands {
            let _ = writeln!(text, "  {}", command.name);
        }
    } else if !spec.flags.is_empty() {
        text.push_str("\n\nFlags:\n");
        for line in flags(spec.flags.iter().copied()).lines() {
            let _ = writeln!(text, "  {line}");
        }
    } else {
        text.push('\n');
    }
    text
}

/// The names of commands that may have been meant: those that begin so, or are two letters away.
pub fn suggestions<R>(spec: &Spec<R>, typed: &str) -> String {
    let near = |name: &str| name.starts_with(typed) || distance(name, typed) <= 2;
    let names: Vec<&str> = match typed {
        "help" => vec!["--help"],
        _ => spec.commands.iter().map(|command| command.name).filter(|name| near(name)).collect(),
    };
    if names.is_empty() {
        return String::new();
    }
    names.iter().fold(String::from("\nDid you mean this?\n"), |text, name| format!("{text}\t{name}\n"))
}

/// Every field, one to a line, as behind an unknown one.
pub fn field_list(fields: &[&str]) -> String {
    fields.iter().fold(String::new(), |text, field| format!("{text}\n  {field}"))
}

fn use_line<R>(spec: &Spec<R>) -> String {
    let command = if spec.commands.is_empty() { "" } else { " <command>" };
    let argument = spec.argument.map_or(String::new(), |argument| format!(" {}", argument.name));
    format!("{}{command}{argument} [flags]", spec.path)
}

fn commands<R>(spec: &Spec<R>) -> String {
    let longest = spec.commands.iter().map(|command| command.name.len()).max().unwrap_or(0) + 1;
    let line = |command: &&Spec<R>| format!("{:longest$} {}\n", format!("{}:", command.name), command.short);
    spec.commands.iter().map(line).collect()
}

/// Aligned, and moved to the left where no flag has a short form.
fn flags<'f>(flags: impl Iterator<Item = &'f Flag> + Clone) -> String {
    let left = |flag: &Flag| {
        let short = flag.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
        let value = flag.value.map_or(String::new(), |value| format!(" {value}"));
        format!("{short}--{}{value}", flag.long)
    };
    let width = flags.clone().map(|flag| left(flag).len()).max().unwrap_or(0);
    let indent = if flags.clone().any(|flag| flag.short.is_some()) { 0 } else { 4 };
    flags.map(|flag| format!("{:width$}   {}\n", left(flag), flag.help)[indent..].to_owned()).collect()
}

fn wrapped(fields: &[&str]) -> String {
    let mut text = String::new();
    let mut width = 0;
    for (position, field) in fields.iter().enumerate() {
        let comma = if position + 1 < fields.len() { "," } else { "" };
        if width > 0 && width + 1 + field.len() + comma.len() > 78 {
            text.push('\n');
            width = 0;
        } else if width > 0 {
            text.push(' ');
            width += 1;
        }
        text.push_str(field);
        text.push_str(comma);
        width += field.len() + comma.len();
    }
    text
}

/// Levenshtein's.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
