//! Help and usage texts, laid out as gh lays them out. Owns the layout; must not know who prints it.

use std::fmt::Write;

use super::spec::{Flag, HELP, REPO, Spec};
use super::topics::TOPICS;
use crate::near::near;

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
    let about = if spec.long.is_empty() { spec.short } else { spec.long };
    let paragraphs: Vec<String> = about.split("\n\n").map(|text| lines(text, WIDTH).join("\n")).collect();
    let mut text = paragraphs.join("\n\n");
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
    let root = is_root(spec);
    match root {
        true => section("FLAGS", &flags([&HELP.0, &REPO.flag].into_iter().chain(spec.flags.iter().copied()))),
        false => {
            section("FLAGS", &flags(spec.flags.iter().copied()));
            section("INHERITED FLAGS", &flags([&HELP.0, &REPO.flag].into_iter()));
        }
    }
    section("JSON FIELDS", &wrapped(spec.json_fields));
    section("EXAMPLES", spec.examples);
    if root {
        section("HELP TOPICS", &topics());
    }
    section("LEARN MORE", learn_more(spec));
    text.pop();
    text
}

/// What every page fits.
const WIDTH: usize = 80;

/// The words of the text in lines of at most so many letters.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        // OK because there is a line from the beginning.
        let line = lines.last_mut().expect("a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn topics() -> String {
    let longest = TOPICS.iter().map(|topic| topic.name.len()).max().unwrap_or(0) + 1;
    TOPICS.iter().map(|topic| format!("{:longest$} {}\n", format!("{}:", topic.name), topic.short)).collect()
}

fn learn_more<R>(spec: &Spec<R>) -> &'static str {
    if spec.commands.is_empty() {
        "Use `gh pmu <command> <subcommand> --help` for more about a command.\n\
         Use `gh pmu help exit-codes` or `gh pmu help dates` for more about those."
    } else {
        "Use `gh pmu <command> <subcommand> --help` for more about a command."
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

fn is_root<R>(spec: &Spec<R>) -> bool {
    spec.path == "gh pmu"
}

/// The names of commands and topics that may have been meant: those that begin so, or are two letters away.
pub fn suggestions<R>(spec: &Spec<R>, typed: &str) -> String {
    let mut names: Vec<String> = match typed {
        "help" => vec!["--help".to_owned()],
        _ => near(typed, spec.commands.iter().map(|command| command.name)).into_iter().map(str::to_owned).collect(),
    };
    // The right word in the wrong place.
    let has = |group: &&&Spec<R>| group.commands.iter().any(|command| command.name == typed);
    names.extend(spec.commands.iter().filter(has).map(|group| format!("{} {typed}", group.name)));
    if is_root(spec) {
        names.extend(near(typed, TOPICS.iter().map(|topic| topic.name)).iter().map(|topic| format!("help {topic}")));
    }
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
    // Two more for the indent of the section.
    let room = WIDTH.saturating_sub(width.saturating_sub(indent) + 3 + 2).max(20);
    let entry = |flag: &Flag| {
        let help = lines(flag.help, room).join(&format!("\n{:1$}", "", width + 3));
        let entry = format!("{:width$}   {help}", left(flag));
        entry.lines().map(|line| format!("{}\n", &line[indent..])).collect::<String>()
    };
    flags.map(entry).collect()
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
