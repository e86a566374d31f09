//! Manifests that are refused: the sentence, the exit code, and a cache in which not one byte has changed.

use gh_pmu::fs::Disk;
use gh_pmu::model::{Repo, UnixMillis};
use gh_pmu::store::Store;
use serde_json::{Value, json};

use crate::cli::lab::{Lab, NO_GH, Ran, assert_same, files_below, nothing_cached};
use crate::cli::manifests::{SMALL_MICROSPRINTS, SMALL_RELEASES, small, small_at};

const RESTORE: &str = "run the workflow again or restore the file with git";

/// A checkout with a cache, into which refused manifests are put.
struct Refusals(Lab);

impl Refusals {
    fn new() -> Self {
        let lab = Lab::synced(&small());
        lab.run(&["release", "list"]).ok();
        Self(lab)
    }

    /// The manifest is refused with that sentence by every command that reads it; lists answer from the cache.
    #[track_caller]
    fn refuses(&self, content: impl AsRef<[u8]>, sentence: &str) {
        self.0.write_manifest(content);
        self.assert_refused(sentence);
    }

    #[track_caller]
    fn assert_refused(&self, sentence: &str) {
        let Self(lab) = self;
        let before = lab.cached_files();
        let line = format!("{}: {sentence}", lab.manifest_path().display());
        assert_eq!(without_column(&lab.run(&["cache", "sync"]).fails()), format!("{line}\n"));
        assert_eq!(without_column(&lab.run(&["cache", "sync", "--force"]).fails()), format!("{line}\n"));
        let warning = format!("! {line}; this is what was cached before\n");
        let answers = [
            (&["release", "list"][..], SMALL_RELEASES),
            (&["microsprint", "list"][..], SMALL_MICROSPRINTS),
            (&["cache", "history", "--json", "seq", "-q", "length"][..], "5\n"),
        ];
        for (args, answer) in answers {
            let (out, err) = lab.run(args).warns();
            assert_eq!((out.as_str(), without_column(&err)), (answer, warning.clone()), "{args:?}");
        }
        assert_same(&before, &lab.cached_files(), sentence);
    }

    /// As [`Self::refuses`], of the small manifest with one value replaced.
    #[track_caller]
    fn refuses_with(&self, pointer: &str, value: Value, sentence: &str) {
        let mut manifest: Value = serde_json::from_str(&small()).unwrap();
        *manifest.pointer_mut(pointer).unwrap() = value.clone();
        // Of a tracker the sentence has the list and the position.
        let place = if pointer[1..].contains('/') { "" } else { ON_ONE_LINE };
        self.refuses(manifest.to_string(), &format!("{place}{sentence}; {RESTORE}"));
    }
}

/// How the place of a field of the manifest itself begins.
const ON_ONE_LINE: &str = "line 1, column …: ";

/// The place of a field is that where reading stopped: behind its value, or at the character after it.
fn without_column(said: &str) -> String {
    let Some((before, after)) = said.split_once("column ") else { return said.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_of_field = rest.starts_with(": \"") || rest.starts_with(": the manifest ");
    if is_of_field { format!("{before}column …{rest}") } else { said.to_owned() }
}

#[test]
fn what_is_not_json_is_refused_with_line_and_column() {
    let refusals = Refusals::new();
    for (text, place) in [
        ("hello", "line 1, column 1: is not JSON (expected value)"),
        ("{\n \"updated_at\" \"x\"}", "line 2, column 15: is not JSON (expected `:`)"),
        ("{\"version\": 1,}", "line 1, column 15: is not JSON (trailing comma)"),
        ("{\"é\":\n\"éé\" x}", "line 2, column 6: is not JSON (expected `,` or `}`)"),
        ("<!DOCTYPE html>\n<html>", "line 1, column 1: is not JSON (expected value)"),
        (
            "{\"updated_at\": \"a\tb\"}",
            "line 1, column 18: is not JSON (a text has a line break or a control character in it)",
        ),
    ] {
        refusals.refuses(text, &format!("{place}; {RESTORE}"));
    }
    refusals.refuses(b"{\n\"\xc3\xa9\": \"\xff\"}", &format!("line 2, column 7: is not UTF-8; {RESTORE}"));
    refusals.refuses(
        format!("{}\n  {{}}", small()),
        &format!("line 2, column 3: has something after the end of its JSON; {RESTORE}"),
    );
    refusals.refuses("", &format!("is empty; {RESTORE}"));
    refusals.refuses(" \r\n", &format!("is empty; {RESTORE}"));
    refusals.refuses(
        "[]",
        &format!(
            "{ON_ONE_LINE}the manifest is an array, not an object with \"updated_at\", \"releases\" and \"microsprints\"; {RESTORE}"
        ),
    );
    let bomb = "[".repeat(200_000);
    refusals.refuses(
        bomb,
        &format!("line 1, column 200001: ends in the middle of its JSON, so a part of it is missing; {RESTORE}"),
    );
}

#[test]
fn a_merge_left_unresolved_is_named_as_such() {
    let refusals = Refusals::new();
    let finish =
        "finish the merge with either side's file (git checkout --ours or --theirs), or run the workflow again";
    let (ours, theirs) = (small(), small_at(11));
    for eol in ["\n", "\r\n"] {
        let conflict = ["<<<<<<< HEAD", &ours, "=======", &theirs, ">>>>>>> main", ""].join(eol);
        refusals.refuses(conflict, &format!("line 1: has the git conflict marker <<<<<<<; {finish}"));
    }
    let inside = small().replacen("\"releases\"", "\n<<<<<<< HEAD\n\"releases\"", 1);
    refusals.refuses(inside, &format!("line 2: has the git conflict marker <<<<<<<; {finish}"));
    let left_over = format!("{ours}\n>>>>>>> main\n");
    refusals.refuses(left_over, &format!("line 2: has the git conflict marker >>>>>>>; {finish}"));
}

#[test]
fn a_conflict_that_git_itself_left_is_refused_and_its_resolution_taken() {
    let lab = Lab::with_git();
    let commit = |name: &str, content: &str| {
        lab.write_manifest(content);
        lab.git(&["add", "."]);
        lab.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", name]);
    };
    commit("base", &small());
    lab.run(&["cache", "sync"]).ok();
    lab.git(&["checkout", "-q", "-b", "other"]);
    commit("theirs", &small_at(12).replace("v0.9.0", "v0.9.2"));
    lab.git(&["checkout", "-q", "-"]);
    commit("ours", &small_at(11).replace("v0.9.0", "v0.9.1"));
    lab.run(&["cache", "sync"]).ok();
    let merge = lab.git_may_fail(&["-c", "user.name=t", "-c", "user.email=t@example.com", "merge", "-q", "other"]);
    assert!(merge.out.contains("CONFLICT"), "{merge:?}");
    let (rows, warning) = lab.run(&["release", "list"]).warns();
    assert_eq!(rows, SMALL_RELEASES.replace("v0.9.0", "v0.9.1"));
    assert!(warning.contains(": line 1: has the git conflict marker <<<<<<<; finish the merge"), "{warning}");
    lab.git(&["checkout", "-q", "--theirs", ".github/pmu-cache.json"]);
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v0.9.2"));
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let refusals = Refusals::new();
    let (text, middle) = (small(), "ends in the middle of its JSON, so a part of it is missing");
    for len in [1, 2, 20, text.len() / 2, text.len() - 1] {
        let column = text[..len].chars().count() + 1;
        refusals.refuses(&text[..len], &format!("line 1, column {column}: {middle}; {RESTORE}"));
    }
    // Nothing to do with the manifest's length: every prefix, by the one command that says all.
    let lab = &refusals.0;
    let before = lab.cached_files();
    for len in (1..text.len()).step_by(7) {
        lab.write_manifest(&text[..len]);
        assert!(lab.run(&["cache", "sync"]).fails().contains(middle), "{len}");
    }
    assert_same(&before, &lab.cached_files(), "prefixes");
}

#[test]
fn a_version_above_1_asks_for_an_upgrade() {
    let refusals = Refusals::new();
    for version in [2, 3, u64::MAX] {
        let sentence =
            format!("\"version\" is {version}, and this gh-pmu reads only 1; upgrade it (gh extension upgrade pmu)");
        let text = json!({"releases": {"430": "DRAFT"}, "version": version}).to_string();
        refusals.refuses(text, &format!("{ON_ONE_LINE}{sentence}"));
    }
    for version in [json!(0), json!(-1), json!(1.5), json!("1"), json!(null)] {
        let sentence = format!("\"version\" is {version}, not 1, the version that this gh-pmu reads");
        refusals.refuses_with("/version", version, &sentence);
    }
}

#[test]
fn a_missing_or_malformed_updated_at_is_refused() {
    let refusals = Refusals::new();
    refusals.refuses("{\"releases\": []}", &format!("the manifest has no \"updated_at\"; {RESTORE}"));
    for value in ["", "yesterday", "2024-12-24", "2024-12-24 10:00:00", "2024-02-30T10:00:00Z", "2024-12-24T25:00:00Z"]
    {
        let sentence = format!("\"updated_at\" is {value:?}, not an RFC 3339 time such as 2024-12-24T10:00:00Z");
        refusals.refuses_with("/updated_at", json!(value), &sentence);
    }
    for value in [json!(null), json!(1_735_034_400)] {
        let sentence = format!("\"updated_at\" is {value}, not an RFC 3339 time such as 2024-12-24T10:00:00Z");
        refusals.refuses_with("/updated_at", value, &sentence);
    }
}

#[test]
fn a_repo_that_is_not_owner_and_name_is_refused_and_no_path_of_it_is_made() {
    let refusals = Refusals::new();
    let root = refusals.0.root();
    let before: Vec<_> = files_below(&root).into_keys().collect();
    for (repo, shown) in [
        ("", r#""""#),
        ("atlas", r#""atlas""#),
        ("octo-org/", r#""octo-org/""#),
        ("/atlas", r#""/atlas""#),
        ("octo-org/..", r#""octo-org/..""#),
        ("../atlas", r#""../atlas""#),
        ("../../atlas", r#""../../atlas""#),
        ("octo-org/.", r#""octo-org/.""#),
        ("github.com/octo-org/atlas", r#""github.com/octo-org/atlas""#),
        ("/etc/passwd", r#""/etc/passwd""#),
        ("octo-org/at\0las", r#""octo-org/at\0las""#),
        ("octo-org/atlas\n", r#""octo-org/atlas\n""#),
        ("octo-org\\atlas", r#""octo-org\\atlas""#),
        ("C:/atlas", r#""C:/atlas""#),
        ("öcto/atlas", r#""öcto/atlas""#),
        ("octo org/atlas", r#""octo org/atlas""#),
    ] {
        let sentence = format!("\"repo\" is {shown}, not owner/name in GitHub's alphabet");
        refusals.refuses_with("/repo", json!(repo), &sentence);
    }
    refusals.refuses_with("/repo", json!(null), "\"repo\" is null, not owner/name in GitHub's alphabet");
    assert_eq!(files_below(&root).into_keys().collect::<Vec<_>>(), before);
}

#[test]
fn another_state_word_is_refused() {
    let refusals = Refusals::new();
    for state in [json!("MERGED"), json!(""), json!("OPEN "), json!(null), json!(true), json!(1)] {
        let sentence = format!("releases[1] (#430): \"state\" is {state}, not OPEN or CLOSED");
        refusals.refuses_with("/releases/1/state", state, &sentence);
    }
}

#[test]
fn a_time_that_is_not_rfc_3339_is_refused() {
    let refusals = Refusals::new();
    // The number stands behind the times in these files: what is not read yet cannot be named.
    for field in ["createdAt", "closedAt"] {
        for value in [json!("yesterday"), json!(""), json!("2024-12-24"), json!(1_735_034_400), json!(false)] {
            let sentence =
                format!("microsprints[0]: \"{field}\" is {value}, not an RFC 3339 time such as 2024-12-24T10:00:00Z");
            refusals.refuses_with(&format!("/microsprints/0/{field}"), value, &sentence);
        }
    }
}

#[test]
fn a_number_that_is_no_issue_number_is_refused() {
    let refusals = Refusals::new();
    let numbers =
        [json!(0), json!(-1), json!(1.5), json!(9_007_199_254_740_992_u64), json!(u64::MAX), json!("7"), json!(null)];
    for number in numbers {
        let sentence = format!(
            "releases[2]: \"number\" is {number}, not an issue number from 1 to 9007199254740991, in plain digits"
        );
        refusals.refuses_with("/releases/2/number", number, &sentence);
    }
}

#[test]
fn one_number_twice_in_one_list_is_refused_with_both_places() {
    let refusals = Refusals::new();
    refusals.refuses_with("/releases/2/number", json!(7), "releases[0] and releases[2] are both #7");
    refusals.refuses_with("/releases/0/number", json!(430), "releases[0] and releases[1] are both #430");
    refusals.refuses_with("/microsprints/1/number", json!(425), "microsprints[0] and microsprints[1] are both #425");
}

#[test]
fn a_tracker_without_number_title_or_state_is_refused() {
    let refusals = Refusals::new();
    let place = |field| if field == "number" { "releases[1]" } else { "releases[1] (#430)" };
    for field in ["number", "title", "state"] {
        let mut manifest: Value = serde_json::from_str(&small()).unwrap();
        manifest["releases"][1].as_object_mut().unwrap().remove(field);
        refusals.refuses(manifest.to_string(), &format!("{} has no \"{field}\"; {RESTORE}", place(field)));
    }
    refusals.refuses_with(
        "/releases/1",
        json!([]),
        "releases[1] is an array, not an object with \"number\", \"title\" and \"state\"",
    );
    refusals.refuses_with("/releases", json!({}), "\"releases\" is an object, not an array of trackers");
}

#[test]
fn a_file_above_the_size_limit_is_refused_unread() {
    let refusals = Refusals::new();
    let file = std::fs::File::create(refusals.0.manifest_path()).unwrap();
    // A hole: no disk is filled.
    file.set_len((1 << 30) + 1).unwrap();
    refusals.assert_refused(
        "has 1073741825 bytes, and 1073741824 are the most that is read; list fewer trackers in the workflow",
    );
}

#[test]
fn what_a_manifest_wrote_into_a_refusal_cannot_deceive_a_terminal() {
    let refusals = Refusals::new();
    let mut manifest: Value = serde_json::from_str(&small()).unwrap();
    manifest["releases"][1]["state"] = json!(format!("\u{1b}]0;x\u{7}\u{202e}\n{}", "x".repeat(5000)));
    refusals.0.write_manifest(manifest.to_string());
    let said = refusals.0.run(&["cache", "sync"]).fails();
    assert!(said.len() < 500 && said.lines().count() == 1, "{said}");
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
}

#[test]
fn a_refusal_is_the_answer_where_nothing_is_cached_and_leaves_nothing_behind() {
    let lab = Lab::new();
    lab.write_manifest("{\"version\": 2}");
    let line = format!(
        "{}: line 1, column 14: \"version\" is 2, and this gh-pmu reads only 1; upgrade it (gh extension upgrade pmu)\n",
        lab.manifest_path().display()
    );
    for args in [
        &["release", "list"][..],
        &["cache", "sync"],
        &["cache", "history"],
        &["microsprint", "list", "--json", "title"],
    ] {
        assert_eq!(lab.run(args).fails(), line, "{args:?}");
    }
    assert!(!lab.cache.exists());
}

#[test]
fn a_refused_manifest_is_forgotten_once_it_is_mended() {
    let refusals = Refusals::new();
    refusals.refuses(
        "{",
        &format!("line 1, column 2: ends in the middle of its JSON, so a part of it is missing; {RESTORE}"),
    );
    refusals.0.write_manifest(small_at(11).replace("v0.9.0", "v1.0.0"));
    assert_eq!(refusals.0.run(&["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v1.0.0"));
    assert_eq!(refusals.0.status()["seq"], 6);
}

#[test]
fn a_manifest_that_cannot_be_read_is_told_and_lists_answer_from_the_cache() {
    let lab = Lab::synced(&small());
    std::fs::remove_file(lab.manifest_path()).unwrap();
    // Branches without a manifest are checked out every day: no word about it.
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    let missing =
        format!("there is no manifest at {}\nGitHub cannot stand in: {NO_GH}\n", lab.manifest_path().display());
    assert_eq!(lab.run(&["cache", "sync"]).fails(), missing);
}

#[test]
fn another_checkout_of_the_same_repository_answers_from_the_cache_too() {
    let lab = Lab::synced(&small());
    let other = Lab::with_git();
    other.git(&["remote", "add", "origin", "https://github.com/octo-org/atlas"]);
    for content in ["{", "<<<<<<< HEAD\n", "{\"version\": 2}"] {
        other.write_manifest(content);
        let mut list = other.command(&["release", "list"]);
        let (rows, warning) = Ran::from(list.env("GH_PMU_CACHE_DIR", &lab.cache).output().unwrap()).warns();
        assert_eq!(rows, SMALL_RELEASES);
        assert!(warning.ends_with("; this is what was cached before\n"), "{warning}");
    }
}

#[test]
fn the_manifest_of_another_repository_is_not_taken_for_the_one_that_was_asked_for() {
    let lab = Lab::synced(&small());
    let before = lab.cached_files();
    // GitHub would be asked for that one.
    assert_eq!(lab.run(&["cache", "sync", "-R", "o/r"]).fails(), format!("{NO_GH}\n"));
    assert_eq!(lab.run(&["release", "list", "-R", "o/r"]).fails(), nothing_cached("o/r"));
    assert_same(&before, &lab.cached_files(), "another repository");
}

#[test]
fn where_nothing_can_be_recorded_the_present_is_answered_all_the_same() {
    let mut lab = Lab::new();
    lab.write_manifest(small());
    lab.write("no-directory", "");
    let nowhere = lab.checkout.join("no-directory");
    for home in ["", "none"] {
        // A file where the cache's directory should be; then no home at all.
        match home {
            "" => lab.set("GH_PMU_CACHE_DIR", &nowhere),
            _ => lab.unset("GH_PMU_CACHE_DIR"),
        }
        let run = |args: &[&str]| -> Ran {
            let mut command = lab.command(args);
            command.env_remove("HOME").env_remove("APPDATA");
            command.output().unwrap().into()
        };
        let reason = match home {
            "" => "; what is shown was not recorded: set GH_PMU_CACHE_DIR to a directory on a disk that takes it\n",
            _ => {
                "! there is no home directory to keep the cache in; what is shown was not recorded: \
                  set HOME or GH_PMU_CACHE_DIR\n"
            }
        };
        let of = |args: &[&str]| {
            let (out, warning) = run(args).warns();
            assert!(warning.ends_with(reason), "{args:?}: {warning}");
            out
        };
        assert_eq!(of(&["release", "list"]), SMALL_RELEASES);
        assert!(of(&["release", "view"]).starts_with("title:\tRelease: v0.9.0\n"));
        assert_eq!(of(&["timeline"]).lines().count(), 5);
        assert!(of(&["status"]).contains("Release: v0.9.0"));
        assert_eq!(of(&["cache", "export", "--format", "csv"]).lines().count(), 6);
        for args in [&["cache", "history"][..], &["cache", "sync"], &["release", "list", "--as-of", "yesterday"]] {
            let ran = run(args);
            assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{args:?}: {ran:?}");
        }
    }
    assert_eq!(std::fs::read_dir(&lab.checkout).unwrap().count(), 3, "nothing was made elsewhere");
}

#[test]
fn a_last_check_that_is_not_yet_counts_as_none() {
    let lab = Lab::synced(&small());
    lab.write(".gh-pmu.yml", "cache:\n  max_age: 0\n");
    let store = Store::of(&Disk, &lab.cache, &Repo::parse("octo-org/atlas", Repo::DEFAULT_HOST).unwrap());
    store.record_checked(&store.view().unwrap().unwrap(), None, UnixMillis::new(4_000_000_000_000).unwrap());
    let status = lab.run(&["cache", "status", "--check", "--json"]);
    assert_eq!(status.code, Some(1), "{}", status.out);
    assert!(!status.out.contains("\"checkedAt\":\"2096"), "{}", status.out);
}

#[test]
fn marks_are_changed_by_one_at_a_time() {
    let lab = Lab::synced(&small());
    let store = Store::of(&Disk, &lab.cache, &Repo::parse("octo-org/atlas", Repo::DEFAULT_HOST).unwrap());
    let marks = || std::fs::read(lab.store().join("marks")).unwrap();
    let (before, view) = (marks(), store.view().unwrap().unwrap());
    let check = || store.record_checked(&view, None, UnixMillis::new(4_000_000_000_000).unwrap());
    let held = std::fs::File::options().write(true).open(lab.store().join("lock")).unwrap();
    held.lock().unwrap();
    check();
    assert_eq!(marks(), before, "somebody else may be changing them");
    drop(held);
    check();
    assert_ne!(marks(), before);
}
