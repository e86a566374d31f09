//! History out of git: `cache rebuild`, and what a pull brings.

use std::path::Path;

use serde_json::Value;

use crate::cli::lab::{Lab, text};
use crate::cli::manifests::small_at;

const MOQ: &str = "moq-transport.bundle";

fn clone() -> Lab {
    let lab = Lab::without_git();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(MOQ);
    lab.git(&["clone", "-q", text(&bundle), "."]);
    lab
}

/// All events, but for when this machine recorded them.
fn events(lab: &Lab) -> Value {
    let fields = "seq,event,kind,number,title,before,after,changedAt,source,manifest,commit";
    lab.json(&["cache", "history", "--order", "asc", "--json", fields])
}

#[test]
fn two_machines_that_rebuild_from_the_same_commits_have_the_same_history_and_state() {
    let (a, b) = (clone(), clone());
    let said = a.run(&["cache", "rebuild"]).ok();
    assert!(said.starts_with("moq-wg/moq-transport rebuilt from git: 140 versions, 721 events\n"), "{said}");
    // The other has seen only the last version before.
    b.run(&["cache", "sync"]).ok();
    b.run(&["cache", "rebuild"]).ok();
    let (of_a, of_b) = (events(&a), events(&b));
    assert_eq!(of_a.as_array().unwrap().len(), 721);
    assert!(of_a == of_b, "the histories differ");
    assert_eq!(a.status()["stateHash"], b.status()["stateHash"]);
    assert!(of_a.as_array().unwrap().iter().all(|event| event["source"] == "git" && event["commit"].is_string()));
    assert_eq!(a.run(&["cache", "verify"]).code, Some(0));
    // Again is the same again.
    a.run(&["cache", "rebuild"]).ok();
    assert!(events(&a) == of_b);
}

#[test]
fn a_rebuilt_history_answers_as_of_every_version() {
    let lab = clone();
    lab.run(&["cache", "rebuild"]).ok();
    let commits = lab.git(&["log", "--first-parent", "--reverse", "--format=%H"]);
    for commit in commits.lines().step_by(11) {
        let shown = lab.git(&["show", &format!("{commit}:.github/pmu-cache.json")]);
        let manifest: Value = serde_json::from_str(&shown).unwrap();
        let when = manifest["updated_at"].as_str().unwrap();
        let listed = lab.json(&[
            "release",
            "list",
            "--as-of",
            when,
            "--order",
            "asc",
            "--json",
            "number,title,state,createdAt,closedAt",
        ]);
        let mut expected = manifest["releases"].as_array().unwrap().clone();
        expected.sort_by_key(|tracker| tracker["number"].as_u64());
        assert_eq!(listed, Value::from(expected), "as of {when}");
    }
}

#[test]
fn bad_versions_in_the_history_are_skipped_and_counted() {
    let lab = Lab::with_git();
    let commit = |content: &str, message: &str| {
        lab.write_manifest(content);
        lab.commit(message);
    };
    commit(&small_at(1), "first");
    commit("<<<<<<< ours\n", "conflict");
    commit(&small_at(3).replace("v0.9.0", "v0.9.1"), "third");
    commit(&small_at(2), "older again");
    commit(&small_at(4).replace("octo-org", "someone-else"), "a fork's");
    commit(&small_at(5).replace("v0.9.0", "v0.9.2"), "last");
    let said = lab.run(&["cache", "rebuild"]).ok();
    let first = said.lines().next().unwrap();
    assert!(first.starts_with("octo-org/atlas rebuilt from git: 3 versions, 7 events; 2 versions skipped"), "{said}");
    assert!(first.contains("1 skipped: older"), "{said}");
    assert_eq!(events(&lab).as_array().unwrap().len(), 7);
}

#[test]
fn a_rebuild_that_cannot_be_leaves_the_cache_as_it_was() {
    let lab = Lab::with_git();
    lab.write_manifest(small_at(1));
    lab.run(&["cache", "sync"]).ok();
    let before = lab.cached_files();
    let error = lab.run(&["cache", "rebuild"]).fails();
    assert!(error.contains("could not read the history of") || error.contains("has no version of"), "{error}");
    crate::cli::lab::assert_same(&before, &lab.cached_files(), "a failed rebuild");
}

#[test]
fn a_pull_of_many_versions_is_recorded_version_by_version() {
    let lab = clone();
    let commits = lab.git(&["log", "--first-parent", "--reverse", "--format=%H"]);
    let commits: Vec<&str> = commits.lines().collect();
    lab.git(&["checkout", "-q", commits[100]]);
    lab.run(&["release", "list"]).ok();
    let seen = lab.status()["seq"].as_u64().unwrap();
    lab.git(&["checkout", "-q", commits[139]]);
    lab.run(&["release", "list"]).ok();
    let rebuilt = clone();
    rebuilt.run(&["cache", "rebuild"]).ok();
    let fields = ["event", "kind", "number", "title", "before", "after", "changedAt", "source", "manifest", "commit"];
    let of = |events: Value, after: u64| -> Vec<Value> {
        let events = events.as_array().unwrap().iter().filter(|event| event["seq"].as_u64().unwrap() > after);
        events.map(|event| fields.iter().map(|field| event[field].clone()).collect::<Value>()).collect()
    };
    let pulled = of(events(&lab), seen);
    let all = of(events(&rebuilt), 0);
    assert!(pulled.len() > 20 && all.ends_with(&pulled), "{} events", pulled.len());
    assert_eq!(lab.status()["stateHash"], rebuilt.status()["stateHash"]);
}

/// A bare repository that others push to, a clone of theirs, and the lab's own clone.
fn team(config: &str) -> (Lab, Lab) {
    let (theirs, ours) = (Lab::with_git(), Lab::without_git());
    theirs.git(&["init", "-q", "--bare", text(&theirs.root().join("origin.git"))]);
    publish(&theirs, &small_at(1), "HEAD");
    ours.git(&["clone", "-q", text(&theirs.root().join("origin.git")), "."]);
    ours.write(".gh-pmu.yml", config);
    (theirs, ours)
}

/// Commits a manifest and pushes it to a branch; `HEAD` for the one that is checked out.
fn publish(theirs: &Lab, manifest: &str, branch: &str) {
    theirs.write_manifest(manifest);
    theirs.commit("manifest");
    let origin = theirs.root().join("origin.git");
    let refspec = if branch == "HEAD" { "HEAD".to_owned() } else { format!("HEAD:refs/heads/{branch}") };
    theirs.git(&["push", "-q", text(&origin), &refspec]);
}

#[test]
#[cfg(unix)]
fn auto_pull_brings_what_others_pushed_and_its_failure_is_a_warning() {
    let (theirs, ours) = team("cache:\n  auto_pull: true\n  auto_pull_interval: 0\n");
    // What a clone's own configuration and hooks name is not run for it.
    let (git, canary) = (ours.checkout.join(".git"), ours.root().join("canary"));
    let script = format!("#!/bin/sh\necho run >>{}\n", canary.display());
    for hook in ["post-merge", "reference-transaction", "fsmonitor"] {
        let path = git.join("hooks").join(hook);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &script).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    ours.git(&["config", "core.fsmonitor", git.join("hooks/fsmonitor").to_str().unwrap()]);
    let first = ours.run(&["release", "list"]).ok();
    assert!(first.contains("v0.9.0"));
    publish(&theirs, &small_at(2).replace("v0.9.0", "v0.9.7"), "HEAD");
    assert!(ours.run(&["release", "list"]).ok().contains("v0.9.7"));
    std::fs::rename(theirs.root().join("origin.git"), theirs.root().join("gone.git")).unwrap();
    let (out, warning) = ours.run(&["release", "list"]).warns();
    assert!(out.contains("v0.9.7") && warning.contains("could not pull"), "{warning}");
    assert!(!canary.exists());
}

#[test]
fn a_pull_is_not_repeated_within_its_interval() {
    let (theirs, ours) = team("cache:\n  auto_pull: true\n");
    ours.run(&["release", "list"]).ok();
    publish(&theirs, &small_at(2).replace("v0.9.0", "v0.9.7"), "HEAD");
    assert!(ours.run(&["release", "list"]).ok().contains("v0.9.0"));
}

#[test]
fn whoever_merges_into_a_branch_of_his_own_has_the_history_of_those_who_pull() {
    let (theirs, ours) = team("");
    let puller = Lab::without_git();
    puller.git(&["clone", "-q", text(&theirs.root().join("origin.git")), "."]);
    let version = |hour: u32| small_at(hour).replace("v0.9.0", &format!("v0.9.{hour}"));
    let merge = || {
        ours.git(&["fetch", "-q"]);
        ours.git(&["-c", "user.name=t", "-c", "user.email=t@example.org", "merge", "-q", "--no-edit", "origin/HEAD"]);
    };
    ours.git(&["checkout", "-q", "-b", "feature"]);
    ours.commit("work");
    for lab in [&ours, &puller] {
        lab.run(&["release", "list"]).ok();
    }
    (2..5).for_each(|hour| publish(&theirs, &version(hour), "HEAD"));
    merge();
    ours.commit("more work");
    // What is fetched and not merged is not there yet.
    publish(&theirs, &version(5), "HEAD");
    ours.git(&["fetch", "-q"]);
    puller.git(&["pull", "-q", "--ff-only"]);
    for lab in [&ours, &puller] {
        lab.run(&["release", "list"]).ok();
    }
    let of = |lab: &Lab| events(lab).as_array().unwrap().clone();
    assert_eq!((of(&ours).len(), of(&puller).len()), (8, 9));
    assert_eq!(of(&ours), of(&puller)[..8]);
    assert!(of(&ours)[5..].iter().all(|event| event["source"] == "git"));
    // The same out of git alone.
    for lab in [&ours, &puller] {
        assert!(lab.run(&["cache", "rebuild"]).ok().contains("rebuilt from git: "));
    }
    assert_eq!(of(&ours), of(&puller)[..8]);
    merge();
    ours.run(&["release", "list"]).ok();
    assert_eq!(of(&ours), of(&puller));
    // A version of one's own is one's own history.
    ours.write_manifest(version(6));
    ours.commit("by hand");
    ours.run(&["cache", "rebuild"]).ok();
    assert_eq!(of(&ours).last().unwrap()["title"], "Release: v0.9.6");
}

#[test]
fn another_branch_brings_its_versions_one_by_one() {
    let (theirs, ours) = team("");
    ours.git(&["checkout", "-q", "-b", "feature"]);
    ours.commit("work");
    ours.run(&["release", "list"]).ok();
    for hour in 2..5 {
        publish(&theirs, &small_at(hour).replace("v0.9.0", &format!("v0.9.{hour}")), "HEAD");
    }
    ours.git(&["fetch", "-q"]);
    ours.git(&["checkout", "-q", "--detach", "origin/HEAD"]);
    ours.run(&["release", "list"]).ok();
    assert_eq!(events(&ours).as_array().unwrap().len(), 8);
    // And back: nothing is undone.
    ours.git(&["checkout", "-q", "feature"]);
    ours.run(&["release", "list"]).ok();
    assert_eq!(events(&ours).as_array().unwrap().len(), 8);
}

#[test]
fn the_manifest_of_a_remote_branch_is_read_without_being_checked_out() {
    let (theirs, ours) = team("cache:\n  branch: pmu-cache\n");
    publish(&theirs, &small_at(3).replace("v0.9.0", "v0.9.3"), "pmu-cache");
    ours.git(&["fetch", "-q", "origin"]);
    assert!(ours.run(&["release", "list"]).ok().contains("v0.9.3"));
    publish(&theirs, &small_at(4).replace("v0.9.0", "v0.9.4"), "pmu-cache");
    publish(&theirs, &small_at(5).replace("v0.9.0", "v0.9.5"), "pmu-cache");
    assert!(ours.run(&["release", "list"]).ok().contains("v0.9.3"), "what was not fetched is not there");
    ours.git(&["fetch", "-q", "origin"]);
    assert!(ours.run(&["release", "list"]).ok().contains("v0.9.5"));
    let events = events(&ours);
    let titles: Vec<_> = events.as_array().unwrap().iter().filter(|event| event["event"] == "retitled").collect();
    // The branch began with the first manifest.
    assert_eq!(titles.len(), 3, "{titles:?}");
    assert!(ours.run(&["cache", "sync"]).ok().contains("up to date"));
    let check = || (ours.run(&["cache", "status", "--check"]).code, ours.status()["staleReason"].to_string());
    assert_eq!(check(), (Some(0), "null".to_owned()));
    ours.git(&["update-ref", "-d", "refs/remotes/origin/pmu-cache"]);
    let gone = "the branch of the manifest was never fetched, or is gone";
    assert_eq!(check(), (Some(1), format!("{gone:?}")));
    let said = ours.run(&["cache", "sync"]).fails();
    assert!(said.ends_with("the branch pmu-cache has not been fetched: run `git fetch origin pmu-cache:refs/remotes/origin/pmu-cache`\n"), "{said}");
    // Whichever remote has it.
    ours.git(&["remote", "rename", "origin", "theirs"]);
    ours.git(&["fetch", "-q", "theirs"]);
    assert_eq!(check(), (Some(0), "null".to_owned()));
    publish(&theirs, &small_at(1), "pmu-cache");
    ours.git(&["fetch", "-q", "theirs"]);
    assert!(ours.run(&["cache", "sync"]).ok().contains("older than the cache"));
    let (code, reason) = check();
    assert!(code == Some(1) && reason.ends_with("is older than what is cached, and was set aside\""), "{reason}");
    ours.git(&["remote", "remove", "theirs"]);
    assert_eq!(check().0, Some(1));
    let said = ours.run(&["cache", "sync"]).fails();
    assert!(said.contains("no git remote is there to have the branch pmu-cache: add one, or take `branch`"), "{said}");
}

#[test]
fn a_first_sync_from_an_older_manifest_says_that_it_was_set_aside() {
    let lab = Lab::with_git();
    lab.write_manifest(small_at(3));
    lab.commit("m");
    lab.write_manifest(small_at(2).replace("v0.9.0", "v0.8.0"));
    let said = lab.run(&["cache", "sync"]).ok();
    let end = " (events 1 to 5); the manifest here, of 2025-06-12T02:00:00Z, is older and was set aside\n";
    assert!(said.ends_with(end), "{said}");
    assert!(lab.run(&["release", "list"]).ok().contains("v0.9.0"));
    assert!(lab.run(&["cache", "sync"]).ok().contains("older than the cache"));
}

#[test]
fn a_manifest_that_a_sparse_checkout_leaves_out_is_there() {
    let lab = Lab::with_git();
    lab.write_manifest(small_at(3));
    lab.write("src/main.c", "");
    lab.commit("m");
    let listed = lab.run(&["release", "list"]).ok();
    lab.run(&["cache", "clear", "--yes"]).ok();
    lab.git(&["sparse-checkout", "set", "src"]);
    assert!(!lab.manifest_path().exists());
    assert_eq!(lab.run(&["release", "list"]).ok(), listed);
    lab.run(&["cache", "status", "--check"]).ok();
    // What is deleted is not left out.
    lab.git(&["sparse-checkout", "disable"]);
    std::fs::remove_file(lab.manifest_path()).unwrap();
    assert_eq!(lab.run(&["cache", "status", "--check"]).code, Some(1));
}

#[test]
#[cfg(unix)]
fn an_alias_of_ssh_is_looked_up_once_and_remembered() {
    let lab = Lab::with_git();
    lab.git(&["remote", "add", "origin", "git@github-work:octo-org/atlas.git"]);
    lab.write_manifest(r#"{"updated_at": "2024-12-24T10:00:00Z", "releases": [], "microsprints": []}"#);
    let bin = lab.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let make = r#"printf '#!/bin/sh\necho "$3" >>"$0.asked"\necho hostname github.com\n' >ssh && chmod +x ssh"#;
    assert!(std::process::Command::new("sh").current_dir(&bin).args(["-c", make]).status().unwrap().success());
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let asked = || std::fs::read_to_string(bin.join("ssh.asked")).unwrap_or_default();
    for _ in 0..2 {
        lab.run_with(&[("PATH", &path)], &["release", "list"]).ok();
        assert_eq!((lab.status()["repo"].as_str(), &*asked()), (Some("octo-org/atlas"), "github-work\n"));
    }
    // Other remotes may mean another repository.
    lab.git(&["remote", "add", "upstream", "git@elsewhere:octo-org/upstream.git"]);
    lab.run_with(&[("PATH", &path)], &["release", "list"]).ok();
    lab.run_with(&[("PATH", &path)], &["cache", "status"]).ok();
    assert_eq!(asked(), "github-work\nelsewhere\ngithub-work\n");
    assert!(lab.cache.join("github.com/octo-org/upstream").is_dir());
}

#[test]
fn what_each_commit_names_is_the_manifest_whoever_pulls_when() {
    const USUAL: &str = gh_pmu::manifest::USUAL_PATH;
    const OTHER: &str = "data/m.json";
    let config = |path: &str| format!("cache:\n  manifest: {path}\n");
    let version = |hour: u32, name: &str| small_at(hour).replace("v0.9.0", &format!("v0.9.{name}"));
    let names = |lab: &Lab| lab.run(&["cache", "history", "--json", "title", "--jq", ".[].title"]).ok();
    let (theirs, often) = team("");
    let push = || {
        theirs.commit("a step");
        theirs.git(&["push", "-q", text(&theirs.root().join("origin.git")), "HEAD"]);
    };
    let step = |path: &str, content: &str| {
        theirs.write(path, content);
        push();
    };
    // Two files side by side, and the configuration switched later; for one commit alone, and reverted; a path that is
    // given up before the next is there; a configuration that goes before it.
    step(OTHER, &version(2, "other"));
    step(USUAL, &version(3, "three"));
    step(".gh-pmu.yml", &config(OTHER));
    step(OTHER, &version(5, "five"));
    step(".gh-pmu.yml", "{}\n");
    step(USUAL, &version(7, "seven"));
    step(".gh-pmu.yml", &config("ci/x.json"));
    step("ci/x.json", &version(8, "eight"));
    std::fs::remove_file(theirs.checkout.join("ci/x.json")).unwrap();
    push();
    step(".github/pmu.yml", &config("late.json"));
    step("late.json", &version(10, "ten"));
    let commits = theirs.git(&["rev-list", "--reverse", "HEAD"]);
    std::fs::remove_file(often.checkout.join(".gh-pmu.yml")).unwrap();
    for commit in commits.lines() {
        often.git(&["fetch", "-q"]);
        often.git(&["checkout", "-q", "--detach", commit]);
        often.git(&["update-ref", "refs/remotes/origin/HEAD", commit]);
        often.run(&["cache", "sync"]);
    }
    let fresh = Lab::without_git();
    fresh.git(&["clone", "-q", text(&theirs.root().join("origin.git")), "."]);
    fresh.run(&["cache", "sync"]).ok();
    let told = names(&fresh);
    for name in ["three", "five", "seven", "eight", "ten"] {
        assert!(told.contains(&format!("v0.9.{name}")), "{name}: {told}");
    }
    assert!(!told.contains("v0.9.other"), "{told}");
    assert_eq!(names(&often), told);
    assert_eq!(often.status()["historyHash"], fresh.status()["historyHash"]);
}

#[test]
fn a_rebuild_does_not_drop_what_a_damaged_end_of_the_log_held() {
    for harm in [
        |bytes: &mut Vec<u8>| *bytes.iter_mut().nth_back(59).unwrap() ^= 1,
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 100),
    ] {
        let lab = Lab::with_git();
        for hour in [1, 2] {
            lab.write_manifest(small_at(hour).replace("v0.9.0", &format!("v0.9.{hour}")));
            lab.commit("manifest");
        }
        lab.run(&["cache", "sync"]).ok();
        lab.write_manifest(small_at(3).replace("v0.9.0", "v0.9.3"));
        lab.run(&["cache", "sync"]).ok();
        lab.git(&["checkout", "-q", "."]);
        let log = lab.store().join("log-1");
        let mut bytes = std::fs::read(&log).unwrap();
        harm(&mut bytes);
        std::fs::write(&log, &bytes).unwrap();
        let said = lab.run(&["cache", "rebuild"]).fails();
        assert!(said.contains("the newest changes") && said.contains("--yes"), "{said}");
        assert_eq!(std::fs::read(&log).unwrap(), bytes);
    }
}

#[test]
fn whoever_looks_at_an_older_commit_without_remotes_has_rewritten_nothing() {
    let lab = Lab::with_git();
    for hour in [1, 2] {
        lab.write_manifest(small_at(hour).replace("v0.9.0", &format!("v0.9.{hour}")));
        lab.commit("manifest");
    }
    lab.run(&["cache", "sync"]).ok();
    let newest = lab.run(&["release", "list"]).ok();
    lab.git(&["checkout", "-q", "-b", "feature", "HEAD~1"]);
    assert_eq!(lab.run(&["release", "list"]).ok(), newest);
    lab.write("work", "");
    lab.commit("work");
    assert_eq!(lab.run(&["release", "list"]).ok(), newest);
    lab.run(&["cache", "sync"]).ok();
    lab.git(&["checkout", "-q", "-"]);
    lab.run(&["cache", "sync"]).ok();
    lab.run(&["cache", "status", "--check"]).ok();
    // What no branch has any more was rewritten.
    lab.git(&["-c", "user.name=t", "-c", "user.email=t@e", "commit", "-q", "--amend", "-m", "another"]);
    assert!(lab.run(&["cache", "sync"]).err.contains("was rewritten"));
}

#[test]
fn a_branch_s_manifest_of_another_year_is_dated_by_its_commit() {
    let (theirs, ours) = team("cache:\n  branch: main\n");
    theirs.git(&["push", "-q", text(&theirs.root().join("origin.git")), "HEAD:refs/heads/main"]);
    let mut strange: Value = serde_json::from_str(&small_at(2).replace("v0.9.0", "v0.9.9")).unwrap();
    strange["updated_at"] = "2099-12-24T02:00:00Z".into();
    publish(&theirs, &strange.to_string(), "main");
    ours.git(&["fetch", "-q", text(&theirs.root().join("origin.git")), "+main:refs/remotes/origin/main"]);
    assert!(ours.run(&["release", "list"]).ok().contains("v0.9.9"));
    assert_eq!(events(&ours)[0]["source"], "git");
}

#[test]
fn a_sparse_partial_clone_says_that_it_lacks_the_manifest() {
    let (theirs, _) = team("");
    let origin = theirs.root().join("origin.git");
    theirs.git(&["-C", text(&origin), "config", "uploadpack.allowFilter", "true"]);
    let part = Lab::without_git();
    part.git(&["clone", "-q", "--filter=blob:none", "--sparse", &format!("file://{}", text(&origin)), "."]);
    let said = part.run(&["cache", "sync"]).fails();
    assert!(said.contains("this partial clone lacks it: run `git cat-file blob HEAD:"), "{said}");
    part.git(&["cat-file", "blob", &format!("HEAD:{}", gh_pmu::manifest::USUAL_PATH)]);
    assert!(part.run(&["release", "list"]).ok().contains("v0.9.0"));
}

#[test]
fn a_checkout_says_nothing_of_the_past_of_another_repository() {
    let lab = Lab::with_git();
    for hour in [1, 2] {
        lab.write_manifest(small_at(hour).replace("v0.9.0", &format!("v0.9.{hour}")));
        lab.commit("manifest");
    }
    let said = lab.run(&["cache", "rebuild", "-R", "no/such"]).fails();
    assert!(said.contains("is the manifest of octo-org/atlas, not of no/such"), "{said}");
    assert!(lab.run(&["release", "list", "-R", "no/such"]).fails().contains("nothing is cached"));
    // A repair neither: another's that is beyond help stays so.
    let other = lab.other(&small_at(3).replace("octo-org/atlas", "other/one"));
    lab.run_in(&other, &["cache", "sync"]).ok();
    let store = lab.cache.join("github.com/other/one");
    for name in std::fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().path()) {
        if crate::cli::lab::is_named(&name, "log-") || crate::cli::lab::is_named(&name, "index-") {
            std::fs::write(name, "x").unwrap();
        }
    }
    let said = lab.run(&["cache", "repair", "-R", "other/one"]).ok();
    assert!(said.contains("begins anew") && !said.contains("rebuilt from git"), "{said}");
    assert!(lab.run(&["release", "list", "-R", "other/one"]).fails().contains("nothing is cached"));
}
