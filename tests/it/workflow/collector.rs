//! Runs of the workflow that collects an organisation's manifests.

use std::fs;

use gh_pmu::manifest;

use super::fake::Issue;
use super::organisation::Repository;
use super::runner::{COLLECTOR, World, gh_pmu};
use super::yaml::Yaml;

const NOW: &str = "2026-01-02T03:04:05Z";

fn release(number: u64) -> Issue {
    Issue { number, title: format!("Release: v0.{number}.0"), labels: vec!["release"], closed: false }
}

/// A manifest of the repository with one release; its name makes its length.
fn text(repo: &str, name: &str) -> String {
    let release = format!(
        "{{\"number\": 1, \"title\": \"Release: {name}\", \"state\": \"OPEN\", \"createdAt\": \"2024-12-20T08:00:00Z\"}}"
    );
    format!(
        "{{\"version\": 1, \"updated_at\": \"2024-12-24T10:00:00Z\", \"repo\": \"{repo}\", \"releases\": [{release}]}}\n"
    )
}

/// A repository with a manifest.
fn with_manifest(name: &str) -> Repository {
    let name = format!("octo-org/{name}");
    Repository { manifest: Some(text(&name, "v1.0.0 – 日本")), name, ..Repository::default() }
}

/// A repository without one, and with trackers.
fn with_issues(name: &str, issues: Vec<Issue>) -> Repository {
    Repository { name: format!("octo-org/{name}"), issues, ..Repository::default() }
}

/// An organisation as workflows see it, under a clock that stands.
fn world(repositories: Vec<Repository>) -> Option<World> {
    let world = World::collecting(&[])?;
    world.script("date", &format!("echo {NOW}"));
    world.fake.give_secret("reading");
    world.fake.reorganise(|all| *all = repositories);
    Some(world)
}

fn files(world: &World, branch: &str) -> Vec<String> {
    let listed = world.git("origin.git", &["ls-tree", "-r", "--name-only", branch]);
    listed.lines().filter(|name| name.starts_with("octo-org/")).map(str::to_owned).collect()
}

fn file(world: &World, name: &str) -> String {
    world.git("origin.git", &["cat-file", "blob", &format!("main:octo-org/{name}.json")])
}

#[test]
fn manifests_are_gathered_as_they_are_and_trackers_where_there_is_none() {
    let long = Repository { manifest: Some(text("octo-org/long", &"x".repeat(9_000))), ..with_manifest("long") };
    let moved = Repository { own_branch: Some(text("octo-org/moved", "v2")), ..with_manifest("moved") };
    let issues = vec![release(7), Issue { labels: vec!["branch", "patch"], ..release(3) }];
    let untitled = vec![Issue { title: "A talk".into(), ..release(1) }];
    let Some(world) = world(vec![
        with_manifest("plain"),
        long.clone(),
        moved.clone(),
        with_issues("without", issues),
        with_issues("talks", untitled),
        with_issues("nothing", vec![Issue { labels: vec!["bug"], ..release(1) }]),
        Repository { has_no_issues: true, ..with_issues("closed", vec![release(1)]) },
        Repository { is_private: true, ..with_manifest("secret") },
        Repository { name: "other-org/x".into(), ..with_manifest("x") },
    ]) else {
        return;
    };
    let run = world.run("runner");
    assert!(run.ok && run.log.contains("Collected the manifests of octo-org on main: 8 repositories."), "{}", run.log);
    let names = ["long", "moved", "plain", "secret", "talks", "without"].map(|name| format!("octo-org/{name}.json"));
    assert_eq!(files(&world, "main"), names);
    // Byte for byte, also what GraphQL cuts.
    assert_eq!(Some(file(&world, "plain")), with_manifest("plain").manifest);
    assert_eq!(Some(file(&world, "long")), long.manifest);
    assert_eq!(Some(file(&world, "moved")), moved.own_branch);
    let made = file(&world, "without");
    let parsed = manifest::parse(made.as_bytes()).unwrap();
    assert_eq!(parsed.repo.unwrap().to_string(), "octo-org/without");
    assert_eq!(parsed.trackers.iter().map(|tracker| tracker.number.get()).collect::<Vec<_>>(), [7, 3]);
    assert_eq!(parsed.updated_at.to_string(), NOW);
    // One commit, and nothing of what was there is touched.
    assert_eq!(world.git("origin.git", &["show", "main:README.md"]), "# atlas\n");
    assert_eq!(
        world.git("origin.git", &["log", "-1", "--format=%an: %s", "main"]).trim(),
        "github-actions[bot]: Collect the manifests of octo-org"
    );
    assert_eq!(world.commits("main"), 2);

    let asked = world.fake.take_requests().len();
    world.script("date", "echo 2026-01-03T03:04:05Z");
    let run = world.run("again");
    assert!(run.ok && run.log.contains("of octo-org on main are up to date: 8 repositories."), "{}", run.log);
    assert_eq!(world.commits("main"), 2);
    // One page of repositories, one count, and four labels of each of two repositories; no text.
    assert_eq!((world.fake.take_requests().len(), asked), (10, 11));
}

#[test]
fn what_changes_is_fetched_alone_and_one_commit_holds_it() {
    let Some(world) = world((0..130).map(|n| with_manifest(&format!("r{n:03}"))).collect()) else { return };
    assert!(world.run("runner").ok);
    assert_eq!(files(&world, "main").len(), 130);
    world.fake.take_requests();
    world.fake.reorganise(|all| {
        all[7].manifest = Some(text("octo-org/r007", "v2"));
        all[120].manifest = Some(text("octo-org/r120", "v2"));
        // It has its manifest no more: its file says what its trackers say.
        all[3] = with_issues("r003", vec![]);
    });
    let run = world.run("again");
    assert!(run.ok, "{}", run.log);
    let changed = world.git("origin.git", &["show", "--name-only", "--format=", "main"]);
    assert_eq!(changed, "octo-org/r003.json\nocto-org/r007.json\nocto-org/r120.json\n");
    assert!(manifest::parse(file(&world, "r003").as_bytes()).unwrap().trackers.is_empty());
    assert_eq!(world.commits("main"), 3);
    assert_eq!(world.fake.take_requests().len(), 2 + 1 + 1 + 4, "pages, texts, counts, labels");
}

#[test]
fn a_manifest_that_is_not_the_repository_s_own_is_not_taken_for_it() {
    let Some(world) = world(vec![
        with_manifest("atlas"),
        // A fork has the files of another repository.
        Repository {
            issues: vec![release(2)],
            ..Repository { name: "octo-org/fork".into(), ..with_manifest("atlas") }
        },
        Repository { manifest: Some("<<<<<<< HEAD\n".into()), ..with_manifest("broken") },
        Repository { manifest: Some("{\"updated_at\": \"2024-12-24T10:00:00Z\"}".into()), ..with_manifest("nameless") },
        Repository { manifest: Some(text("Octo-Org/Case", "v1")), ..with_manifest("case") },
    ]) else {
        return;
    };
    let run = world.run("runner");
    assert!(run.ok, "{}", run.log);
    assert_eq!(files(&world, "main"), ["octo-org/atlas.json", "octo-org/case.json", "octo-org/fork.json"]);
    assert!(file(&world, "fork").contains("\"repo\": \"octo-org/fork\""));
    for name in ["broken", "nameless"] {
        let warning =
            format!("::warning title=pmu-cache::The manifest of octo-org/{name} does not name its repository");
        assert!(run.log.contains(&warning), "{}", run.log);
    }
    // One that breaks later keeps the file that was collected.
    let before = file(&world, "atlas");
    world.fake.reorganise(|all| all[0].manifest = Some("<<<<<<< HEAD\n".into()));
    assert!(world.run("again").ok);
    assert_eq!((file(&world, "atlas"), world.commits("main")), (before, 2));
}

#[test]
fn a_repository_that_was_renamed_moves_and_one_that_is_not_shown_stays() {
    let Some(world) = world(["one", "two", "three", "four"].map(with_manifest).to_vec()) else { return };
    assert!(world.run("runner").ok);
    world.fake.reorganise(|all| {
        all[0] = Repository { before: Some("octo-org/one".into()), ..with_manifest("uno") };
        all[1] =
            Repository { before: Some("octo-org/two".into()), name: "other-org/two".into(), ..with_manifest("two") };
        all.remove(2);
    });
    let run = world.run("again");
    assert!(run.ok && run.log.contains("octo-org/one is octo-org/uno now."), "{}", run.log);
    assert!(run.log.contains("::warning title=pmu-cache::octo-org/three is not shown"), "{}", run.log);
    assert_eq!(files(&world, "main"), ["octo-org/four.json", "octo-org/three.json", "octo-org/uno.json"]);
}

#[test]
fn without_its_token_only_what_is_public_is_seen_and_nothing_is_taken_back() {
    let Some(world) = world(vec![with_manifest("open"), Repository { is_private: true, ..with_manifest("secret") }])
    else {
        return;
    };
    assert!(world.run("runner").ok);
    world.fake.give_secret("");
    let run = world.run("without");
    let notice =
        "::notice title=pmu-cache::The secret PMU_COLLECTOR_TOKEN is not set: only public repositories are seen.";
    assert!(run.ok && run.log.contains(notice) && run.log.contains("octo-org/secret is not shown"), "{}", run.log);
    assert_eq!(files(&world, "main"), ["octo-org/open.json", "octo-org/secret.json"]);
    assert!(!fs::read_to_string(world.path("without/.git/config")).unwrap().contains("t0ken"));
}

#[test]
fn nothing_is_written_of_half_an_answer() {
    let Some(world) = world((0..3).map(|n| with_manifest(&format!("r{n}"))).collect()) else { return };
    world.fake.fail(2);
    let run = world.run("patient");
    assert!(run.ok && run.log.contains("sleep 10"), "{}", run.log);
    world.fake.reorganise(Vec::clear);
    world.fake.fail(3);
    let run = world.run("failed");
    assert!(!run.ok && run.log.contains("::error title=pmu-cache::GitHub did not list"), "{}", run.log);
    assert_eq!((files(&world, "main").len(), world.commits("main")), (3, 2));
}

#[test]
fn what_the_token_may_not_see_keeps_nothing_else_from_being_collected() {
    let all = || vec![with_manifest("a"), with_manifest("b"), with_issues("c", vec![release(1)]), with_manifest("d")];
    let Some(world) = world(all()) else { return };
    assert!(world.run("first").ok);
    world.fake.reorganise(|all| {
        all[1].is_withheld = true;
        all[2].is_withheld = true;
        all[2].issues.push(release(2));
        all[0].manifest = Some(text("octo-org/a", "v2"));
        // Two documents are no manifest.
        all[3].manifest = all[3].manifest.as_ref().map(|text| text.repeat(2));
    });
    let before = ["b", "c", "d"].map(|name| file(&world, name));
    let run = world.run("withheld");
    assert!(run.ok && run.log.contains("SAML enforcement"), "{}", run.log);
    assert!(run.log.contains("The manifest of octo-org/d does not name its repository"), "{}", run.log);
    assert!(file(&world, "a").contains("v2"));
    assert_eq!(["b", "c", "d"].map(|name| file(&world, name)), before);
}

#[test]
fn a_collector_that_is_overtaken_looks_again() {
    let Some(world) = world(vec![with_manifest("one")]) else { return };
    let git = world.real_git();
    world.script("git", &format!(
        "if [ \"$1\" = push ] && mkdir '{}' 2>/dev/null; then (\nunset GIT_INDEX_FILE\ncd '{}' && echo more >>README.md && {git} -c user.name=t -c user.email=t@example.com commit -qam More && {git} push -q origin main\n); fi\nexec {git} \"$@\"",
        world.path("tmp/overtaken").display(), world.path("team").display(),
    ));
    let run = world.run("runner");
    assert!(run.ok && run.log.contains("(fetch first)") && run.log.contains("Collected"), "{}", run.log);
    assert_eq!(world.git("origin.git", &["show", "main:README.md"]), "# atlas\nmore\n");
    assert_eq!((files(&world, "main").len(), world.commits("main")), (1, 3));
}

#[test]
fn a_protected_branch_is_explained_and_another_is_used() {
    let Some(world) = world(vec![with_manifest("one")]) else { return };
    world.script(
        "refuse",
        "if grep -q refs/heads/main; then echo 'error: GH013: Repository rule violations' >&2; exit 1; fi",
    );
    let hook = world.path("origin.git/hooks/pre-receive");
    fs::rename(world.path("bin/refuse"), &hook).unwrap();
    let run = world.run("runner");
    let explained = "::error title=pmu-cache::The branch main is protected: this workflow may not push to it. Keep what is collected on a branch of its own: run 'gh pmu init --collector --branch pmu-cache' and commit what it changes.";
    assert!(!run.ok && run.log.contains(explained) && !run.log.contains("sleep "), "{}", run.log);

    let init = gh_pmu(&world.path("team"), &["init", "--collector", "--branch", "pmu-cache"]);
    assert!(init.status.success(), "{init:?}");
    fs::remove_file(&hook).unwrap();
    world.git("team", &["commit", "-qam", "Collect on a branch"]);
    world.git("team", &["push", "-q", "origin", "main"]);
    let run = world.run("own-branch");
    assert!(run.ok, "{}", run.log);
    assert_eq!(world.git("origin.git", &["ls-tree", "-r", "--name-only", "pmu-cache"]).trim(), "octo-org/one.json");
}

#[test]
fn an_owner_that_is_unknown_and_an_empty_organisation_are_said() {
    let Some(world) = world(vec![]) else { return };
    let run = world.run("empty");
    assert!(run.ok && run.log.contains("up to date: 0 repositories."), "{}", run.log);
    let path = world.path("team").join(COLLECTOR);
    let text = fs::read_to_string(&path).unwrap().replace("PMU_OWNER: ''", "PMU_OWNER: nobody");
    fs::write(&path, &text).unwrap();
    world.git("team", &["commit", "-qam", "Collect nobody's"]);
    world.git("team", &["push", "-q", "origin", "main"]);
    let run = world.run("nobody");
    assert!(!run.ok && run.log.contains("::error title=pmu-cache::GitHub knows no owner nobody."), "{}", run.log);
    // What is set in the file stays.
    let again = gh_pmu(&world.path("team"), &["init", "--collector"]);
    assert!(again.status.success() && fs::read_to_string(&path).unwrap() == text, "{again:?}");
}

#[test]
fn the_collector_is_as_harmless_as_can_be() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    let init = gh_pmu(dir.path(), &["init", "--collector"]);
    assert_eq!(String::from_utf8_lossy(&init.stdout), format!("made {COLLECTOR}\n"));
    assert!(!dir.path().join(".gh-pmu.yml").exists());
    let text = fs::read_to_string(dir.path().join(COLLECTOR)).unwrap();
    let workflow = Yaml::parse(&text);
    assert!(workflow.at(&["permissions"]).entries().is_empty());
    let job = workflow.at(&["jobs", "collect"]);
    let permissions = job.at(&["permissions"]).entries();
    assert_eq!(
        permissions.iter().map(|(name, value)| format!("{name}: {}", value.text())).collect::<Vec<_>>(),
        ["contents: write"]
    );
    let steps = job.at(&["steps"]).list();
    assert!(steps.iter().all(|step| step.get("run").is_none_or(|run| !run.text().contains("${{"))));
    assert_eq!(text.matches("secrets.").count(), 1);
    assert!(text.contains("# The secret PMU_COLLECTOR_TOKEN is a token that reads \"Contents\" and \"Issues\""));
    let uses: Vec<&str> = steps.iter().filter_map(|step| Some(step.get("uses")?.text())).collect();
    assert!(matches!(uses[..], [one] if one.starts_with("actions/checkout@") && one.len() == 57), "{uses:?}");
}
