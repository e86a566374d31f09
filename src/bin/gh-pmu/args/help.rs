//! Help and usage texts, laid out as gh lays them out. Owns the layout; must not know who prints it.

use std::fmt::Write;

use super::spec::{Flag, HELP, REPO, Spec};

/// The text of `--help`. `bold` wraps a heading.
pub fn help(spec: &Spec, bold: &dyn Fn(&str) -> String) -> String {
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
        true => section("FLAGS", &flags([&HELP, &REPO].into_iter().chain(spec.flags))),
        false => {
            section("FLAGS", &flags(spec.flags.iter()));
            section("INHERITED FLAGS", &flags([&HELP, &REPO].into_iter()));
        }
    }
    section("JSON FIELDS", &wrapped(spec.json_fields));
    section("EXAMPLES", spec.examples);
    section("LEARN MORE", learn_more(spec));
    text.pop();
    text
}

fn learn_more(spec: &Spec) -> &'static str {
    if spec.commands.is_empty() {
        "Use `gh pmu <command> <subcommand> --help` for more information about a command.\n\
         Learn about exit codes using `gh help exit-codes`"
    } else {
        "Use `gh pmu <command> <subcommand> --help` for more information about a command."
    }
}

/// What follows an error about the command line.
pub fn usage(spec: &Spec) -> String {
    let mut text = format!("Usage:  {}", use_line(spec));
    if !spec.commands.is_empty() {
        text.push_str("\n\nAvailable commands:\n");
        for command in spec.commands {
            let _ = writeln!(text, "  {}", command.name);
        }
    } else if !spec.flags.is_empty() {
        text.push_str("\n\nFlags:\n");
        for line in flags(spec.flags.iter()).lines() {
            let _ = writeln!(text, "  {line}");
        }
    } else {
        text.push('\n');
    }
    text
}

/// The names of commands that may have been meant: those that begin so, or are two letters away.
pub fn suggestions(spec: &Spec, typed: &str) -> String {
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

fn use_line(spec: &Spec) -> String {
    let command = if spec.commands.is_empty() { "" } else { " <command>" };
    format!("{}{command} [flags]", spec.path)
}

fn commands(spec: &Spec) -> String {
    let longest = spec.commands.iter().map(|command| command.name.len()).max().unwrap_or(0) + 1;
    let line = |command: &&Spec| format!("{:longest$} {}\n", format!("{}:", command.name), command.short);
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

#[cfg(test)]
mod tests {
    use super::super::spec::ROOT;
    use super::*;

    fn spec(path: &[&str]) -> &'static Spec {
        path.iter().fold(&ROOT, |at, name| at.commands.iter().find(|command| command.name == *name).unwrap())
    }

    fn plain(title: &str) -> String {
        title.to_owned()
    }

    #[test]
    fn the_help_of_a_list_is_laid_out_as_gh_lays_it_out() {
        let expected = "\
List the release trackers of a repository from the cache.

Where nothing is cached, GitHub is asked. When it gives no answer to --refresh, the cache is shown, and
the exit status is not 0.

USAGE
  gh pmu release list [flags]

ALIASES
  gh pmu release ls

FLAGS
      --all-repos         List every cached repository
      --as-of when        List as it was then: a time, date, age such as 3d, or event @N
      --closed range      Filter by closing date, such as 2024-12-01..2024-12-31
      --created range     Filter by creation date, such as >=2024-12-01
  -q, --jq expression     Filter JSON output using a jq expression
      --json fields       Output JSON with the specified fields
  -L, --limit int         Maximum number to list (default all)
      --order string      Order of the list: {asc|desc} (default \"desc\")
      --refresh           Ask GitHub now, and record the answer
  -S, --search text       Filter by words in the title
      --sort string       Sort by: {number|created|closed|title|version} (default \"number\")
  -s, --state string      Filter by state: {open|closed|all} (default \"all\")
  -t, --template string   Format JSON output using a Go template; see \"gh help formatting\"
  -w, --web               List in the web browser

INHERITED FLAGS
      --help                     Show help for command
  -R, --repo [HOST/]OWNER/REPO   Select another repository using the [HOST/]OWNER/REPO format

JSON FIELDS
  closedAt, codename, createdAt, kind, name, number, repo, state, status, title,
  url, version

EXAMPLES
  $ gh pmu release list --state open
  $ gh pmu release list --search phoenix --limit 5
  $ gh pmu release list --closed '>=2024-12-01' --json number,version
  $ gh pmu release list --as-of 2024-12-24

LEARN MORE
  Use `gh pmu <command> <subcommand> --help` for more information about a command.
  Learn about exit codes using `gh help exit-codes`
";
        assert_eq!(help(spec(&["release", "list"]), &plain), expected);
    }

    #[test]
    fn the_help_of_a_group_lists_its_commands() {
        let text = help(spec(&["cache"]), &|title| format!("<{title}>"));
        assert!(text.starts_with("Work with the cache of trackers\n\n<USAGE>\n  gh pmu cache <command> [flags]\n\n"));
        assert!(
            text.contains("<AVAILABLE COMMANDS>\n  clear:   Remove the cache of a repository, or of all\n  compact: ")
        );
        assert!(text.contains("<INHERITED FLAGS>\n      --help  "), "{text}");
    }

    #[test]
    fn the_first_page_has_its_flags_in_alphabetical_order_and_every_group_shows_how_it_is_used() {
        let text = help(&ROOT, &plain);
        let at = ["  --help  ", "--repo [HOST/]", "  --version  "].map(|flag| text.find(flag));
        assert!(at.is_sorted() && at[0].is_some(), "{text}");
        for group in ROOT.commands.iter().filter(|spec| !spec.commands.is_empty()) {
            assert!(help(group, &plain).contains(&format!("EXAMPLES\n  $ {} ", group.path)), "{}", group.path);
        }
    }

    #[test]
    fn no_help_text_calls_the_program_by_its_file_name() {
        fn walk(spec: &Spec) {
            for text in [help(spec, &plain), usage(spec)] {
                assert!(!text.replace(".gh-pmu.yml", "").contains("gh-pmu"), "{text}");
                assert!(text.lines().all(|line| line.len() <= 110), "{text}");
            }
            assert!(spec.flags.is_sorted_by_key(|flag| flag.long), "{}", spec.path);
            assert!(spec.json_fields.is_sorted(), "{}", spec.path);
            spec.commands.iter().for_each(|command| walk(command));
        }
        walk(&ROOT);
    }

    #[test]
    fn usage_shows_flags_or_commands() {
        assert_eq!(
            usage(spec(&["cache", "sync"])),
            "Usage:  gh pmu cache sync [flags]\n\nFlags:\n  --force   Apply the manifest even if it is older than the cache\n"
        );
        assert_eq!(
            usage(spec(&["release"])),
            "Usage:  gh pmu release <command> [flags]\n\nAvailable commands:\n  list\n"
        );
    }

    #[test]
    fn mistyped_commands_are_guessed() {
        assert_eq!(suggestions(spec(&["cache"]), "snyc"), "\nDid you mean this?\n\tsync\n");
        assert_eq!(suggestions(spec(&["cache"]), "re"), "\nDid you mean this?\n\trebuild\n\trepair\n");
        assert_eq!(suggestions(spec(&["cache"]), "frobnicate"), "");
        assert_eq!(suggestions(spec(&["cache"]), "help"), "\nDid you mean this?\n\t--help\n");
    }
}
