//! The flags of `release list` and `microsprint list`, but for those of JSON.

use serde_json::{Value, json};

use crate::cli::lab::{Lab, Ran, columns, nothing_cached, numbers, words};
use crate::cli::manifests::{SMALL_MICROSPRINTS, SMALL_RELEASES, manifest, open, small, small_at, tracker};

/// Eight releases that every order puts in another order.
fn eight() -> String {
    let day = |day: u32| format!("2024-12-{day:02}T12:00:00Z");
    let closed = |number, title: &str, from: u32, to: u32| tracker(number, title, Some(&day(from)), Some(&day(to)));
    let opened = |number, title: &str, from: u32| tracker(number, title, Some(&day(from)), None);
    let releases = json!([
        closed(10, "Release: v1.10.0 (Osprey)", 5, 20),
        closed(20, "Release: v1.9.0 (merlin)", 9, 12),
        opened(30, "Release: v2.0.0-rc.1", 15),
        opened(40, "Release: v2.0.0-beta.11", 3),
        closed(50, "Release: v2.0.0", 22, 24),
        opened(60, "apples and pears", 1),
        open(70, "Zebra: a release without version or time"),
        closed(80, "Release: V0.9 (Osprey two)", 4, 31),
    ]);
    manifest(10, &releases, &json!([opened(90, "Microsprint: pears", 2)]))
}

fn lab() -> Lab {
    Lab::synced(&eight())
}

#[track_caller]
fn assert_listed(lab: &Lab, args: &str, expected: &[u64]) {
    let out = lab.run(&[&["release", "list"], &words(args)[..]].concat()).ok();
    assert_eq!(numbers(&out), expected, "{args}");
}

#[test]
fn a_list_without_flags_is_all_trackers_newest_number_first() {
    let lab = Lab::new();
    lab.write_manifest(small());
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    assert_eq!(lab.run(&["microsprint", "list"]).ok(), SMALL_MICROSPRINTS);
    assert_eq!(lab.run(&["release", "ls"]).ok(), SMALL_RELEASES);
    assert_eq!(lab.run(&["microsprint", "ls"]).ok(), SMALL_MICROSPRINTS);
}

#[test]
fn a_list_is_the_same_from_anywhere_in_the_checkout() {
    let lab = lab();
    let inner = lab.checkout.join("a/b c/d");
    std::fs::create_dir_all(&inner).unwrap();
    assert_eq!(lab.run_in(&inner, &["release", "list"]).ok(), lab.run(&["release", "list"]).ok());
}

#[test]
fn a_checkout_without_git_is_found_by_its_manifest() {
    let lab = Lab::without_git();
    lab.write_manifest(small());
    let inner = lab.checkout.join("inner");
    std::fs::create_dir(&inner).unwrap();
    assert_eq!(lab.run_in(&inner, &["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn a_worktree_has_its_own_manifest_and_the_same_cache() {
    let lab = Lab::with_git();
    lab.write_manifest(small());
    lab.git(&["add", "."]);
    lab.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "manifest"]);
    lab.git(&["worktree", "add", "-q", "-b", "other", "../tree"]);
    let tree = lab.root().join("tree");
    assert_eq!(lab.run_in(&tree, &["release", "list"]).ok(), SMALL_RELEASES);
    lab.write_manifest(small_at(11).replace("v0.9.0", "v1.0.0"));
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v1.0.0"));
    // The other tree's manifest is older now: it changes nothing.
    assert_eq!(lab.run_in(&tree, &["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v1.0.0"));
    assert_eq!(lab.status()["seq"], 6);
}

#[test]
fn state_chooses_open_closed_or_all() {
    let lab = lab();
    assert_listed(&lab, "--state open", &[70, 60, 40, 30]);
    assert_listed(&lab, "--state=closed", &[80, 50, 20, 10]);
    for all in ["-s all", "--state ALL", "-sall"] {
        assert_listed(&lab, all, &[80, 70, 60, 50, 40, 30, 20, 10]);
    }
    assert_listed(&lab, "-s open --state closed", &[80, 50, 20, 10]);
}

#[test]
fn search_wants_every_word_in_any_case_and_order() {
    let lab = lab();
    assert_listed(&lab, "-S osprey", &[80, 10]);
    assert_listed(&lab, "--search OSPREY", &[80, 10]);
    assert_listed(&lab, "-S rele", &[80, 70, 50, 40, 30, 20, 10]);
    assert_listed(&lab, "-S v2.0.0- -s open", &[40, 30]);
    assert_listed(&lab, "-S nothing-like-it", &[]);
    let out = lab.run(&["release", "list", "-S", " two\tosprey  V0 "]).ok();
    assert_eq!(numbers(&out), [80]);
}

#[test]
fn created_takes_ranges_in_githubs_syntax() {
    let lab = lab();
    assert_listed(&lab, "--created 2024-12-04", &[80]);
    assert_listed(&lab, "--created 2024-12-03..2024-12-05", &[80, 40, 10]);
    assert_listed(&lab, "--created >=2024-12-15", &[50, 30]);
    assert_listed(&lab, "--created >2024-12-15", &[50]);
    assert_listed(&lab, "--created <2024-12-03", &[60]);
    assert_listed(&lab, "--created <=2024-12-03", &[60, 40]);
    assert_listed(&lab, "--created *..2024-12-03", &[60, 40]);
    assert_listed(&lab, "--created 2024-12-15..*", &[50, 30]);
    assert_listed(&lab, "--created 2024-12-15T12:00:00Z", &[30]);
    assert_listed(&lab, "--created >2024-12-15T12:00:00Z", &[50]);
    assert_listed(&lab, "--created 2024-12-15T13:00:00+01:00..2024-12-22T12:00:00Z", &[50, 30]);
    // A tracker of unknown creation is in no range.
    assert_listed(&lab, "--created *..*", &[80, 60, 50, 40, 30, 20, 10]);
}

#[test]
fn closed_takes_ranges_too_and_open_trackers_are_in_none() {
    let lab = lab();
    assert_listed(&lab, "--closed >=2024-12-20", &[80, 50, 10]);
    assert_listed(&lab, "--closed 2024-12-12..2024-12-20", &[20, 10]);
    assert_listed(&lab, "--closed *..* --state open", &[]);
    assert_listed(&lab, "--closed >=2024-12-01 --created <2024-12-06 --search osprey", &[80, 10]);
}

#[test]
fn sort_and_order_give_every_order() {
    let lab = lab();
    for (sort, descending) in [
        ("number", [80, 70, 60, 50, 40, 30, 20, 10]),
        ("created", [50, 30, 20, 10, 80, 40, 60, 70]),
        ("version", [50, 30, 40, 10, 20, 80, 70, 60]),
        ("title", [70, 30, 40, 50, 20, 10, 80, 60]),
    ] {
        assert_listed(&lab, &format!("--sort {sort}"), &descending);
        assert_listed(&lab, &format!("--sort {sort} --order desc"), &descending);
    }
    assert_listed(&lab, "--sort number --order asc", &[10, 20, 30, 40, 50, 60, 70, 80]);
    assert_listed(&lab, "--sort created --order asc", &[70, 60, 40, 80, 10, 20, 30, 50]);
    assert_listed(&lab, "--sort title --order asc", &[60, 80, 10, 20, 50, 40, 30, 70]);
    // What compares equal stays newest number first.
    assert_listed(&lab, "--sort version --order asc", &[70, 60, 80, 20, 10, 40, 30, 50]);
    assert_listed(&lab, "--sort closed", &[80, 50, 10, 20, 70, 60, 40, 30]);
    assert_listed(&lab, "--sort closed --order asc", &[70, 60, 40, 30, 20, 10, 50, 80]);
}

#[test]
fn limit_counts_behind_filter_and_order() {
    let lab = lab();
    assert_listed(&lab, "-L 1", &[80]);
    assert_listed(&lab, "--limit 3 -s open", &[70, 60, 40]);
    assert_listed(&lab, "--limit=2 --sort version", &[50, 30]);
    assert_listed(&lab, "-L 1000000000000", &[80, 70, 60, 50, 40, 30, 20, 10]);
    assert_listed(&lab, "-L1 --search pears", &[60]);
}

#[test]
fn no_trackers_are_no_failure_and_nothing_on_a_pipe() {
    let lab = lab();
    for args in ["--search nothing", "--created 1999-01-01", "-s open --closed 2024-12-20"] {
        assert_eq!(lab.run(&[&["release", "list"], &words(args)[..]].concat()).ok(), "");
    }
    let shown = lab.run_with(&[("GH_FORCE_TTY", "80")], &["release", "list", "-s", "open", "-S", "nothing"]);
    assert_eq!((shown.code, &*shown.out), (Some(0), ""));
    assert_eq!(shown.err, "no open releases match your search in octo-org/atlas\n");
}

/// Three states: @5 at 10:00, @6 at 11:00, @7 at 12:00.
fn three_states() -> Lab {
    let lab = Lab::synced(&small());
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.9.1"));
    lab.run(&["cache", "sync"]).ok();
    lab.write_manifest(small_at(12).replace("v0.9.0", "v0.9.2"));
    lab.run(&["cache", "sync"]).ok();
    lab
}

#[test]
fn as_of_lists_what_was_there_then() {
    let mut lab = three_states();
    lab.set("TZ", "UTC");
    let was = |version| SMALL_RELEASES.replace("v0.9.0", version);
    for (when, version) in [
        ("@5", "v0.9.0"),
        ("@6", "v0.9.1"),
        ("@7", "v0.9.2"),
        ("2025-06-12T10:00:00Z", "v0.9.0"),
        ("2025-06-12T10:59:59.999Z", "v0.9.0"),
        ("2025-06-12T11:00:00Z", "v0.9.1"),
        ("2025-06-12T13:30:00+02:00", "v0.9.1"),
        ("2025-06-13", "v0.9.2"),
        ("yesterday", "v0.9.2"),
        ("1m", "v0.9.2"),
    ] {
        assert_eq!(lab.run(&["release", "list", "--as-of", when]).ok(), was(version), "{when}");
    }
    assert_eq!(
        lab.run(&["release", "list", "--as-of", "@3"]).ok().lines().count()
            + lab.run(&["microsprint", "list", "--as-of", "@3"]).ok().lines().count(),
        3
    );
    let listed = lab.json(&["release", "list", "--as-of", "@6", "-s", "open", "--json", "version"]);
    assert_eq!(listed, json!([{"version": "v0.9.1"}]));
    lab.run(&["cache", "compact"]).ok();
    assert_eq!(lab.run(&["release", "list", "--as-of", "@6"]).ok(), was("v0.9.1"));
}

#[test]
fn a_date_begins_at_local_midnight() {
    let mut lab = three_states();
    // 10:30 UTC: between the first and the second state.
    lab.set("TZ", "XXX-13:30");
    assert_eq!(lab.run(&["release", "list", "--as-of", "2025-06-13"]).ok(), SMALL_RELEASES);
    lab.set("TZ", "UTC");
    assert_ne!(lab.run(&["release", "list", "--as-of", "2025-06-13"]).ok(), SMALL_RELEASES);
}

#[test]
fn as_of_outside_of_history_says_where_it_starts_and_ends() {
    let mut lab = three_states();
    lab.set("TZ", "UTC");
    for when in ["2025-06-12", "2025-06-12T09:59:59.999Z", "1970-01-01"] {
        let said = lab.run(&["release", "list", "--as-of", when]).fails();
        assert_eq!(said, "history of octo-org/atlas starts on 2025-06-12T10:00:00Z, with event 1\n", "{when}");
    }
    assert_eq!(lab.run(&["release", "list", "--as-of", "@0"]).ok(), "", "before the first event there was nothing");
    let said = lab.run(&["release", "list", "--as-of", "@8"]).fails();
    assert_eq!(said, "the last event of octo-org/atlas is 7, not 8\n");
    for when in ["last", "tomorrow", "@", "@x", "2025-13-01", "", "-3d"] {
        let said = lab.run(&["release", "list", "--as-of", when]).fails();
        assert!(said.starts_with(&format!("invalid argument {when:?} for \"--as-of\" flag: ")), "{said}");
    }
}

#[test]
fn another_repository_is_listed_from_the_cache_even_outside_any_checkout() {
    let lab = lab();
    let outside = lab.root();
    let rows = lab.run(&["release", "list"]).ok();
    for repo in [
        "octo-org/atlas",
        "OCTO-ORG/Atlas",
        "github.com/octo-org/atlas",
        "https://github.com/octo-org/atlas",
        "git@github.com:octo-org/atlas.git",
    ] {
        assert_eq!(lab.run_in(&outside, &["release", "list", "-R", repo]).ok(), rows, "{repo}");
        assert_eq!(lab.run_in(&outside, &["-R", repo, "release", "list"]).ok(), rows, "{repo}");
        for line in [
            "release list --json repo,url -R",
            "release view latest --json repo,events -R",
            "cache history --json repo -R",
            "cache export --events --format csv -R",
            "cache status --json -R",
        ] {
            let words: Vec<&str> = line.split(' ').chain([repo]).collect();
            let told = lab.run_in(&outside, &words).ok();
            assert!(told.contains("octo-org/atlas") && !told.contains("OCTO"), "{line} {repo}: {told}");
        }
        let mut by_variable = lab.command(&["release", "list"]);
        by_variable.current_dir(&outside).env("GH_REPO", repo);
        assert_eq!(Ran::from(by_variable.output().unwrap()).ok(), rows, "{repo}");
    }
    let flag_first = lab.run_with(&[("GH_REPO", "o/r")], &["release", "list", "--repo", "octo-org/atlas"]).ok();
    assert_eq!(flag_first, rows);
}

#[test]
fn a_repository_that_is_not_cached_or_not_named_is_told() {
    let lab = lab();
    let nothing = nothing_cached("o/r");
    assert_eq!(lab.run(&["release", "list", "-R", "o/r"]).fails(), nothing);
    assert_eq!(lab.run_with(&[("GH_REPO", "o/r")], &["release", "list"]).fails(), nothing);
    let unnamed = lab.run_in(&lab.root(), &["release", "list"]).fails();
    assert_eq!(
        unnamed,
        "no repository is named, and this is no checkout with a manifest\nUse `--repo OWNER/REPO`, or set GH_REPO.\n"
    );
    for bad in ["bad", "o/r/", "a/b/c/d", "o/..", "../../etc", "o/r\n", "file:///o/r"] {
        let said = lab.run(&["release", "list", "-R", bad]).fails();
        let form = said.starts_with("expected the \"[HOST/]OWNER/REPO\" format, got ");
        assert!(form || said == format!("{bad:?} is not the URL of a repository\n"), "{said}");
    }
    // GH_HOST tells whose o/r is meant.
    let mut elsewhere = lab.command(&["release", "list", "-R", "octo-org/atlas"]);
    elsewhere.current_dir(lab.root()).env("GH_HOST", "ghe.example.com");
    assert!(
        Ran::from(elsewhere.output().unwrap())
            .fails()
            .starts_with("nothing is cached of ghe.example.com/octo-org/atlas, ")
    );
}

#[test]
fn all_repos_lists_every_cached_repository_with_its_name_in_front() {
    let lab = lab();
    let other = lab.other(&small().replace("octo-org/atlas", "acme/rocket"));
    lab.run_in(&other, &["cache", "sync"]).ok();
    let out = lab.run_in(&lab.root(), &["release", "list", "--all-repos", "--state", "open"]).ok();
    let found: Vec<_> = columns(&out).iter().map(|line| (line[0].to_owned(), line[1].to_owned(), line.len())).collect();
    let expected = [
        ("acme/rocket", "430"),
        ("octo-org/atlas", "70"),
        ("octo-org/atlas", "60"),
        ("octo-org/atlas", "40"),
        ("octo-org/atlas", "30"),
    ];
    let mut sorted: Vec<_> =
        expected.iter().map(|(repo, number)| ((*repo).to_owned(), (*number).to_owned(), 6)).collect();
    sorted.sort_by_key(|(_, number, _)| std::cmp::Reverse(number.parse::<u64>().unwrap()));
    assert_eq!(found, sorted);
    let listed = lab.json(&["release", "list", "--all-repos", "--json", "repo,number", "-L", "2"]);
    assert_eq!(listed[0], json!({"repo": "acme/rocket", "number": 430}));
    let said = lab.run(&["release", "list", "--all-repos", "-R", "o/r"]).fails();
    assert!(said.starts_with("cannot use `--all-repos` with `--repo`\n"), "{said}");
    // GH_REPO is for commands about one repository.
    assert_eq!(lab.run_with(&[("GH_REPO", "o/r")], &["release", "list", "--all-repos"]).ok().lines().count(), 11);
}

#[test]
fn all_repos_with_nothing_cached_is_an_empty_list() {
    let lab = Lab::new();
    assert_eq!(lab.run_in(&lab.root(), &["release", "list", "--all-repos"]).ok(), "");
    assert_eq!(lab.run_in(&lab.root(), &["release", "list", "--all-repos", "--json", "repo"]).ok(), "[]\n");
    for (args, said) in [(["release", "list"], "no releases"), (["cache", "history"], "no changes")] {
        let shown = lab.command(&args).arg("--all-repos").env("GH_FORCE_TTY", "80").output().unwrap();
        assert_eq!(String::from_utf8(shown.stderr).unwrap(), format!("{said} in any cached repository\n"));
    }
}

#[test]
fn wrong_flags_exit_with_1_and_show_the_usage() {
    let lab = lab();
    let usage = "\n\nUsage:  gh pmu release list [flags]\n\nFlags:\n";
    for (args, sentence) in [
        ("--bogus", "unknown flag: --bogus"),
        ("-x", "unknown shorthand flag: 'x' in -x"),
        ("--state merged", "invalid argument \"merged\" for \"-s, --state\" flag: valid values are {open|closed|all}"),
        (
            "--sort size",
            "invalid argument \"size\" for \"--sort\" flag: valid values are {number|created|closed|title|version}",
        ),
        ("--order up", "invalid argument \"up\" for \"--order\" flag: valid values are {asc|desc}"),
        ("--limit 0", "invalid limit: 0"),
        ("--limit -5", "invalid limit: -5"),
        ("-L ten", "invalid argument \"ten\" for \"-L, --limit\" flag: expected a number such as 30"),
        ("--limit", "flag needs an argument: --limit"),
        ("-L", "flag needs an argument: 'L' in -L"),
        ("extra", "unknown argument \"extra\"; please quote all values that have spaces"),
        ("one two", "unknown arguments [\"one\" \"two\"]; please quote all values that have spaces"),
        (
            "--created 2024",
            "invalid argument \"2024\" for \"--created\" flag: expected a date or a range of dates such as 2024-12-24, >=2024-12-01 or 2024-12-01..2024-12-31",
        ),
        (
            "--closed 2024-12-31..2024-12-01",
            "invalid argument \"2024-12-31..2024-12-01\" for \"--closed\" flag: the range ends before it starts",
        ),
    ] {
        let said = lab.run(&[&["release", "list"], &words(args)[..]].concat()).fails();
        assert!(said.starts_with(&format!("{sentence}{usage}")), "{args}: {said}");
    }
    let said = lab.run(&["release", "list", "--jq", "."]).fails();
    assert_eq!(said, "cannot use `--jq` without specifying `--json`\n", "as gh, which leaves the usage out here");
    let said = lab.run(&["release", "lst"]).fails();
    assert!(
        said.starts_with("unknown command \"lst\" for \"gh pmu release\"\n\nDid you mean this?\n\tlist\n"),
        "{said}"
    );
    let said = lab.run(&["sync"]).fails();
    assert!(
        said.starts_with("unknown command \"sync\" for \"gh pmu\"\n\nDid you mean this?\n\tcache sync\n"),
        "{said}"
    );
    let said = lab.run(&["history"]).fails();
    assert!(said.contains("\n\tcache history\n") && said.contains("a command of the other gh-pmu"), "{said}");
    assert!(lab.run(&["release", "--state", "open"]).fails().starts_with("unknown flag: --state\n"));
    assert!(lab.run(&["relase", "list"]).fails().starts_with("unknown command \"relase\" for \"gh pmu\"\n"));
}

#[test]
fn help_goes_to_standard_output_and_needs_no_surroundings() {
    let lab = Lab::without_git();
    lab.write(".gh-pmu.yml", "cache: 5\n");
    for args in
        [&["--help"][..], &["release", "list", "--help"], &["help", "release", "list"], &["cache"], &["--version"]]
    {
        let out = lab.run(args).ok();
        assert!(
            out.starts_with("List ") || out.starts_with("Work with") || out.starts_with("gh pmu version "),
            "{out}"
        );
        assert!(!out.contains("gh-pmu "), "{out}");
    }
    let (out, warning) = lab.run(&[]).warns();
    assert!(out.starts_with("List ") && warning.contains(".gh-pmu.yml: line 1: cache is 5; "), "{warning}");
}

#[test]
fn unchanged_lists_come_from_the_cache_and_write_nothing() {
    let lab = lab();
    lab.run(&["release", "list"]).ok();
    let dates = |path: &std::path::Path| path.metadata().unwrap().modified().unwrap();
    let modified = || lab.cached_files().into_keys().map(|path| (dates(&path), path)).collect::<Vec<_>>();
    // A manifest that was written within the clock's grain is read once more.
    std::thread::sleep(std::time::Duration::from_millis(50));
    lab.run(&["release", "list"]).ok();
    let before = modified();
    for _ in 0..3 {
        lab.run(&["release", "list"]).ok();
        lab.run(&["microsprint", "list", "--json", "title"]).ok();
        lab.run(&["cache", "history"]).ok();
        lab.run(&["cache", "status"]).ok();
    }
    assert_eq!(modified(), before);
}

#[test]
fn a_change_of_the_manifest_is_in_the_next_list_even_where_no_time_tells() {
    let lab = Lab::synced(&small());
    // Same length, and within the same tick of the clock.
    for minor in 1..8 {
        lab.write_manifest(small_at(10 + minor).replace("v0.9.0", &format!("v0.9.{minor}")));
        let expected = SMALL_RELEASES.replace("v0.9.0", &format!("v0.9.{minor}"));
        assert_eq!(lab.run(&["release", "list"]).ok(), expected);
    }
    let rewritten = small_at(18).replace("v0.9.0", "v9.9.9");
    std::fs::write(lab.manifest_path(), &rewritten).unwrap();
    lab.run(&["release", "list"]).ok();
    std::fs::write(lab.manifest_path(), rewritten.replace("v9.9.9", "v8.8.8")).unwrap();
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v8.8.8"));
    let titles: Vec<Value> = lab.json(&["cache", "history", "-L", "2", "--json", "title"]).as_array().unwrap().clone();
    assert_eq!(titles, [json!({"title": "Release: v8.8.8"}), json!({"title": "Release: v9.9.9"})]);
}

#[test]
fn a_heading_shows_the_days_that_were_asked_for() {
    let lab = lab();
    let heading = |args: &[&str]| {
        let args: Vec<&str> = ["release", "list"].into_iter().chain(args.iter().copied()).collect();
        lab.run_with(&[("GH_FORCE_TTY", "160"), ("NO_COLOR", "1"), ("TZ", "UTC")], &args).ok()
    };
    let said = heading(&["--created", "2020-01-02..2030-01-31", "--closed", "<2031-01-01"]);
    let days =
        " that match your search created since 2020-01-02 00:00 until 2030-01-31 23:59 closed until 2030-12-31 23:59";
    assert!(said.lines().nth(1).is_some_and(|line| line.contains(days)), "{said}");
    let said = lab.run_with(
        &[("GH_FORCE_TTY", "160"), ("TZ", "UTC")],
        &["release", "list", "--created", "2001-01-01..2001-12-31"],
    );
    assert!(
        said.err.contains("match your search in octo-org/atlas created since 2001-01-01 00:00 until 2001-12-31 23:59"),
        "{said:?}"
    );
}

#[test]
fn a_day_is_one_of_the_local_zone_however_that_is_named() {
    let lab = Lab::new();
    lab.write_manifest(manifest(
        1,
        &json!([tracker(1, "Release: v1", Some("2024-12-23T23:30:00Z"), None)]),
        &json!([]),
    ));
    let listed = |zone: &str| {
        let args = ["release", "list", "--created", "2024-12-24", "--json", "number", "-q", "length"];
        lab.run_with(&[("TZ", zone)], &args).ok()
    };
    for zone in ["Europe/Berlin", "posix/Europe/Berlin", ":Europe/Berlin", "CET-1", "CET-1CEST"] {
        assert_eq!(listed(zone), "1\n", "{zone}");
    }
    // As every C library takes it.
    assert_eq!(listed("Nowhere/Else"), "0\n");
}
