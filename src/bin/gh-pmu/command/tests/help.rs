//! The pages of help.

use crate::cli::help::{Usage, help, suggestions};
use crate::command::{ROOT, Spec};

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
  branch, closedAt, codename, createdAt, kind, name, number, repo, state,
  status, title, track, url, version

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
    assert!(text.contains("<AVAILABLE COMMANDS>\n  clear:   Remove the cache of a repository, or of all\n  compact: "));
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
        for text in [help(spec, &plain), spec.usage()] {
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
        spec(&["cache", "sync"]).usage(),
        "Usage:  gh pmu cache sync [flags]\n\nFlags:\n  --force   Apply the manifest even if it is older than the cache\n"
    );
    assert_eq!(spec(&["release"]).usage(), "Usage:  gh pmu release <command> [flags]\n\nAvailable commands:\n  list\n");
}

#[test]
fn mistyped_commands_are_guessed() {
    assert_eq!(suggestions(spec(&["cache"]), "snyc"), "\nDid you mean this?\n\tsync\n");
    assert_eq!(suggestions(spec(&["cache"]), "re"), "\nDid you mean this?\n\trebuild\n\trepair\n");
    assert_eq!(suggestions(spec(&["cache"]), "frobnicate"), "");
    assert_eq!(suggestions(spec(&["cache"]), "help"), "\nDid you mean this?\n\t--help\n");
}
