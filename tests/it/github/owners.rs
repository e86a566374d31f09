//! `cache sync --owner`: everything that an organisation has, with few questions.

use super::fake::Mode;
use super::lab::Lab;

fn manifest(repo: &str, titles: &[&str]) -> String {
    let releases: Vec<_> = (1..)
        .zip(titles)
        .map(|(number, title)| serde_json::json!({"number": number, "title": title, "state": "OPEN"}))
        .collect();
    let updated_at = format!("2024-12-2{}T10:00:00Z", titles.len());
    serde_json::json!({"version": 1, "updated_at": updated_at, "repo": repo, "releases": releases}).to_string()
}

/// An owner of 250 repositories, every other one with a manifest.
fn lab() -> Option<Lab> {
    let lab = Lab::new()?;
    let owned = (0..250).map(|at| {
        let name = format!("r{at:03}");
        let manifest = (at % 2 == 0).then(|| manifest(&format!("octo-org/{name}"), &["Release: v1.0.0"]));
        (name, manifest)
    });
    lab.github.state().owned = owned.collect();
    Some(lab)
}

#[test]
fn an_owner_costs_a_question_a_hundred_repositories_and_what_is_unchanged_no_more() {
    let Some(mut lab) = lab() else { return };
    let first = lab.run("cache sync --owner octo-org");
    assert_eq!((first.code, &*first.stderr), (Some(0), ""));
    assert_eq!(first.stdout.lines().count(), 126);
    assert_eq!(first.stdout.lines().next(), Some("octo-org/r000 synced: 1 added (event 1)"));
    assert_eq!(first.stdout.lines().last(), Some("250 repositories: 125 changed, 125 without a manifest"));
    let pages = |requests: &[super::fake::Request]| {
        let texts = requests.iter().filter(|request| request.variables["ids"].is_array()).count();
        (requests.len() - texts, texts)
    };
    assert_eq!(pages(&lab.github.requests()).0, 3);
    let again = lab.run("cache sync --owner octo-org");
    assert_eq!(again.stdout, "250 repositories: 125 unchanged, 125 without a manifest\n");
    assert_eq!(pages(&lab.github.requests()), (3, 0));
    lab.github.state().owned[4].1 = Some(manifest("octo-org/r004", &["Release: v1.0.0", "Release: v1.1.0"]));
    let changed = lab.run("cache sync --owner octo-org");
    let said =
        "octo-org/r004 synced: 1 added (event 2)\n250 repositories: 1 changed, 124 unchanged, 125 without a manifest\n";
    assert_eq!(changed.stdout, said);
    assert_eq!(pages(&lab.github.requests()), (3, 1));
    assert_eq!(lab.list("release list --owner octo-org").len(), 126);
    assert_eq!(lab.list("release list --owner OCTO-ORG -L 1").len(), 1);
    // Nobody has asked for what was before.
    lab.set("GH_FORCE_TTY", "200");
    let past = lab.run("cache history --owner octo-org -L 1");
    let said = "history of octo-org/r000 and 124 more begins with the first sync here: `gh pmu cache history -R octo-org/r000`";
    assert!(past.code == Some(0) && past.stderr.contains(said), "{past:?}");
    assert!(!lab.run("release list --owner octo-org").stderr.contains("history of"));
}

#[test]
fn what_is_refused_is_named_and_the_others_are_kept() {
    let Some(lab) = lab() else { return };
    lab.github.state().owned.truncate(3);
    lab.github.state().owned[0].1 = Some(manifest("octo-org/else", &["Release: v1.0.0"]));
    let run = lab.run("cache sync --owner octo-org");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("is the manifest of octo-org/else, not of octo-org/r000"), "{}", run.stderr);
    assert!(run.stdout.ends_with("3 repositories: 1 changed, 1 refused, 1 without a manifest\n"), "{}", run.stdout);
    // A manifest that is gone takes nothing away.
    lab.github.state().owned[2].1 = None;
    let run = lab.run("cache sync --owner octo-org");
    assert!(run.stderr.contains("octo-org/r002 has no manifest any more"), "{}", run.stderr);
    assert_eq!(lab.list("release list --owner octo-org").len(), 1);
}

#[test]
fn what_came_before_github_stopped_is_kept_and_told() {
    let Some(mut lab) = lab() else { return };
    lab.github.set(Mode::LimitedAfterOnePage);
    let run = lab.run("cache sync --owner octo-org");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("rate limit"), "{}", run.stderr);
    assert!(run.stdout.ends_with("100 repositories: 50 changed, 50 without a manifest\n"), "{}", run.stdout);
    lab.github.set(Mode::Ok);
    assert!(lab.run("cache sync --owner octo-org").stdout.contains("75 changed, 50 unchanged"));
    lab.github.state().owned.clear();
    let none = lab.run("cache sync --owner octo-org");
    assert_eq!((none.code, none.stdout.as_str()), (Some(1), ""));
    assert!(none.stderr.starts_with("GitHub shows no repositories of octo-org\n"), "{}", none.stderr);
    lab.unset("GH_TOKEN");
    assert_eq!(lab.run("cache sync --owner octo-org").code, Some(4));
}

#[test]
fn a_list_that_changes_while_it_is_read_is_not_called_whole() {
    let Some(lab) = lab() else { return };
    lab.github.set(Mode::Drifting);
    let run = lab.run("cache sync --owner octo-org");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stderr.starts_with("GitHub's list of the repositories of octo-org changed while it was read\n"),
        "{run:?}"
    );
    assert_eq!(lab.run("cache sync --owner octo-org").code, Some(0));
}

#[test]
fn few_manifests_that_take_github_too_long_are_asked_for_one_by_one() {
    let Some(lab) = lab() else { return };
    lab.github.set(Mode::BadGateway { above: 2, times: 20 });
    lab.github.state().owned =
        (0..7).map(|at| (format!("r{at}"), Some(manifest(&format!("octo-org/r{at}"), &["a"])))).collect();
    let run = lab.run("cache sync --owner octo-org");
    assert_eq!((run.code, run.stdout.lines().last()), (Some(0), Some("7 repositories: 7 changed")), "{run:?}");
}

#[test]
fn what_github_withholds_is_told_and_the_rest_is_whole() {
    let Some(lab) = lab() else { return };
    let manifest_of = |name: &str| Some(manifest(&format!("octo-org/{name}"), &["Release: v1.0.0"]));
    let names = ["plain", "hidden", "mute", "archived-old"];
    lab.github.state().owned =
        names.iter().map(|name| ((*name).to_owned(), manifest_of(name))).chain([("empty".to_owned(), None)]).collect();
    lab.github.state().withheld = vec!["hidden-list".to_owned(), "mute-text".to_owned()];
    let run = lab.run("cache sync --owner octo-org");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.ends_with("4 repositories: 2 changed, 1 refused, 1 without a manifest\n"), "{}", run.stdout);
    assert!(run.stderr.contains("GitHub withheld 1 repository of octo-org: "), "{}", run.stderr);
    assert!(run.stderr.contains("octo-org/mute") && run.stderr.contains("SAML enforcement"), "{}", run.stderr);
    assert_eq!(
        lab.list("release list --owner octo-org --json repo -q map(.repo)"),
        [r#"["octo-org/archived-old","octo-org/plain"]"#]
    );
    // Once it is shown, only what was missing is asked for.
    lab.github.state().withheld.clear();
    lab.github.requests();
    let run = lab.run("cache sync --owner octo-org");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.ends_with("5 repositories: 2 changed, 2 unchanged, 1 without a manifest\n"), "{}", run.stdout);
    let requests = lab.github.requests();
    assert_eq!(requests.last().unwrap().variables["ids"], serde_json::json!(["hidden", "mute"]));
}

#[test]
fn a_repository_that_was_renamed_is_told_until_its_manifest_says_so() {
    let Some(lab) = lab() else { return };
    lab.github.state().owned = vec![("before".to_owned(), Some(manifest("octo-org/before", &["Release: v1.0.0"])))];
    lab.run("cache sync --owner octo-org");
    lab.github.state().owned[0].0 = "after".to_owned();
    let run = lab.run("cache sync --owner octo-org");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("is the manifest of octo-org/before, not of octo-org/after"), "{}", run.stderr);
    lab.github.state().owned[0].1 = Some(manifest("octo-org/after", &["Release: v1.0.0", "Release: v1.1.0"]));
    let run = lab.run("cache sync --owner octo-org");
    // Nothing is taken away: what the old name holds is named until somebody removes it.
    assert_eq!((run.code, run.stderr.lines().count()), (Some(0), 1), "{run:?}");
    assert!(run.stderr.starts_with("! GitHub shows no octo-org/before any more: "), "{run:?}");
    assert_eq!(lab.list("release list --owner octo-org").len(), 3);
    lab.run("cache clear --yes -R octo-org/before");
    let run = lab.run("cache sync --owner octo-org");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
}
