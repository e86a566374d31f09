//! Runs of the workflow.

use std::fs;

use gh_pmu::model::{Kind, State};

use super::fake::{Issue, Pages};
use super::runner::{MANIFEST, World, ended, parsed};

fn release(number: u64) -> Issue {
    Issue { number, title: format!("Release: v0.{number}.0"), labels: vec!["release"], closed: false }
}

fn microsprint(number: u64) -> Issue {
    Issue { number, title: format!("Microsprint: week {number}"), labels: vec!["microsprint"], closed: true }
}

/// The numbers of the trackers of a kind, in the file's order.
fn numbers(manifest: &str, kind: &str) -> Vec<u64> {
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
    manifest[kind].as_array().unwrap().iter().map(|tracker| tracker["number"].as_u64().unwrap()).collect()
}

#[test]
fn the_first_run_writes_the_manifest_and_the_next_one_finds_nothing_to_do() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| {
        let both = Issue { labels: vec!["release", "microsprint"], ..microsprint(7) };
        let untitled = Issue { title: "A talk about releases".into(), ..release(8) };
        let odd = Issue { title: "Release: \"v1\\2\" $(id) `x` \u{202e} 日本語 💥".into(), ..release(3) };
        issues.extend([release(12), odd, microsprint(5), both, untitled, Issue { labels: vec![], ..release(9) }]);
    });
    let run = world.run("runner");
    assert!(run.ok && run.log.contains("Updated .github/pmu-cache.json on main."), "{}", run.log);
    let text = world.manifest("main");
    let manifest = parsed(&text);
    assert_eq!(numbers(&text, "releases"), [3, 12]);
    assert_eq!(numbers(&text, "microsprints"), [5, 7]);
    let odd = manifest.trackers.iter().find(|tracker| tracker.number.get() == 3).unwrap();
    assert_eq!(odd.title, "Release: \"v1\\2\" $(id) `x` \u{202e} 日本語 💥");
    assert_eq!((odd.kind, odd.state, odd.closed_at), (Kind::Release, State::Open, None));
    assert!(
        manifest.trackers.iter().filter(|tracker| tracker.kind == Kind::Microsprint).all(|t| t.closed_at.is_some())
    );
    // One tracker a line, so that a change of one is a change of one line.
    assert_eq!(text.lines().filter(|line| line.starts_with("    {\"number\":")).count(), 4, "{text}");
    assert_eq!(
        world.git("origin.git", &["show", "--name-only", "--format=%an: %s", "main"]).trim(),
        "github-actions[bot]: Update .github/pmu-cache.json\n\n.github/pmu-cache.json"
    );

    let run = world.run("again");
    assert!(run.ok && run.log.contains("The manifest on main is up to date."), "{}", run.log);
    assert_eq!((world.commits("main"), world.manifest("main")), (2, text));
    // Nothing is left in the checkout.
    assert_eq!(world.git("again", &["status", "--porcelain"]), "");
    assert!(!fs::read_to_string(world.path("again/.git/config")).unwrap().contains("t0ken"));
}

#[test]
fn a_repository_without_trackers_gets_an_empty_manifest() {
    let Some(world) = World::new(&[]) else { return };
    let run = world.run("runner");
    assert!(run.ok, "{}", run.log);
    assert!(parsed(&world.manifest("main")).trackers.is_empty());
    assert!(world.run("again").ok);
    assert_eq!(world.commits("main"), 2);
}

#[test]
fn more_trackers_than_a_page_holds_are_all_listed() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.extend((1..=250).map(release).chain((301..=401).map(microsprint))));
    let run = world.run("runner");
    assert!(run.ok, "{}", run.log);
    let text = world.manifest("main");
    assert_eq!(parsed(&text).trackers.len(), 351);
    assert_eq!(numbers(&text, "releases"), (1..=250).collect::<Vec<_>>());
    assert_eq!(numbers(&text, "microsprints"), (301..=401).collect::<Vec<_>>());
    let asked: Vec<_> =
        world.fake.take_requests().iter().map(|asked| format!("{} {}", asked["label"], asked["after"])).collect();
    let releases = ["null", "\"cursor 100\"", "\"cursor 200\""].map(|after| format!("\"release\" {after}"));
    let others = ["branch", "patch"].map(|label| format!("\"{label}\" null"));
    let microsprints = ["null", "\"cursor 100\""].map(|after| format!("\"microsprint\" {after}"));
    assert_eq!(asked, [&releases[..], &others[..], &microsprints[..]].concat());
}

#[test]
fn a_list_of_issues_that_is_not_whole_is_no_list() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.extend((1..=250).map(release)));
    assert!(world.run("first").ok);
    let before = world.manifest("main");
    for pages in [Pages::Short, Pages::Endless] {
        world.fake.give(pages);
        world.fake.change(|issues| issues.retain(|issue| issue.number != 7));
        let run = world.run(&format!("{pages:?}"));
        assert!(!run.ok && run.log.contains("::error title=pmu-cache::GitHub did not list all issues"), "{}", run.log);
        assert_eq!(world.manifest("main"), before);
    }
    // What goes in the middle of a list has it read again.
    world.fake.give(Pages::Drifting);
    assert!(world.run("drifting").ok);
    assert_eq!(parsed(&world.manifest("main")).trackers.len(), 248);
}

#[test]
fn a_tracker_that_lost_its_label_leaves_the_manifest() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.extend([release(1), release(2)]));
    assert!(world.run("runner").ok);
    world.fake.change(|issues| issues[0].labels.clear());
    assert!(world.run("unlabeled").ok);
    assert_eq!(numbers(&world.manifest("main"), "releases"), [2]);
    world.fake.change(|issues| issues.truncate(1));
    assert!(world.run("deleted").ok);
    assert_eq!(numbers(&world.manifest("main"), "releases"), Vec::<u64>::new());
}

/// The run in `slow` is overtaken by the one in `fast` between its look at the branch and its push.
fn overtaken(world: &World) -> String {
    world.check_out("slow");
    world.check_out("fast");
    world.fake.change(|issues| issues.push(release(1)));
    let fast = world.steps("fast").remove(0);
    let set = |(name, value): (&std::ffi::OsStr, Option<&std::ffi::OsStr>)| {
        let value = value.unwrap_or_default().to_string_lossy().replace('\'', "'\\''");
        format!("export {}='{value}'\n", name.to_string_lossy())
    };
    let variables: String = fast.get_envs().map(set).collect();
    let (marker, log) = (world.path("tmp/overtaken"), world.path("tmp/fast.log"));
    let script = world.path("tmp/fast.sh");
    let git =
        String::from_utf8(std::process::Command::new("bash").args(["-c", "command -v git"]).output().unwrap().stdout)
            .unwrap();
    world.script("git", &format!(
        "if [ \"$1\" = push ] && mkdir '{}' 2>/dev/null; then (\nunset GIT_INDEX_FILE\n# Two runs of one second make one and the same commit.\ncommand -p sleep 1.1\n{variables}cd '{}' && bash -e '{}' >'{}' 2>&1\n); fi\nexec {} \"$@\"",
        marker.display(), world.path("fast").display(), script.display(), log.display(), git.trim(),
    ));
    let slow = ended(&world.steps("slow").remove(0).output().unwrap());
    let fast = fs::read_to_string(log).unwrap();
    assert!(fast.contains("Updated .github/pmu-cache.json on "), "{fast}");
    assert!(slow.ok, "{}\n{fast}", slow.log);
    slow.log
}

#[test]
fn a_run_that_is_overtaken_looks_again() {
    let Some(world) = World::new(&[]) else { return };
    let log = overtaken(&world);
    assert!(log.contains("rejected") && log.contains("sleep ") && log.contains("up to date"), "{log}");
    assert_eq!(world.commits("main"), 2);
    assert_eq!(numbers(&world.manifest("main"), "releases"), [1]);
}

#[test]
fn a_run_that_is_overtaken_by_something_else_writes_anew() {
    let Some(world) = World::new(&[]) else { return };
    // What is pushed in between is another file: the second attempt must keep it.
    world.fake.change(|issues| issues.push(release(1)));
    let team = world.path("team");
    let git =
        String::from_utf8(std::process::Command::new("bash").args(["-c", "command -v git"]).output().unwrap().stdout)
            .unwrap();
    world.script("git", &format!(
        "if [ \"$1\" = push ] && mkdir '{}' 2>/dev/null; then (\nunset GIT_INDEX_FILE\ncd '{}' && echo more >>README.md && {git} -c user.name=t -c user.email=t@example.com commit -qam More && {git} push -q origin main\n); fi\nexec {git} \"$@\"",
        world.path("tmp/overtaken").display(), team.display(), git = git.trim(),
    ));
    let run = world.run("runner");
    assert!(run.ok && run.log.contains("(fetch first)") && run.log.contains("Updated"), "{}", run.log);
    assert_eq!(world.commits("main"), 3);
    assert_eq!(world.git("origin.git", &["show", "main:README.md"]), "# atlas\nmore\n");
    assert_eq!(numbers(&world.manifest("main"), "releases"), [1]);
}

#[test]
fn runs_at_the_same_time_end_well_too() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.extend((1..=120).map(release)));
    let names = ["one", "two", "three"];
    names.iter().for_each(|name| world.check_out(name));
    let runs = std::thread::scope(|scope| {
        let start = |name: &&'static str| {
            let mut step = world.steps(name).remove(0);
            scope.spawn(move || ended(&step.output().unwrap()))
        };
        let runs: Vec<_> = names.iter().map(start).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(runs.iter().all(|run| run.ok), "{runs:?}");
    assert_eq!((world.commits("main"), parsed(&world.manifest("main")).trackers.len()), (2, 120));
}

#[test]
fn a_protected_branch_is_explained() {
    let Some(world) = World::new(&[]) else { return };
    let hook = world.path("origin.git/hooks/pre-receive");
    for rule in [
        "error: GH006: Protected branch update failed for refs/heads/main.",
        "error: GH013: Repository rule violations found for refs/heads/main.",
    ] {
        world.script("refuse", &format!("echo '{rule}' >&2; exit 1"));
        fs::rename(world.path("bin/refuse"), &hook).unwrap();
        let run = world.run(&rule[7..12]);
        assert!(!run.ok);
        let told = "::error title=pmu-cache::The branch main is protected: this workflow may not push to it. Keep the manifest on a branch of its own: run 'gh pmu init --workflow --branch pmu-cache' and commit what it changes.";
        assert!(run.log.contains(told) && run.log.contains(rule) && !run.log.contains("sleep "), "{}", run.log);
    }
    assert_eq!(world.commits("main"), 1);

    // What is proposed works.
    fs::write(&hook, "#!/bin/bash\nif grep -q refs/heads/main; then echo 'error: GH006: Protected branch update failed' >&2; exit 1; fi\n").unwrap();
    let init = super::runner::gh_pmu(&world.path("team"), &["init", "--workflow", "--branch", "pmu-cache"]);
    assert!(init.status.success(), "{init:?}");
    fs::remove_file(&hook).unwrap();
    world.git("team", &["commit", "-qam", "Keep the manifest on a branch of its own"]);
    world.git("team", &["push", "-q", "origin", "main"]);
    let run = world.run("own-branch");
    assert!(run.ok, "{}", run.log);
    assert!(parsed(&world.manifest("pmu-cache")).trackers.is_empty());
}

#[test]
fn a_push_that_never_succeeds_ends() {
    let Some(world) = World::new(&[]) else { return };
    world.script("refuse", "echo 'no' >&2; exit 1");
    fs::rename(world.path("bin/refuse"), world.path("origin.git/hooks/pre-receive")).unwrap();
    let run = world.run("runner");
    assert!(!run.ok && run.log.contains("could not be pushed to main in 5 attempts"), "{}", run.log);
    assert_eq!(run.log.matches("sleep ").count(), 5, "{}", run.log);
}

#[test]
fn a_branch_of_its_own_holds_nothing_but_the_manifest() {
    let Some(world) = World::new(&["--branch", "bots/pmu-cache"]) else { return };
    let main = world.git("origin.git", &["rev-parse", "main"]);
    world.fake.change(|issues| issues.push(release(1)));
    let run = world.run("runner");
    assert!(run.ok && run.log.contains("Updated .github/pmu-cache.json on bots/pmu-cache."), "{}", run.log);
    assert_eq!(world.git("origin.git", &["ls-tree", "-r", "--name-only", "bots/pmu-cache"]).trim(), MANIFEST);
    world.fake.change(|issues| issues.push(microsprint(2)));
    assert!(world.run("again").ok);
    assert!(world.run("unchanged").ok);
    assert_eq!(world.commits("bots/pmu-cache"), 2);
    assert_eq!(parsed(&world.manifest("bots/pmu-cache")).trackers.len(), 2);
    assert_eq!(world.git("origin.git", &["rev-parse", "main"]), main);
}

#[test]
fn two_first_runs_on_a_branch_of_its_own_end_well() {
    let Some(world) = World::new(&["--branch", "pmu-cache"]) else { return };
    overtaken(&world);
    assert_eq!((world.commits("pmu-cache"), numbers(&world.manifest("pmu-cache"), "releases")), (1, vec![1]));
}

#[test]
fn github_is_asked_again_and_not_believed_when_it_fails() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.extend((1..=150).map(release)));
    assert!(world.run("first").ok);
    world.fake.fail(2);
    let run = world.run("patient");
    assert!(
        run.ok && run.log.contains("up to date") && run.log.contains("sleep 5") && run.log.contains("sleep 10"),
        "{}",
        run.log
    );
    world.fake.change(Vec::clear);
    world.fake.fail(3);
    let run = world.run("failed");
    assert!(!run.ok && run.log.contains("::error title=pmu-cache::GitHub did not list the trackers."), "{}", run.log);
    assert_eq!(parsed(&world.manifest("main")).trackers.len(), 150);
}

/// When the fake machine's clock is asked.
const NOW: &str = "2026-01-02T03:04:05Z";

/// Commits a manifest by hand.
fn put(world: &World, name: &str, text: &str) {
    world.git("team", &["pull", "-q", "--ff-only", "origin", "main"]);
    fs::write(world.path("team").join(MANIFEST), text).unwrap();
    world.git("team", &["add", "."]);
    world.git("team", &["commit", "-qm", name]);
    world.git("team", &["push", "-q", "origin", "main"]);
}

#[test]
fn a_manifest_that_is_damaged_is_replaced() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.push(release(1)));
    world.script("date", &format!("echo {NOW}"));
    for (name, text) in [
        ("empty", ""),
        ("conflict", "<<<<<<< HEAD\n{}\n"),
        ("list", "[1]"),
        ("odd", "{\"version\": 1, \"updated_at\": \"zzz\"}"),
        ("number", "{\"version\": 1, \"updated_at\": 9999999999}"),
        ("old", "{\"updated_at\": \"2024-12-24T10:00:00Z\", \"releases\": [], \"microsprints\": []}"),
    ] {
        put(&world, name, text);
        let run = world.run(name);
        assert!(run.ok && !run.log.contains("sleep"), "{name}: {}", run.log);
        let written = world.manifest("main");
        let manifest = parsed(&written);
        assert_eq!((manifest.trackers.len(), manifest.updated_at.to_string().as_str()), (1, NOW), "{name}");
    }
}

#[test]
fn a_time_from_the_future_is_never_copied_on() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.push(release(1)));
    world.script("date", &format!("echo {NOW}"));
    assert!(world.run("first").ok);
    let right = world.manifest("main");
    assert!(world.run("again").log.contains("up to date"));
    for (at, time) in [
        "2999-12-24T10:00:00Z",
        "2999-12-24T10:00:00+00:00",
        "2999-12-24T10:00:00.5-02:00",
        "2999-12-24t10:00:00z",
        "9999-12-31T23:59:59Z",
        "2026-01-02T04:04:05Z",
        // Not of the future, and not a time that every reader takes.
        "2026-99-99T99:99:99Z",
        "2025-02-31T00:00:00Z",
    ]
    .into_iter()
    .enumerate()
    {
        // Also where nothing else is different: readers would refuse it for ever.
        put(&world, time, &right.replace(NOW, time));
        let run = world.run(&format!("alone-{at}"));
        assert!(run.ok && world.manifest("main") == right, "{time}: {}", run.log);
        put(&world, time, &right.replace(NOW, time).replace("v0.1.0", "v0.1"));
        let run = world.run(&format!("changed-{at}"));
        assert!(run.ok && world.manifest("main") == right && !run.log.contains("sleep"), "{time}: {}", run.log);
    }
}

#[test]
fn a_manifest_is_not_older_than_the_last_one_where_clocks_differ_by_seconds() {
    let Some(world) = World::new(&[]) else { return };
    world.fake.change(|issues| issues.push(release(1)));
    // The clock goes on while the script sleeps.
    let clock = world.path("tmp/clock");
    fs::write(&clock, NOW).unwrap();
    world.script("date", &format!("cat {}", clock.display()));
    world.script(
        "sleep",
        &format!("echo \"sleep $1\" >&2; [ \"$1\" = 35 ] && echo 2026-01-02T03:04:40Z >{}", clock.display()),
    );
    let text = "{\"version\": 1, \"updated_at\": \"2026-01-02T03:04:40Z\", \"repo\": \"octo-org/atlas\"}";
    put(&world, "ahead", text);
    let run = world.run("runner");
    assert!(run.ok && run.log.contains("sleep 35\n"), "{}", run.log);
    assert_eq!(parsed(&world.manifest("main")).updated_at.to_string(), "2026-01-02T03:04:40Z");
}

#[test]
fn git_gets_the_token_from_gh() {
    let Some(world) = World::new(&[]) else { return };
    world.check_out("runner");
    let step = world.steps("runner").remove(0);
    let mut git = std::process::Command::new("bash");
    git.current_dir(world.path("runner"))
        .env_clear()
        .envs(step.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ask = "printf 'protocol=https\\nhost=github.com\\n\\n' | GH_HOST=github.com git credential fill";
    let filled = ended(&git.args(["-c", ask]).output().unwrap());
    assert!(filled.ok && filled.log.contains("username=x-access-token\npassword=t0ken\n"), "{}", filled.log);
}
