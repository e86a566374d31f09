//! `cache history`: its flags and forms.

use serde_json::{Value, json};

use crate::cli::lab::{Lab, columns, words};
use crate::cli::manifests::{manifest, open, small, small_at, tracker};

/// Seven events: five added at 10:00, one retitled at 11:00, one closed at 12:00.
fn lab() -> Lab {
    let mut lab = Lab::synced(&small());
    lab.set("TZ", "UTC");
    lab.write_manifest(small_at(11).replace("v0.9.0", "v0.9.1"));
    lab.run(&["cache", "sync"]).ok();
    let mut last: Value = serde_json::from_str(&small_at(12).replace("v0.9.0", "v0.9.1")).unwrap();
    last["microsprints"][1] =
        tracker(431, "Microsprint: lists", Some("2024-12-21T10:00:00Z"), Some("2025-06-12T11:59:00Z"));
    lab.write_manifest(last.to_string());
    lab.run(&["cache", "sync"]).ok();
    lab
}

#[track_caller]
fn assert_seqs(lab: &Lab, args: &str, expected: &[u64]) {
    let all = [&["cache", "history", "--json", "seq"], &words(args)[..]].concat();
    let all: Vec<_> = all.into_iter().filter(|word| !word.is_empty()).collect();
    let seqs: Vec<_> = lab.json(&all).as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, expected, "{args}");
}

#[test]
fn history_is_newest_first_and_tab_separated_on_a_pipe() {
    let lab = lab();
    let out = lab.run(&["cache", "history"]).ok();
    let lines = columns(&out);
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[0], ["7", "2025-06-12T12:00:00Z", "closed", "microsprint", "431", "Microsprint: lists"]);
    assert_eq!(lines[1], ["6", "2025-06-12T11:00:00Z", "retitled", "release", "430", "Release: v0.9.1"]);
    assert!(lines[2..].iter().all(|line| line[2] == "added" && line[1] == "2025-06-12T10:00:00Z"));
    assert_seqs(&lab, "", &[7, 6, 5, 4, 3, 2, 1]);
    assert_seqs(&lab, "--order asc", &[1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_terminal_gets_days_and_signs() {
    let lab = lab();
    let out = lab.run_with(&[("GH_FORCE_TTY", "100"), ("NO_COLOR", "1")], &["cache", "history", "-L", "2"]).ok();
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[1].starts_with("Showing 2 of 7 changes in octo-org/atlas · manifest of "), "{out}");
    let lines = &lines[2..];
    assert_eq!(lines[..2], ["", "2025-06-12"]);
    assert!(
        lines[2].starts_with("x 12:00") && lines[2].contains("@7") && lines[2].ends_with("Microsprint: lists"),
        "{out}"
    );
    assert!(lines[3].starts_with("~ 11:00") && lines[3].ends_with("Release: v0.9.0 → Release: v0.9.1"), "{out}");
}

#[test]
fn since_leaves_out_and_until_takes_in_its_moment() {
    let lab = lab();
    for (args, expected) in [
        ("--since 2025-06-12T10:00:00Z", &[7, 6][..]),
        ("--since 2025-06-12T09:59:59Z -L 3", &[7, 6, 5]),
        ("--until 2025-06-12T11:00:00Z -L 2", &[6, 5]),
        ("--since 2025-06-12T10:00:00Z --until 2025-06-12T11:00:00Z", &[6]),
        ("--since 2025-06-12T11:00:00Z --until 2025-06-12T12:00:00Z", &[7]),
        ("--since @5", &[7, 6]),
        ("--since @5 --until @6", &[6]),
        ("--since @7", &[]),
        ("--until @2", &[2, 1]),
        ("--since 2025-06-13", &[]),
        ("--until 2025-06-12", &[]),
        ("--since 1h", &[]),
    ] {
        assert_seqs(&lab, args, expected);
    }
    assert_eq!(
        lab.run(&["cache", "history", "--since", "@8"]).fails(),
        "the last event of octo-org/atlas is 7, not 8\n"
    );
}

#[test]
fn number_kind_event_and_limit_narrow_it() {
    let lab = lab();
    let events = lab.json(&["cache", "history", "--number", "430", "--json", "seq,event"]);
    let events: Vec<_> = events.as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["retitled", "added"]);
    assert_seqs(&lab, "--event closed", &[7]);
    assert_seqs(&lab, "--event closed,retitled", &[7, 6]);
    assert_seqs(&lab, "--event closed --event retitled", &[7, 6]);
    assert_seqs(&lab, "--event removed,reopened,redated", &[]);
    assert_seqs(&lab, "--kind microsprint --event closed,retitled", &[7]);
    assert_seqs(&lab, "--kind release -L 1", &[6]);
    assert_seqs(&lab, "-L 1 --order asc", &[1]);
    for (args, sentence) in [
        (
            "--event opened",
            "invalid argument \"opened\" for \"--event\" flag: valid values are {added|closed|reopened|retitled|redated|removed}",
        ),
        ("--kind epic", "invalid argument \"epic\" for \"--kind\" flag: valid values are {release|microsprint}"),
        ("--number 0", "invalid number: 0"),
        (
            "--since never",
            "invalid argument \"never\" for \"--since\" flag: expected a moment such as 2024-12-24, 3d or",
        ),
    ] {
        let said = lab.run(&[&["cache", "history"], &words(args)[..]].concat()).fails();
        assert!(said.starts_with(sentence), "{args}: {said}");
    }
}

#[test]
fn json_has_every_field_of_an_event() {
    let lab = lab();
    let fields = "seq,event,repo,kind,number,title,before,after,changedAt,syncedAt,source,manifest,commit";
    let events = lab.json(&["cache", "history", "--json", fields, "--order", "asc"]);
    let retitled = &events[5];
    let hash = blake3::hash(small_at(11).replace("v0.9.0", "v0.9.1").as_bytes()).to_hex();
    assert_eq!(
        *retitled,
        json!({"seq": 6, "event": "retitled", "repo": "octo-org/atlas", "kind": "release", "number": 430,
            "title": "Release: v0.9.1", "before": {"title": "Release: v0.9.0"}, "after": {"title": "Release: v0.9.1"},
            "changedAt": "2025-06-12T11:00:00Z", "syncedAt": retitled["syncedAt"], "source": "manifest",
            "manifest": hash.as_str(), "commit": null})
    );
    let added = &events[0];
    assert_eq!((&added["event"], &added["before"]), (&json!("added"), &json!(null)));
    let keys: Vec<_> = added["after"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["closedAt", "createdAt", "kind", "number", "state", "title"]);
    assert_eq!(events[6]["after"], json!({"state": "CLOSED", "closedAt": "2025-06-12T11:59:00Z"}));
    let said = lab.run(&["cache", "history", "--json"]).fails();
    assert!(
        said.starts_with("Specify one or more comma-separated fields for `--json`:\n  after\n  baseline\n  before\n"),
        "{said}"
    );
    assert_eq!(
        lab.run(&["cache", "history", "--json", "event", "-q", "map(.event) | unique | join(\" \")"]).ok(),
        "added closed retitled\n"
    );
}

#[test]
fn every_sort_of_event_is_told_apart() {
    let lab = Lab::new();
    let at = |hour: u32, list: &[Value]| lab.write_manifest(manifest(hour, &json!(list), &json!([])));
    let sync = || lab.run(&["cache", "sync"]).ok();
    let closed = |at: &str| tracker(1, "one", Some("2025-01-01T00:00:00Z"), Some(at));
    let opened = tracker(1, "one", Some("2025-01-01T00:00:00Z"), None);
    let steps: [(&[Value], &str); 6] = [
        (std::slice::from_ref(&opened), "added"),
        (&[closed("2025-06-01T00:00:00Z")], "closed"),
        (&[closed("2025-06-02T00:00:00Z")], "redated"),
        (std::slice::from_ref(&opened), "reopened"),
        (&[tracker(1, "uno", Some("2025-01-01T00:00:00Z"), None)], "retitled"),
        (&[], "removed"),
    ];
    for (hour, (list, event)) in (1..).zip(steps) {
        at(hour, list);
        assert_eq!(sync(), format!("octo-org/atlas synced: 1 {event} (event {hour})\n"));
    }
    let removed = lab.json(&["cache", "history", "-L", "1", "--json", "title,before,after"]);
    let before = json!({"number": 1, "kind": "release", "title": "uno", "state": "OPEN", "createdAt": "2025-01-01T00:00:00Z", "closedAt": null});
    assert_eq!(removed[0], json!({"title": "uno", "before": before, "after": null}));
    at(7, &[open(1, "one"), open(2, "two")]);
    assert_eq!(sync(), "octo-org/atlas synced: 2 added (events 7 to 8)\n");
    for seq in 0..=8 {
        if seq > 0 {
            lab.run(&["release", "list", "--as-of", &format!("@{seq}")]).ok();
        }
    }
}

#[test]
fn since_last_shows_every_event_once() {
    let lab = lab();
    let last = || lab.json(&["cache", "history", "--since", "last", "--json", "seq"]).as_array().unwrap().len();
    assert_eq!(last(), 7, "asked for the first time");
    assert_eq!(last(), 0);
    lab.write_manifest(manifest(13, &json!([open(1, "x")]), &json!([])));
    assert_eq!(last(), 6);
    assert_eq!(last(), 0);
    lab.run(&["cache", "history", "-L", "1"]).ok();
    lab.write_manifest(manifest(14, &json!([]), &json!([])));
    lab.run(&["cache", "history"]).ok();
    assert_eq!(last(), 1, "only asking for `last` counts");
}

#[test]
fn what_is_published_below_an_observed_event_that_was_shown_is_new() {
    let lab = Lab::with_git();
    let write = |hour, numbers: &[u64]| {
        let releases: Vec<Value> = numbers.iter().map(|number| open(*number, "x")).collect();
        lab.write_manifest(manifest(hour, &json!(releases), &json!([])));
    };
    let last = || {
        let shown = lab.json(&["cache", "history", "--since", "last", "--json", "number,published"]);
        let shown = shown.as_array().unwrap().iter();
        shown.map(|change| (change["number"].as_u64().unwrap(), change["published"] == true)).collect::<Vec<_>>()
    };
    write(1, &[1]);
    lab.commit("m");
    assert_eq!(last(), [(1, true)]);
    write(5, &[1, 2, 3]);
    // The newest is that of number 2.
    assert_eq!(last(), [(2, false), (3, false)]);
    // Older, but published: its number is lower than that of what was observed.
    write(3, &[1, 3]);
    lab.commit("m");
    write(5, &[1, 2, 3]);
    assert_eq!(last(), [(2, false), (3, true)]);
    assert_eq!(last(), []);
}

#[test]
fn all_repos_merges_histories_by_time() {
    let lab = lab();
    let manifest =
        small().replace("octo-org/atlas", "acme/rocket").replace("T10:", "T11:").replace("12T11:00", "12T11:30");
    let other = lab.other(&manifest);
    lab.run_in(&other, &["cache", "sync"]).ok();
    let out = lab.run(&["cache", "history", "--all-repos"]).ok();
    let lines = columns(&out);
    assert_eq!(lines.len(), 12);
    let times: Vec<&str> = lines.iter().map(|line| line[2]).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert_eq!(lines.iter().filter(|line| line[0] == "acme/rocket").count(), 5);
    assert_eq!(lab.run_in(&lab.root(), &["cache", "history", "-R", "acme/rocket", "-L", "2"]).ok().lines().count(), 2);
}

#[test]
fn pruning_does_not_make_old_news_new() {
    let lab = lab();
    assert_seqs(&lab, "--since last", &[7, 6, 5, 4, 3, 2, 1]);
    let said = lab.run(&["cache", "compact", "--prune-before", "@5"]).ok();
    assert!(said.contains("dropped 5 events"), "{said}");
    assert_seqs(&lab, "--since last", &[]);
    // All of it is more than the log holds now.
    let (seqs, warning) = lab.run(&["cache", "history", "--json", "seq", "-q", "map(.seq)"]).warns();
    assert_eq!(seqs, "[7,6]\n");
    assert!(warning.starts_with("! history of octo-org/atlas starts with event 6, "), "{warning}");
}

#[test]
fn what_was_pruned_fails_whoever_asks_for_it_and_nobody_else() {
    let lab = Lab::new();
    for (hour, title) in [(9, "one"), (11, "two"), (13, "three"), (15, "four")] {
        lab.write_manifest(manifest(hour, &json!([open(1, title)]), &json!([])));
        lab.run(&["cache", "sync"]).ok();
        if hour == 9 {
            lab.run(&["cache", "history", "--since", "last:early"]).ok();
        }
    }
    lab.run(&["cache", "compact", "--prune-before", "2025-06-12T14:00:00Z"]).ok();
    let asked = |args: &[&str]| lab.run(&[&["cache", "history"], args].concat());
    for (args, rows) in [
        // What was pruned was not later than the third title.
        (&["--since", "2025-06-12T13:30:00Z"][..], 1),
        (&["--since", "@3"], 1),
        (&["--exit-code", "--number", "77", "--since", "2025-06-12T13:30:00Z"], 0),
    ] {
        assert_eq!(asked(args).ok().lines().count(), rows, "{args:?}");
    }
    for (args, rows) in [
        (&["--since", "2025-06-12T13:00:00Z"][..], 1),
        (&["--since", "@2"], 1),
        (&["--until", "2025-06-12T11:00:00Z"], 0),
        (&["--since", "last:early"], 1),
    ] {
        let ran = asked(args);
        assert_eq!((ran.code, ran.out.lines().count()), (Some(1), rows), "{args:?}");
        assert!(ran.err.contains("starts with event 4, "), "{args:?}: {}", ran.err);
    }
    // That was said, and once is enough.
    assert_eq!(asked(&["--since", "last:early"]).ok(), "");
}

#[test]
fn what_was_observed_and_superseded_before_a_pruning_goes_with_it() {
    let lab = Lab::with_git();
    let commit = |hour: u32, title: &str| {
        lab.write_manifest(manifest(hour, &json!([open(1, title)]), &json!([])));
        lab.commit("change");
    };
    commit(9, "one");
    lab.run(&["cache", "sync"]).ok();
    lab.write_manifest(manifest(11, &json!([open(1, "seen")]), &json!([])));
    lab.run(&["cache", "sync"]).ok();
    commit(13, "two");
    lab.run(&["cache", "sync"]).ok();
    assert_eq!(lab.run(&["cache", "history", "--observed"]).ok().lines().count(), 3);
    lab.run(&["cache", "compact", "--prune-before", "2025-06-12T12:00:00Z"]).ok();
    assert_eq!(lab.run(&["cache", "history", "--observed"]).out.lines().count(), 1);
    assert!(lab.run(&["cache", "verify"]).ok().contains(" and 1 event verify"));
}

#[test]
fn a_number_can_be_the_argument() {
    let lab = lab();
    assert_seqs(&lab, "430", &[6, 1]);
    assert_seqs(&lab, "#430 -L 1", &[6]);
    let both = lab.run(&["cache", "history", "430", "--number", "7"]).fails();
    assert!(both.starts_with("name the number once: "), "{both}");
    let wrong = lab.run(&["cache", "history", "x"]).fails();
    assert!(wrong.starts_with("invalid argument \"x\""), "{wrong}");
}

#[test]
fn the_exit_code_can_say_whether_there_was_something() {
    let lab = lab();
    let code = |since: &str| lab.run(&["cache", "history", "--exit-code", "--since", since]).code;
    assert_eq!((code("@6"), code("@7")), (Some(1), Some(0)));
}

#[test]
fn a_limit_on_what_nobody_has_seen_leaves_the_rest_for_the_next_time() {
    let lab = lab();
    assert_seqs(&lab, "--since last -L 3", &[3, 2, 1]);
    let rest = lab.json(&["cache", "history", "--since", "last", "--json", "seq", "-q", "map(.seq)"]);
    let rest: Vec<u64> = serde_json::from_value(rest).unwrap();
    assert!([7, 6, 5, 4].iter().all(|seq| rest.contains(seq)), "{rest:?}");
    assert_seqs(&lab, "--since last", &[]);
}

#[test]
fn what_a_filter_or_an_end_hides_is_shown_the_next_time() {
    let lab = lab();
    assert_seqs(&lab, "--since last:x --until @4", &[4, 3, 2, 1]);
    assert_seqs(&lab, "--since last:x --until @4", &[]);
    assert_seqs(&lab, "--since last:x", &[7, 6, 5]);
    assert_seqs(&lab, "--since last:y --number 430", &[6, 1]);
    assert_seqs(&lab, "--since last:y --number 430", &[]);
    assert_seqs(&lab, "--since last:y --event closed", &[7]);
    assert_seqs(&lab, "--since last:y", &[7, 6, 5, 4, 3, 2, 1]);
}

#[test]
#[cfg(unix)]
fn following_what_nobody_has_seen_leaves_nothing_out() {
    use std::io::{BufRead, BufReader};
    let lab = lab();
    let mut child = lab.spawn(&["cache", "history", "--follow", "--since", "last", "-L", "2", "--json", "seq"]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line, "[{\"seq\":1},{\"seq\":2},{\"seq\":3},{\"seq\":4},{\"seq\":5},{\"seq\":6},{\"seq\":7}]\n");
}

#[test]
#[cfg(unix)]
fn a_repository_that_comes_while_many_are_followed_is_shown_from_its_first_event() {
    use std::io::{BufRead, BufReader};
    let lab = lab();
    let mut child =
        lab.spawn(&["cache", "history", "--all-repos", "--follow", "--since", "last:x", "--json", "repo,seq"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        serde_json::from_str::<Vec<Value>>(&line).unwrap()
    };
    assert_eq!(next().len(), 7);
    // Before the other in the order of names.
    let news =
        json!({"version": 1, "updated_at": "2025-06-12T11:00:00Z", "repo": "acme/new", "releases": [open(1, "x")]});
    lab.write("all/new.json", news.to_string());
    lab.run(&["cache", "sync", "--from", "all"]).ok();
    lab.write_manifest(manifest(13, &json!([open(1, "x")]), &json!([])));
    let mut seen = Vec::new();
    while seen.len() < 7 {
        seen.extend(next().into_iter().map(|event| format!("{} {}", event["repo"].as_str().unwrap(), event["seq"])));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    seen.sort();
    let atlas = (8..=13).map(|seq| format!("octo-org/atlas {seq}"));
    let mut expected: Vec<_> = atlas.chain(["acme/new 1".to_owned()]).collect();
    expected.sort();
    assert_eq!(seen, expected);
}

#[test]
fn a_history_on_a_terminal_has_a_heading_with_the_moment() {
    let lab = lab();
    let out = lab.run_with(
        &[("GH_FORCE_TTY", "120"), ("NO_COLOR", "1")],
        &["cache", "history", "-L", "2", "--since", "2025-06-12"],
    );
    let out = out.ok();
    let heading = "Showing 2 of 7 changes in octo-org/atlas since 2025-06-12 00:00 · manifest of ";
    assert!(out.lines().nth(1).unwrap().starts_with(heading), "{out}");
    let stat = lab.run(&["cache", "history", "--stat"]).ok();
    let counted = "2025-06-09\tadded\t5\n2025-06-09\tclosed\t1\n2025-06-09\tretitled\t1\n";
    assert!(stat.starts_with(counted) && stat[counted.len()..].starts_with("\tmedian time open\t"), "{stat}");
    assert!(
        lab.run(&["cache", "history", "--stat", "--json", "seq"]).fails().contains("cannot use `--stat` with `--json`")
    );
    let part = lab.run(&["cache", "history", "--stat", "-L", "1"]).fails();
    assert!(part.contains("cannot use `--stat` with `--limit`"), "{part}");
}

#[test]
#[cfg(unix)]
fn what_is_published_in_place_of_what_was_observed_is_followed() {
    use std::io::{BufRead, BufReader};
    let lab = Lab::with_git();
    lab.write_manifest(manifest(10, &json!([open(1, "a")]), &json!([])));
    lab.commit("m");
    lab.run(&["cache", "sync"]).ok();
    let mut child = lab.spawn(&["cache", "history", "--follow", "--since", "@0", "--json", "seq,title"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        line
    };
    assert_eq!(next(), "[{\"seq\":1,\"title\":\"a\"}]\n");
    lab.write_manifest(manifest(11, &json!([open(1, "observed")]), &json!([])));
    lab.run(&["cache", "sync"]).ok();
    assert_eq!(next(), "[{\"seq\":2,\"title\":\"observed\"}]\n");
    lab.write_manifest(manifest(12, &json!([open(1, "published")]), &json!([])));
    lab.commit("m");
    lab.run(&["cache", "sync"]).ok();
    let line = next();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("\"seq\":2,\"title\":\"published\""), "{line}");
}

#[test]
#[cfg(unix)]
fn following_warns_once_and_ends_with_its_reader() {
    use std::io::{BufRead, BufReader, Read};
    let lab = lab();
    let mut child = lab.spawn(&["cache", "history", "--follow", "--since", "@6", "--json", "seq"]);
    let (mut out, mut err) =
        (BufReader::new(child.stdout.take().unwrap()), BufReader::new(child.stderr.take().unwrap()));
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    lab.write_manifest("{");
    let mut warning = String::new();
    err.read_line(&mut warning).unwrap();
    assert!(warning.starts_with("! ") && warning.contains("pmu-cache.json"), "{warning}");
    // Once more the same, and looked at: another file there has changed, and then the manifest is mended.
    lab.write_manifest("{");
    std::thread::sleep(std::time::Duration::from_millis(300));
    lab.write_manifest(manifest(13, &json!([]), &json!([])));
    line.clear();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("[{\"seq\":8}"), "{line}");
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
#[cfg(unix)]
fn what_is_followed_comes_when_it_happens_until_it_is_interrupted() {
    use std::io::{BufRead, BufReader, Read};
    let lab = lab();
    let mut child = lab.spawn(&["cache", "history", "--follow", "--since", "@5", "--json", "seq"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        line
    };
    assert_eq!(next(), "[{\"seq\":6},{\"seq\":7}]\n");
    lab.write_manifest(manifest(13, &json!([open(1, "x")]), &json!([])));
    let mut seen = Vec::new();
    while seen.len() < 6 {
        let more: Vec<Value> = serde_json::from_str(&next()).unwrap();
        seen.extend(more.into_iter().map(|event| event["seq"].as_u64().unwrap()));
    }
    assert_eq!(seen, [8, 9, 10, 11, 12, 13]);
    lab.run(&["cache", "compact"]).ok();
    lab.write_manifest(manifest(14, &json!([]), &json!([])));
    assert_eq!(next(), "[{\"seq\":14}]\n", "after the log was compacted beside it");
    let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), &*err), (Some(2), ""));
}
