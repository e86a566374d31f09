//! The pages of help.

use crate::cli::Asked;
use crate::cli::help::{Usage, help, suggestions};
use crate::cli::topics::TOPICS;
use crate::command::{ROOT, Spec};

fn spec(path: &[&str]) -> &'static Spec {
    path.iter().fold(&ROOT, |at, name| at.commands.iter().find(|command| command.name == *name).unwrap())
}

fn plain(title: &str) -> String {
    title.to_owned()
}

#[test]
fn the_help_of_a_list_is_laid_out_as_gh_lays_it_out() {
    let text = help(spec(&["release", "list"]), &plain);
    for part in [
        "List the release trackers of a repository from the cache.\n\n",
        "\n\nUSAGE\n  gh pmu release list [flags]\n\nALIASES\n  gh pmu release ls\n\nFLAGS\n      --all-repos  ",
        "  -L, --limit int         Maximum number to list (default all)\n",
        "\n\nINHERITED FLAGS\n      --help                     Show help for command\n  -R, --repo [HOST/]OWNER/REPO   Select another",
        "JSON FIELDS\n  branch, closedAt, codename, createdAt, kind, name, number, repo, state,\n  status, title, track, url, version\n",
        "\n\nEXAMPLES\n  $ gh pmu release list --state open\n",
        "\n\nLEARN MORE\n  Use `gh pmu <command> <subcommand> --help` for more about a command.\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn the_first_lines_say_what_a_tracker_is_and_where_it_comes_from() {
    let first: Vec<_> = help(&ROOT, &plain).lines().take(10).map(str::to_owned).collect();
    let first = first.join(" ");
    for words in ["A tracker is a GitHub issue", "label such as `release`", ".github/pmu-cache.json", "workflow"] {
        assert!(first.contains(words), "{words}: {first}");
    }
}

#[test]
fn every_topic_is_listed_and_fits() {
    let root = help(&ROOT, &plain);
    for topic in TOPICS {
        assert!(root.contains(&format!("{}:", topic.name)), "{}", topic.name);
        assert!(topic.text.lines().all(|line| line.len() <= 80), "{}", topic.name);
        let asked = super::asked(&format!("help {}", topic.name));
        assert!(matches!(asked, Ok(Asked::Topic(text)) if text == topic.text), "{}", topic.name);
    }
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
            assert!(!text.replace(".gh-pmu.yml", "").replace("the other gh-pmu", "").contains("gh-pmu"), "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
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
        spec(&["cache", "rebuild"]).usage(),
        "Usage:  gh pmu cache rebuild [flags]\n\nFlags:\n  \
         --import   Begin with the lists in the history of `.gh-pmu.yml`\n  \
         --yes      Rebuild even if something is lost by it\n"
    );
    assert_eq!(
        spec(&["release"]).usage(),
        "Usage:  gh pmu release <command> [flags]\n\nAvailable commands:\n  list\n  view\n"
    );
}

#[test]
fn mistyped_commands_are_guessed() {
    assert_eq!(suggestions(spec(&["cache"]), "snyc"), "\nDid you mean this?\n\tsync\n");
    assert_eq!(suggestions(spec(&["cache"]), "re"), "\nDid you mean this?\n\trebuild\n\trepair\n");
    assert_eq!(suggestions(spec(&["cache"]), "frobnicate"), "");
    assert_eq!(suggestions(spec(&[]), "date"), "\nDid you mean this?\n\thelp dates\n");
    assert_eq!(suggestions(spec(&["cache"]), "help"), "\nDid you mean this?\n\t--help\n");
}
