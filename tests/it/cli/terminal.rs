//! What a terminal gets, and closed pipes.

use std::io::{BufRead, BufReader, Read};

use serde_json::json;

use crate::cli::lab::Lab;
use crate::cli::manifests::{SMALL_RELEASES, manifest, many, open, small, small_at, tracker};

const TTY: (&str, &str) = ("GH_FORCE_TTY", "80");
const PLAIN: (&str, &str) = ("NO_COLOR", "1");

fn lab() -> Lab {
    Lab::synced(&small())
}

#[test]
fn a_terminal_gets_a_head_line_and_an_aligned_table() {
    let lab = lab();
    let out = lab.run_with(&[TTY, PLAIN], &["release", "list"]).ok();
    let lines: Vec<&str> = out.lines().collect();
    let age = lines[1].strip_prefix("Showing 3 of 3 releases in octo-org/atlas · manifest of ").unwrap();
    assert!(age.ends_with(" ago"), "{age}");
    assert_eq!((lines[0], lines[2]), ("", ""));
    let columns = ["VERSION", "CODENAME", "TRACKER", "STATUS", "CREATED", "CLOSED"];
    assert_eq!(lines[3].split_whitespace().collect::<Vec<_>>(), columns);
    let at = columns.map(|column| lines[3].find(column).unwrap());
    for (line, cells) in lines[4..].iter().zip([
        ["v0.9.0", "", "#430", "Active"],
        ["v0.2.0", "", "#12", "Released"],
        ["v0.1.0", "Falcon", "#7", "Released"],
    ]) {
        let found = [0, 1, 2, 3].map(|column| line[at[column]..at[column + 1]].trim());
        assert_eq!(found, cells);
        assert!(line[at[4]..].starts_with("about ") && line.trim_end().ends_with("ago"), "{line}");
    }
    assert_eq!(lines.len(), 7);
    let out = lab.run_with(&[TTY, PLAIN], &["microsprint", "list", "-s", "open"]).ok();
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[1].starts_with("Showing 1 of 1 open microsprint in octo-org/atlas · manifest of "), "{}", lines[1]);
    let columns = ["NAME", "TRACKER", "STATUS", "CREATED"];
    assert_eq!(lines[3].split_whitespace().collect::<Vec<_>>(), columns, "a column that is empty is left out");
    assert!(lines[4].starts_with("lists  #431     Active  about "), "{}", lines[4]);
}

#[test]
fn the_head_line_tells_how_many_there_are_without_the_limit() {
    let lab = lab();
    let head = |args: &[&str]| {
        let out = lab.run_with(&[TTY, PLAIN], &[&["release", "list"], args].concat()).ok();
        out.lines().nth(1).unwrap().split(" · ").next().unwrap().to_owned()
    };
    assert_eq!(head(&["-L", "2"]), "Showing 2 of 3 releases in octo-org/atlas");
    assert_eq!(head(&["-L", "1", "-s", "closed"]), "Showing 1 of 2 closed releases in octo-org/atlas");
    assert_eq!(head(&["-S", "v0"]), "Showing 3 of 3 releases in octo-org/atlas that match your search");
    assert_eq!(head(&["-S", "v0.9"]), "Showing 1 of 1 release in octo-org/atlas that matches your search");
    assert_eq!(head(&["--all-repos"]), "Showing 3 of 3 releases in all cached repositories");
    assert_eq!(head(&["--as-of", "@5"]), "Showing 3 of 3 releases in octo-org/atlas as of @5");
}

#[test]
fn the_head_line_says_where_a_newer_manifest_is_and_how_old_this_one_is() {
    let mut lab = Lab::with_git();
    lab.set("TZ", "UTC");
    let commit = |hour| {
        lab.write_manifest(crate::cli::manifests::small_at(hour));
        lab.git(&["add", "."]);
        lab.git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "manifest"]);
    };
    commit(10);
    let first = lab.git(&["rev-parse", "HEAD"]);
    commit(11);
    let branch = lab.git(&["symbolic-ref", "--short", "HEAD"]);
    lab.git(&["update-ref", &format!("refs/remotes/origin/{}", branch.trim()), "HEAD"]);
    let head =
        || lab.run_with(&[("GH_FORCE_TTY", "160")], &["release", "list"]).ok().lines().nth(1).unwrap().to_owned();
    assert!(!head().contains("git pull"), "{}", head());
    let warning = "\u{1b}[0;33m· manifest of ";
    assert!(!head().contains(warning));
    lab.git(&["reset", "-q", "--hard", first.trim()]);
    std::fs::remove_dir_all(&lab.cache).unwrap();
    assert!(head().contains(warning) && head().contains("; `git pull` would bring a newer one"), "{}", head());
    let status = lab.run_with(&[("GH_FORCE_TTY", "160")], &["cache", "status"]).ok();
    assert!(status.contains("up to date with the manifest here; `git pull` would bring a newer one"), "{status}");
    lab.git(&["pack-refs", "--all"]);
    assert!(head().contains("git pull"), "also where references are packed");
    lab.write(".gh-pmu.yml", "cache:\n  max_age: 60\n");
    lab.git(&["update-ref", "-d", &format!("refs/remotes/origin/{}", branch.trim())]);
    assert!(head().contains(warning) && !head().contains("git pull"), "older than max_age: {}", head());
}

#[test]
fn the_head_line_warns_where_the_manifest_was_not_taken_in_and_names_the_moment_of_the_past() {
    let mut lab = lab();
    lab.set("TZ", "Asia/Kathmandu");
    let head = |args: &[&str]| {
        let shown = lab.run_with(&[("GH_FORCE_TTY", "160")], &[&["release", "list"], args].concat());
        shown.out.lines().nth(1).unwrap().to_owned()
    };
    let warning = "\u{1b}[0;33m· manifest of ";
    assert!(!head(&[]).contains(warning));
    for refused in ["{".to_owned(), crate::cli::manifests::small_at(9)] {
        lab.write_manifest(&refused);
        assert!(head(&[]).contains(warning), "{refused}");
    }
    lab.write(".gh-pmu.yml", "cache:\n  auto_sync: false\n");
    assert!(!head(&[]).contains(warning), "nobody asked for it");
    lab.write(".gh-pmu.yml", "");
    std::fs::remove_file(lab.manifest_path()).unwrap();
    assert!(head(&[]).contains(warning), "it may have been newer");
    assert!(head(&["--as-of", "2025-06-12T20:00:00Z"]).ends_with(" as of 2025-06-13 01:45"));
    assert!(head(&["--as-of", "2025-06-12T20:00:07.25Z"]).ends_with(" as of 2025-06-13 01:45:07"));
    assert!(head(&["--as-of", "2025-07"]).ends_with(" as of 2025-07-01 00:00"));
    let none = lab.run_with(&[TTY, PLAIN], &["release", "list", "--as-of", "2025-07", "-S", "nothing"]);
    assert!(none.err.ends_with(" as of 2025-07-01 00:00\n"), "{none:?}");
    let view = lab.run_with(&[TTY, PLAIN], &["release", "view", "7", "--as-of", "2025-07"]).ok();
    assert!(view.starts_with("\nRelease v0.1.0 (Falcon) #7 as of 2025-07-01 00:00\n"), "{view}");
}

#[test]
fn a_table_fits_its_width() {
    let lab = Lab::new();
    let long = format!("Release: v1.0.0 ({})", "long codename ".repeat(20));
    let wide = format!("Microsprint: {}", "日本語".repeat(40));
    let times =
        |number, title: &str| tracker(number, title, Some("2024-01-01T00:00:00Z"), Some("2024-02-01T00:00:00Z"));
    lab.write_manifest(manifest(10, &json!([times(1, &long)]), &json!([times(2, &wide)])));
    for kind in ["release", "microsprint"] {
        for columns in [40, 80, 120] {
            let out = lab.run_with(&[("GH_FORCE_TTY", &columns.to_string()), PLAIN], &[kind, "list"]).ok();
            for line in out.lines().skip(3) {
                let width: usize = line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
                assert!(width <= columns, "{columns}: {line}");
            }
            assert!(out.contains("..."), "{out}");
        }
    }
}

#[test]
fn colour_is_for_terminals_unless_it_is_refused_or_forced() {
    let lab = lab();
    let colored = |variables: &[(&str, &str)], args: &[&str]| lab.run_with(variables, args).ok().contains('\u{1b}');
    let list = ["release", "list"];
    let json = ["release", "list", "--json", "number"];
    assert!(!colored(&[], &list) && !colored(&[], &json));
    assert!(colored(&[TTY], &list) && colored(&[TTY], &json));
    assert!(!colored(&[TTY, PLAIN], &list) && !colored(&[TTY, PLAIN], &json));
    assert!(colored(&[TTY, ("NO_COLOR", "")], &list));
    assert!(!colored(&[TTY, ("CLICOLOR", "0")], &list));
    assert!(!colored(&[TTY, PLAIN, ("CLICOLOR_FORCE", "1")], &list));
    // Into a pipe, forced colour changes JSON and not the lines that scripts read.
    assert_eq!(lab.run_with(&[("CLICOLOR_FORCE", "1")], &list).ok(), SMALL_RELEASES);
    assert!(colored(&[("CLICOLOR_FORCE", "1")], &json));
    assert!(colored(&[("CLICOLOR_FORCE", "1"), PLAIN], &json));
    assert!(!colored(&[("CLICOLOR_FORCE", "0")], &json));
}

#[test]
fn coloured_json_is_the_same_json() {
    let lab = lab();
    let plain = lab.json(&["release", "list", "--json", "number,title,closedAt"]);
    let shown = lab.run_with(&[("CLICOLOR_FORCE", "1")], &["release", "list", "--json", "number,title,closedAt"]).ok();
    assert!(shown.starts_with("\u{1b}[1;38m[\u{1b}[m\n"), "{shown:?}");
    let mut stripped = String::new();
    let mut parts = shown.split('\u{1b}');
    stripped.push_str(parts.next().unwrap());
    parts.for_each(|part| stripped.push_str(part.split_once('m').unwrap().1));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&stripped).unwrap(), plain);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let lab = Lab::new();
    lab.write_manifest(many(20_000, 1));
    lab.run(&["cache", "sync"]).ok();
    let commands: [&[&str]; 6] = [
        &["release", "list"],
        &["release", "list", "--json", "number,title"],
        &["release", "list", "--json", "number", "-q", ".[].number"],
        &["cache", "history"],
        &["cache", "history", "--json", "title"],
        &["release", "list", "--all-repos", "--sort", "title"],
    ];
    for args in commands {
        let mut child = lab.spawn(args);
        let mut out = BufReader::with_capacity(16, child.stdout.take().unwrap());
        let mut first = [0; 8];
        out.read_exact(&mut first).unwrap();
        drop(out);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), &*err), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn one_line_is_enough_for_a_reader() {
    let lab = Lab::new();
    lab.write_manifest(many(20_000, 1));
    let mut child = lab.spawn(&["release", "list"]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "20000\tOPEN\tRelease: v1.20000.0\t2025-01-01T00:00:00Z\t\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
    // The sync was durable all the same.
    assert_eq!(lab.status()["seq"], 20_000);
}

#[test]
fn nobody_reading_at_all_is_no_failure_either() {
    let lab = lab();
    for args in [&["release", "list"][..], &["cache", "sync"], &["cache", "status"], &["cache", "verify"], &["--help"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = lab.command(args).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{args:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_full_disk_behind_standard_output_is_told() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let lab = lab();
    let output = lab.command(&["release", "list"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.starts_with("cannot write the output: "), "{err}");
}

#[test]
#[cfg(unix)]
fn what_nobody_got_is_not_seen_yet() {
    let lab = Lab::new();
    let releases: Vec<_> = (1..=2_000).map(|number| open(number, "Release: v1.0.0")).collect();
    lab.write_manifest(manifest(10, &json!(releases), &json!([])));
    let closed = |args: &[&str]| {
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", "exec \"$0\" \"$@\" >&-"])
            .arg(crate::cli::lab::program())
            .args(args)
            .current_dir(&lab.checkout);
        lab.enclose(&mut shell);
        crate::cli::lab::Ran::from(shell.output().unwrap())
    };
    for args in [
        &["cache", "history", "--since", "last:x"][..],
        &["cache", "export", "--format", "ndjson", "--events", "--since", "last:x"],
        &["release", "list"],
        &["release", "list", "--json", "number"],
        &["cache", "status"],
        &["--version"],
    ] {
        assert_eq!(closed(args).fails(), "cannot write the output: standard output is closed\n", "{args:?}");
    }
    // A pager that fails, or takes only a part.
    for pager in ["false", "head -n 1"] {
        let paged = [TTY, PLAIN, ("GH_PAGER", pager)];
        assert_eq!(lab.run_with(&paged, &["cache", "history", "--since", "last:x"]).code, Some(0));
    }
    assert_eq!(lab.run(&["cache", "history", "--since", "last:x"]).ok().lines().count(), 2_000);
    assert_eq!(lab.run(&["cache", "history", "--since", "last:x"]).ok(), "");
}

#[test]
fn a_pager_gets_long_lists_on_a_terminal_only() {
    let lab = Lab::new();
    let releases: Vec<_> = (1..=100).map(|number| open(number, "Release: v1.0.0")).collect();
    lab.write_manifest(manifest(10, &json!(releases), &json!([])));
    let pager = ("GH_PAGER", "sed s/^v1/paged/");
    let shown = lab.run_with(&[TTY, PLAIN, pager], &["release", "list"]).ok();
    assert_eq!(shown.lines().filter(|line| line.starts_with("paged.0.0 ")).count(), 100, "{shown}");
    assert!(!lab.run_with(&[TTY, PLAIN, pager], &["release", "list", "-L", "3"]).ok().contains("paged"));
    assert!(!lab.run_with(&[pager], &["release", "list"]).ok().contains("paged"));
    let closed = lab.run_with(&[TTY, PLAIN, ("PAGER", "true")], &["release", "list"]).ok();
    assert_eq!(closed, "");
    let missing = lab.run_with(&[TTY, PLAIN, ("PAGER", "no-such-pager-here")], &["release", "list"]);
    let (out, err) = missing.warns();
    assert!(out.lines().count() > 100 && err.starts_with("! error starting pager: "), "{err}");
}

#[test]
fn who_sees_no_tracker_at_all_is_told_what_one_is() {
    let none = r#"{"version": 1, "updated_at": "2024-12-24T10:00:00Z", "repo": "o/r"}"#;
    let lab = Lab::synced(none);
    let terminal = [("GH_FORCE_TTY", "80")];
    let ran = lab.run_with(&terminal, &["release", "list"]);
    let expected = "no releases in o/r\n\
        An issue is a release if it has the label \"release\", \"branch\" or \"patch\", and a\n\
        title that begins with \"Release: \", \"Branch: \" or \"Patch: \".\n\
        `gh pmu init --workflow` has the repository publish its trackers; --refresh asks\n\
        GitHub now.\n";
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), "", expected));
    lab.write(".gh-pmu.yml", "cache:\n  microsprint_labels: [sprint]\n");
    let ran = lab.run_with(&terminal, &["microsprint", "list"]);
    assert!(ran.err.contains("if it has the label \"sprint\", and a title"), "{}", ran.err);
    // Whoever asked for some of them knows, and a script wants no advice.
    for flags in [&["-s", "open"][..], &["-S", "x"], &["--json", "number"], &["--all-repos"]] {
        let ran = lab.run_with(&terminal, &[&["release", "list"], flags].concat());
        assert!(!ran.err.contains("An issue is"), "{flags:?}: {}", ran.err);
    }
    assert_eq!(lab.run(&["release", "list"]).ok(), "");
}

#[test]
fn the_age_is_in_doubt_as_long_as_the_manifest_here_is_set_aside() {
    let lab = Lab::synced(&small_at(11));
    let is_doubtful = || {
        let shown = lab.run_with(&[("GH_FORCE_TTY", "100"), ("CLICOLOR_FORCE", "1")], &["release", "list"]).ok();
        shown.contains("\u{1b}[0;33m·")
    };
    assert!(!is_doubtful());
    lab.write_manifest(small_at(10));
    for time in 0..3 {
        assert!(is_doubtful(), "{time}");
    }
    lab.write_manifest(small_at(12));
    assert!(!is_doubtful());
    assert!(!is_doubtful());
}
