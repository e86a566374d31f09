//! `release view`, `microsprint view`: which tracker is meant, and what is shown of it.

use serde_json::json;

use crate::cli::lab::Lab;
use crate::cli::manifests::{manifest, many, open, small, small_at, tracker};

const PLAIN: [(&str, &str); 2] = [("GH_FORCE_TTY", "80"), ("NO_COLOR", "1")];

fn lab() -> Lab {
    let mut lab = Lab::synced(&small());
    lab.set("TZ", "UTC");
    lab
}

fn number(lab: &Lab, args: &[&str]) -> u64 {
    let args = [args, &["--json", "number", "-q", ".number"]].concat();
    lab.run(&args).ok().trim().parse().unwrap()
}

#[test]
fn a_tracker_is_named_by_number_version_codename_or_words() {
    let lab = lab();
    for (which, expected) in [("430", 430), ("#7", 7), ("v0.2.0", 12), ("0.2.0", 12), ("FALCON", 7), ("latest", 430)] {
        let url = format!("https://github.com/Octo-org/atlas/issues/{expected}#issuecomment-1");
        assert_eq!(number(&lab, &["release", "view", &url]), expected);
        assert_eq!(number(&lab, &["release", "view", which]), expected, "{which}");
    }
    assert_eq!(number(&lab, &["release", "view"]), 430, "the newest open one");
    assert_eq!(number(&lab, &["microsprint", "view", "list"]), 431, "a word of it");
}

#[test]
fn what_names_none_or_several_says_so() {
    let lab = lab();
    let none = lab.run(&["release", "view", "v9"]).fails();
    assert!(
        none.starts_with("no release matches \"v9\" in octo-org/atlas\n") && none.contains("gh pmu release list"),
        "{none}"
    );
    let several = lab.run(&["release", "view", "v0"]);
    assert_eq!(several.code, Some(1));
    assert_eq!(several.out.lines().count(), 3, "{}", several.out);
    assert_eq!(several.err, "3 releases match \"v0\": name one by its number\n");
    let no_json = lab.run(&["release", "view", "v0", "--json", "number"]);
    let rows = "#430 Release: v0.9.0\n#12 Release: v0.2.0\n#7 Release: v0.1.0 (Falcon)\n";
    assert_eq!((no_json.code, &*no_json.out, no_json.err), (Some(1), "", several.err + rows));
    let other = lab.run(&["release", "view", "431"]).fails();
    assert!(other.ends_with("\nIt is a microsprint: run `gh pmu microsprint view 431`.\n"), "{other}");
    let beta = json!([open(2, "Release: 6.2.0 Beta 0"), open(1, "Release: v6.2.0")]);
    lab.write_manifest(manifest(11, &beta, &json!([])));
    for (which, expected) in [("6.2.0", 1), ("v6.2.0", 1), ("6.2.0 beta 0", 2)] {
        assert_eq!(number(&lab, &["release", "view", which]), expected, "{which}");
    }
    let removed = lab.run(&["release", "view", "430"]).fails();
    assert!(removed.contains("or `gh pmu cache history 430` for one that was removed"), "{removed}");
    let early = lab.run(&["release", "view", "99", "--as-of", "@3"]).fails();
    assert_eq!(
        early,
        "no release matches \"99\" in octo-org/atlas as of @3\nRun `gh pmu release list --as-of @3` to see them all, or \
         `gh pmu cache history 99` for one that was removed.\n"
    );
    lab.write_manifest(manifest(12, &json!([]), &json!([])));
    let closed = lab.run(&["release", "view"]).fails();
    assert!(closed.starts_with("no release is open in octo-org/atlas\n"), "{closed}");
}

#[test]
fn a_view_has_dates_age_address_and_events() {
    let lab = lab();
    let out = lab.run_with(&PLAIN, &["release", "view", "7"]).ok();
    assert!(out.starts_with("\nRelease v0.1.0 (Falcon) #7 · manifest of "), "{out}");
    for line in
        ["status   Released\n", "address  https://github.com/octo-org/atlas/issues/7\n", "was open ", "@3  added"]
    {
        assert!(out.contains(line), "{line}: {out}");
    }
    let piped = lab.run(&["release", "view", "430"]).ok();
    assert!(piped.starts_with("title:\tRelease: v0.9.0\nstate:\tOPEN\nnumber:\t430\n"), "{piped}");
    assert!(piped.contains("\n--\n") && piped.ends_with("\tadded\trelease\t430\tRelease: v0.9.0\n"), "{piped}");
}

#[test]
fn json_has_the_fields_of_lists_and_the_events() {
    let lab = lab();
    let mut closed = tracker(430, "Release: v0.9.0", Some("2024-12-20T08:00:00Z"), Some("2025-06-12T11:00:00Z"));
    closed["number"] = 430.into();
    lab.write_manifest(manifest(12, &json!([closed, open(7, "Release: v0.1.0")]), &json!([])));
    let view = lab.json(&["release", "view", "430", "--json", "events,version,closedAt,url"]);
    assert_eq!((&view["version"], &view["closedAt"]), (&json!("v0.9.0"), &json!("2025-06-12T11:00:00Z")));
    let events: Vec<_> =
        view["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["closed", "added"]);
    let past = lab.json(&["release", "view", "430", "--as-of", "@5", "--json", "events,state"]);
    assert_eq!((past["events"].as_array().unwrap().len(), &past["state"]), (1, &json!("OPEN")));
    let fields = lab.run(&["release", "view", "--json"]).fails();
    assert!(fields.contains("\n  events\n") && fields.contains("\n  track\n"), "{fields}");
}

#[test]
fn status_shows_what_is_open_and_new_and_marks_nothing_as_seen() {
    let lab = lab();
    let screen = |lab: &Lab| lab.run_with(&PLAIN, &["status"]).ok();
    let first = screen(&lab);
    assert!(first.starts_with("\nocto-org/atlas · manifest of "), "{first}");
    for part in
        ["\n\n1 open release\n  #430  v0.9.0", "\n\n1 open microsprint\n  #", "\n\nLatest changes\n", "@5  added"]
    {
        assert!(first.contains(part), "{part}: {first}");
    }
    lab.run(&["cache", "history", "--since", "last"]).ok();
    assert!(screen(&lab).contains("\nNo changes since you last asked, less than a minute ago\n"));
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.9.1"));
    for _ in 0..2 {
        let changed = screen(&lab);
        assert!(changed.contains("\n1 change since you last asked, less than a minute ago\n"), "{changed}");
        assert!(changed.contains("@6  retitled  release #430      Release: v0.9.0 → Release: v0.9.1\n"), "{changed}");
    }
    let json = lab.json(&["status", "--json"]);
    let numbers = |key: &str| json[key].as_array().unwrap().iter().map(|row| row["number"].clone()).collect::<Vec<_>>();
    assert_eq!((numbers("releases"), numbers("changes")), (vec![json!(430)], vec![json!(430)]));
    assert_eq!((&json["repo"], &json["stale"]), (&json!("octo-org/atlas"), &json!(false)));
    let piped = lab.run(&["status"]).ok();
    assert!(piped.starts_with("release\t430\tRelease: v0.9.1\t") && piped.contains("\n--\n6\t"), "{piped}");
    lab.write_manifest("{");
    let stale = lab.run_with(&PLAIN, &["status"]);
    assert!(stale.out.contains("\n\nstale, the manifest cannot be used: "), "{stale:?}");
}

#[test]
fn status_says_where_there_is_more_than_a_screen_holds() {
    let lab = Lab::synced(&many(40, 1));
    let screen = lab.run_with(&PLAIN, &["status"]).ok();
    assert!(screen.contains(" open releases\n  #"), "{screen}");
    assert!(screen.contains("more: gh pmu release list --state open\n"), "{screen}");
    lab.run(&["cache", "history", "--since", "last"]).ok();
    lab.write_manifest(many(40, 2));
    let screen = lab.run_with(&PLAIN, &["status"]).ok();
    assert!(screen.contains("\n40 changes since you last asked") && screen.contains("\nand 30 more: "), "{screen}");
}

#[test]
fn a_number_or_a_version_is_never_a_part_of_another_one() {
    let lab = Lab::new();
    lab.write_manifest(manifest(10, &json!([open(430, "Release: v1.10.0 (Ibis)")]), &json!([])));
    for which in ["v1.1", "1.1", "v1", "10"] {
        let ran = lab.run(&["release", "view", which]);
        assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 1), "listed: {ran:?}");
        assert!(ran.err.starts_with(&format!("no release is {which:?}, but one has it in its title")), "{ran:?}");
    }
    for which in ["v2", "43", "#43"] {
        let said = lab.run(&["release", "view", which]).fails();
        assert!(said.starts_with(&format!("no release matches {which:?}")), "{said}");
    }
    for which in ["v1.10.0", "1.10.0", "430", "ibis", "Ib"] {
        assert_eq!(lab.json(&["release", "view", which, "--json", "number"])["number"], 430, "{which}");
    }
}

/// What a list had no time for is taken once the past is asked for, whoever asks.
#[cfg(unix)]
#[test]
fn a_view_and_the_status_take_the_history_that_a_list_put_off() {
    use std::os::unix::fs::PermissionsExt;

    let lab = Lab::with_git();
    for hour in [1, 2] {
        lab.write_manifest(small_at(hour).replace("v0.9.0", &format!("v0.9.{hour}")));
        lab.commit("change");
    }
    // Longer than a list waits.
    lab.write("bin/git", "#!/bin/sh\ncase \"$*\" in *log*) sleep 2 ;; esac\nPATH=${PATH#*:}\nexec git \"$@\"\n");
    let slow = lab.checkout.join("bin");
    std::fs::set_permissions(slow.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", slow.display(), std::env::var("PATH").unwrap());
    let as_of = ["release", "view", "430", "--as-of", "2025-06-12T01:30:00Z", "--json", "title", "-q", ".title"];
    for (args, answer) in [
        (&["release", "view", "430", "--json", "events", "--jq", ".events | length"][..], "2\n"),
        (&as_of, "Release: v0.9.1\n"),
    ] {
        put_off(&lab, &path);
        assert_eq!(lab.run(args).ok(), answer, "{args:?}");
    }
    put_off(&lab, &path);
    assert_eq!(lab.json(&["status", "--json"])["changes"].as_array().unwrap().len(), 6);
}

#[cfg(unix)]
fn put_off(lab: &Lab, path: &str) {
    lab.run(&["cache", "clear", "--yes"]);
    lab.run_with(&[("PATH", path)], &["release", "list"]).ok();
    assert_eq!(lab.status()["published"], 0);
}

#[test]
fn an_empty_name_and_an_end_that_is_not_there_are_no_answer() {
    let lab = Lab::synced(&small());
    for kind in ["release", "microsprint"] {
        let said = lab.run(&[kind, "view", " "]).fails();
        assert!(said.starts_with(&format!("the {kind} is empty: expected a number, a ")), "{said}");
    }
    let said = lab.run(&["cache", "history", "--until", "@99"]).fails();
    assert!(said.starts_with("the last event of octo-org/atlas is 5, not 99"), "{said}");
}
