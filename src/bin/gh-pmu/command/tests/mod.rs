//! The command line as a whole: what each command is given, and the sentences of what is wrong.

mod help;
#[cfg(unix)]
mod screens;

use gh_pmu::model::{Kind, Seq, State, UnixMillis};
use gh_pmu::query::{Order, SortBy};
use jiff::tz::TimeZone;

use super::*;
use crate::cli::spec::words;
use crate::cli::{Asked, Clock, JsonShape, Many, Since, When, parse};

fn now() -> UnixMillis {
    UnixMillis::parse_rfc3339("2024-12-24T10:30:00Z").unwrap()
}

fn asked(line: &str) -> Result<Asked<'static, Read>, Error> {
    let args = line.split_whitespace().map(Into::into).collect::<Vec<_>>();
    parse(&ROOT, args, Clock { now: now(), zone: &|| TimeZone::UTC })
}

fn given(line: &str) -> Result<(Given<'static>, Read), Error> {
    match asked(line)? {
        Asked::Run(given, read) => Ok((given, *read)),
        Asked::Unknown(_, error) => Err(error),
        _ => panic!("{line}: no command to run"),
    }
}

fn ready(line: &str) -> Result<Ready, Error> {
    given(line).and_then(|(given, run)| read(&given, run))
}

fn list(line: &str) -> list::Args {
    let kind = if line.starts_with("microsprint") { Kind::Microsprint } else { Kind::Release };
    list::Args::read(kind, &given(line).unwrap().0).unwrap()
}

fn history(line: &str) -> history::Args {
    history::Args::read(&given(&format!("cache history {line}")).unwrap().0).unwrap()
}

/// The sentence, and the first line of the usage.
fn error(line: &str) -> (String, String) {
    let Err(error) = ready(line) else { panic!("{line}: accepted") };
    match error {
        Error::Usage { message, usage } => (message, usage.lines().next().unwrap_or_default().to_owned()),
        other => panic!("{other:?}"),
    }
}

const LIST_USAGE: &str = "Usage:  gh pmu release list [flags]";

#[track_caller]
fn list_error(flags: &str, expected: &str) {
    assert_eq!(error(&format!("release list {flags}")), (expected.to_owned(), LIST_USAGE.to_owned()));
}

#[test]
fn a_list_without_flags_has_the_documented_defaults() {
    let options = list("release ls");
    assert_eq!((options.kind, options.state, options.limit), (Kind::Release, None, None));
    assert_eq!((options.sort, options.order, options.many), (SortBy::Number, Order::Descending, None));
    assert!(options.search.is_none() && options.json.is_none() && options.as_of.is_none());
    assert_eq!(list("microsprint list").kind, Kind::Microsprint);
}

#[test]
fn the_browser_takes_no_json_and_one_repository_as_it_is_now() {
    assert!(list("release list --refresh").refresh && list("release list -w -s open").web);
    for other in ["--json number", "--all-repos", "--as-of 3d"] {
        let flag = other.split(' ').next().unwrap();
        let expected = format!("cannot use `--web` with `{flag}`");
        assert_eq!(error(&format!("release list --web {other}")), (expected, String::new()));
    }
}

#[test]
fn every_flag_of_a_list_is_read() {
    let options = list(
        "microsprint list -s open -S cache --created 2024-12-01..* --closed <2024-12-24 --sort version --order asc -L 30 \
         --as-of @412 --json title,number,title -q .[]",
    );
    assert_eq!((options.state, options.search.as_deref(), options.limit), (Some(State::Open), Some("cache"), Some(30)));
    assert_eq!((options.sort, options.order), (SortBy::Version, Order::Ascending));
    assert_eq!(options.as_of, Some(When::After(Seq(412))));
    assert!(options.created.unwrap().max.is_none() && options.closed.unwrap().min.is_none());
    let json = options.json.unwrap();
    assert_eq!((json.fields, json.shape), (vec!["number", "title"], JsonShape::Jq(".[]".to_owned())));
    assert_eq!(list("release list --all-repos").many, Some(Many::All));
    let Some(Many::Of(owner)) = list("release list --owner GHE.example.com/Octo-Org").many else { panic!("no owner") };
    assert_eq!(owner.to_string(), "ghe.example.com/Octo-Org");
}

#[test]
fn values_are_written_as_in_gh() {
    for flags in ["-sclosed", "-s=closed", "-s closed", "--state=closed", "--state CLOSED", "-s open -s closed"] {
        assert_eq!(list(&format!("release list {flags}")).state, Some(State::Closed), "{flags}");
    }
    assert_eq!(list("release list --all-repos --all-repos=false").many, None);
    let json = list("release list --json number --json=title,state").json.unwrap();
    assert_eq!(json.fields, ["number", "state", "title"]);
    assert_eq!(list("release list -S -x").search.as_deref(), Some("-x"));
}

#[test]
fn the_repository_may_stand_anywhere() {
    for line in ["-R o/r release list", "release --repo o/r list", "release list --repo=o/r", "-Ro/r release list"] {
        assert_eq!(given(line).unwrap().0.repo(), Some("o/r"), "{line}");
    }
    assert_eq!(given("-R a/b release list -R o/r").unwrap().0.repo(), Some("o/r"));
    assert_eq!(given("cache verify -R o/r").unwrap().0.repo(), Some("o/r"));
}

#[test]
fn the_cache_commands_are_read() {
    for line in [
        "cache sync --force",
        "cache status --json --check",
        "cache verify --json",
        "cache repair",
        "cache rebuild",
        "cache compact --prune-before @5 --dry-run",
    ] {
        assert!(matches!(ready(line), Ok(Ready::Cached(command)) if command.of_many().is_none()), "{line}");
    }
    assert!(matches!(ready("cache clear --all --yes"), Ok(Ready::Cached(command)) if command.of_many() == Some("all")));
    for (word, form) in [("ndjson", export::Format::Ndjson), ("csv", export::Format::Csv), ("sql", export::Format::Sql)]
    {
        let (given, _) = given(&format!("cache export --events --format {word}")).unwrap();
        let options = export::Args::read(&given).unwrap();
        assert_eq!((options.events, options.format), (true, form));
    }
}

/// A flag that is read and not among the command's flags fails here.
#[test]
fn every_command_reads_only_its_own_flags() {
    fn walk(spec: &'static Spec) {
        if let Some(run) = spec.run {
            let given = Given::parse(spec, &[], Clock { now: now(), zone: &|| TimeZone::UTC }).unwrap();
            if let Err(error) = read(&given, run) {
                assert!(matches!(error, Error::Usage { .. }), "{}: {error}", spec.path);
            }
        }
        assert_eq!(spec.run.is_none(), !spec.commands.is_empty(), "{}", spec.path);
        spec.commands.iter().for_each(|command| walk(command));
    }
    walk(&ROOT);
}

#[test]
fn history_is_filtered_as_asked() {
    let options =
        history("--since last --until 3d --number 430 --kind release --event closed,added --event removed -L 5");
    assert_eq!((options.since, options.kind, options.limit), (Some(Since::Last(None)), Some(Kind::Release), Some(5)));
    assert_eq!(options.number.map(|number| number.get()), Some(430));
    assert_eq!(options.events, ["closed", "added", "removed"]);
    assert_eq!(options.order, Order::Descending);
    assert_eq!(history("--json seq,before").json.unwrap().fields, ["before", "seq"]);
}

#[test]
fn help_and_version_are_asked_for_in_every_way() {
    let page = |line: &str| match asked(line).unwrap() {
        Asked::Help(spec) => spec.path,
        _ => panic!("{line}: no help"),
    };
    assert!(matches!(asked(""), Ok(Asked::Nothing(None))));
    assert_eq!(page("--help"), "gh pmu");
    assert_eq!(page("help"), "gh pmu");
    assert_eq!(page("cache"), "gh pmu cache");
    assert_eq!(page("cache -h"), "gh pmu cache");
    assert_eq!(page("help release ls"), "gh pmu release list");
    assert_eq!(page("release list --help"), "gh pmu release list");
    assert_eq!(page("--help release list extra"), "gh pmu release list");
    assert!(matches!(asked("help dates more"), Ok(Asked::Topic(_))));
    assert!(matches!(asked("--version"), Ok(Asked::Version)));
}

#[test]
fn unknown_flags_are_named() {
    list_error("--bogus", "unknown flag: --bogus");
    list_error("--bogus=1 --help", "unknown flag: --bogus");
    list_error("-x", "unknown shorthand flag: 'x' in -x");
    list_error("-xyz", "unknown shorthand flag: 'x' in -xyz");
    list_error("--templates", "unknown flag: --templates\n\nDid you mean this?\n\t--template");
    assert_eq!(
        error("cache --bogus"),
        ("unknown flag: --bogus".to_owned(), "Usage:  gh pmu cache <command> [flags]".to_owned())
    );
    assert_eq!(error("--bogus").0, "unknown flag: --bogus");
    assert_eq!(error("release list --version").0, "unknown flag: --version");
}

#[test]
fn unknown_commands_are_named_and_guessed() {
    let (message, usage) = error("cache x");
    assert_eq!(message, "unknown command \"x\" for \"gh pmu cache\"");
    assert_eq!(usage, "Usage:  gh pmu cache <command> [flags]");
    assert_eq!(error("install").0, "unknown command \"install\" for \"gh pmu\"");
    assert_eq!(error("help nothing").0, "unknown command \"nothing\" for \"gh pmu\"");
    assert_eq!(
        error("cache stats").0,
        "unknown command \"stats\" for \"gh pmu cache\"\n\nDid you mean this?\n\tstatus"
    );
}

#[test]
fn words_outside_the_list_are_refused_with_the_list() {
    list_error("-s bogus", "invalid argument \"bogus\" for \"-s, --state\" flag: valid values are {open|closed|all}");
    list_error(
        "--sort x",
        "invalid argument \"x\" for \"--sort\" flag: valid values are {number|created|closed|title|version}",
    );
    list_error("--order up", "invalid argument \"up\" for \"--order\" flag: valid values are {asc|desc}");
    list_error("--all-repos=maybe", "invalid argument \"maybe\" for \"--all-repos\" flag: expected true or false");
    assert_eq!(
        error("cache history --event closed,gone").0,
        "invalid argument \"gone\" for \"--event\" flag: valid values are {added|closed|reopened|retitled|redated|removed}"
    );
    assert_eq!(
        error("cache history --kind epic").0,
        "invalid argument \"epic\" for \"--kind\" flag: valid values are {release|microsprint}"
    );
    assert_eq!(
        error("cache export --format xml").0,
        "invalid argument \"xml\" for \"--format\" flag: valid values are {ndjson|csv|sql}"
    );
}

#[test]
fn limits_and_numbers_are_checked() {
    list_error("-L 0", "invalid limit: 0");
    list_error("--limit -1", "invalid limit: -1");
    list_error("-L x", "invalid argument \"x\" for \"-L, --limit\" flag: expected a number such as 30");
    list_error(
        "-L 99999999999999999999",
        "invalid argument \"99999999999999999999\" for \"-L, --limit\" flag: the number is too large",
    );
    assert_eq!(error("cache history --number 0").0, "invalid number: 0");
    assert_eq!(history("--number #430").number.map(|number| number.get()), Some(430));
}

#[test]
fn a_missing_value_is_named() {
    list_error("--limit", "flag needs an argument: --limit");
    list_error("-L", "flag needs an argument: 'L' in -L");
    list_error("-R", "flag needs an argument: 'R' in -R");
    assert_eq!(error("--repo").0, "flag needs an argument: --repo");
}

#[test]
fn extra_arguments_are_named() {
    list_error("extra", "unknown argument \"extra\"; please quote all values that have spaces");
    list_error("a b", "unknown arguments [\"a\" \"b\"]; please quote all values that have spaces");
    list_error("-- --state", "unknown argument \"--state\"; please quote all values that have spaces");
    assert_eq!(error("cache repair now").0, "unknown argument \"now\"");
}

#[test]
fn ranges_and_moments_that_cannot_be_read_say_which_flag() {
    list_error(
        "--created soon",
        "invalid argument \"soon\" for \"--created\" flag: expected a date or a range of dates such as 2024-12-24, \
         >=2024-12-01 or 2024-12-01..2024-12-31",
    );
    list_error(
        "--as-of last",
        "invalid argument \"last\" for \"--as-of\" flag: `last` is for `cache history --since`; expected a moment such as 2024-12-24, 3d or \"yesterday\"",
    );
    assert_eq!(
        error("cache history --since @x").0,
        "invalid argument \"@x\" for \"--since\" flag: expected the number of an event such as @412, or a moment such as 2024-12-24 or 3d"
    );
}

#[test]
fn json_without_fields_lists_them_without_the_usage() {
    let fields = "\n  branch\n  closedAt\n  codename\n  createdAt\n  kind\n  name\n  number\n  repo\n  state\n  status\n  title\n  track\n  url\n  version";
    for flags in ["--json", "--json=", "--json --state open", "--json -q .", "--json ,"] {
        let expected = format!("Specify one or more comma-separated fields for `--json`:{fields}");
        assert_eq!(error(&format!("release list {flags}")), (expected, String::new()), "{flags}");
    }
    assert_eq!(
        error("release list --json number,bogus"),
        (format!("Unknown JSON field: \"bogus\"\nAvailable fields:{fields}"), String::new())
    );
    for (flags, flag) in [("--jq .", "jq"), ("-t x", "template")] {
        let expected = format!("cannot use `--{flag}` without specifying `--json`");
        assert_eq!(error(&format!("release list {flags}")), (expected, String::new()));
    }
    list_error("--json title -q . -t x", "only one of `--jq` or `--template` may be used");
}

#[test]
fn flags_that_exclude_each_other_are_refused() {
    list_error("--all-repos -R o/r", "cannot use `--all-repos` with `--repo`");
    assert_eq!(error("cache clear --all -R o/r").0, "cannot use `--all` with `--repo`");
    let (said, usage) = error("cache export");
    assert_eq!(said.lines().next(), Some("required flag(s) \"format\" not set"));
    let forms = words::<export::Format>();
    let offered: Vec<_> = forms.iter().filter(|form| said.contains(&format!("`--format {form}`"))).collect();
    assert_eq!((offered.len(), &*usage), (forms.len(), ""), "{said}");
}

#[test]
fn init_takes_a_branch_that_git_takes_and_no_repository() {
    let options = init::Args::read(&given("init --workflow --branch pmu-cache --dry-run").unwrap().0).unwrap();
    assert_eq!(options.asked.branch.as_deref(), Some("pmu-cache"));
    assert!(options.asked.workflow && options.dry_run && !options.asked.force);
    for name in ["a..b", "--x", "a:b", "@"] {
        let (message, usage) = error(&format!("init --branch {name}"));
        assert_eq!(message, format!("invalid argument {name:?} for \"--branch\" flag: not the name of a branch"));
        assert_eq!(usage, "Usage:  gh pmu init [flags]");
    }
    assert_eq!(error("init -R o/r").0, "cannot use `--repo`: init sets up the checkout it is run in");
}
