//! `gh pmu init` as a program: what it writes, where, and what it says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::runner::{WORKFLOW, ended, gh_pmu};
use super::yaml::Yaml;

const FILE: &str = ".gh-pmu.yml";
const LARGE: &str = include_str!("../../../examples/atlas/.gh-pmu.yml");

fn told(output: &Output) -> (bool, String) {
    let run = ended(output);
    (run.ok, run.log)
}

/// A checkout with the file, or without.
fn dir(content: Option<&str>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    if let Some(content) = content {
        fs::write(dir.path().join(FILE), content).unwrap();
    }
    dir
}

fn read(dir: &Path) -> String {
    fs::read_to_string(dir.join(FILE)).unwrap()
}

/// The large file with all but its section.
fn without_section() -> String {
    let (before, rest) = LARGE.split_once("cache:\n").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    format!("{before}{after}")
}

#[test]
fn an_empty_checkout_gets_the_section_once() {
    let dir = dir(None);
    let up_to_date = ".gh-pmu.yml is up to date: there is nothing to do\n";
    assert_eq!(told(&gh_pmu(dir.path(), &["init"])), (true, "made .gh-pmu.yml\n".into()));
    let text = read(dir.path());
    assert!(text.starts_with("cache:\n  enabled: true                    # false: always ask the API\n"), "{text}");
    assert_eq!(told(&gh_pmu(dir.path(), &["init"])), (true, up_to_date.into()));
    assert_eq!(told(&gh_pmu(dir.path(), &["init", "--force"])), (true, up_to_date.into()));
    assert_eq!(read(dir.path()), text);
    // What can be left as it is, is, whatever is forced.
    let changed = text.replace("auto_pull: false", "auto_pull: true");
    fs::write(dir.path().join(FILE), &changed).unwrap();
    assert_eq!(told(&gh_pmu(dir.path(), &["init", "--force"])), (true, up_to_date.into()));
    assert_eq!(read(dir.path()), changed);
    // And the program reads it without a word.
    fs::remove_dir(dir.path().join(".git")).unwrap();
    let status = gh_pmu(dir.path(), &["cache", "status", "--json"]);
    assert!(status.status.success() && status.stderr.is_empty(), "{status:?}");
}

#[test]
fn the_file_of_the_checkout_s_root_is_written_from_anywhere_in_it() {
    let dir = dir(None);
    fs::create_dir_all(dir.path().join("a/b")).unwrap();
    fs::write(dir.path().join("a").join(FILE), "project: x\n").unwrap();
    let (ok, log) = told(&gh_pmu(&dir.path().join("a/b"), &["init", "--workflow", "--branch", "pmu-cache"]));
    let warning = format!(
        "! in this directory {} counts, not the file of the checkout's root\n",
        dir.path().join("a").join(FILE).display()
    );
    assert_eq!((ok, log), (true, format!("made .gh-pmu.yml\nmade {WORKFLOW}\n{warning}")));
    assert!(read(dir.path()).contains("\n  branch: pmu-cache                # read the manifest"));
    let workflow = fs::read_to_string(dir.path().join(WORKFLOW)).unwrap();
    assert_eq!(Yaml::parse(&workflow).at(&["jobs", "manifest", "env", "PMU_BRANCH"]).text(), "pmu-cache");
    // Once named, the branch need not be named again.
    let (_, log) = told(&gh_pmu(dir.path(), &["init", "--workflow"]));
    assert_eq!(log.matches("is up to date: there is nothing to do").count(), 2, "{log}");
}

#[test]
fn a_large_file_keeps_every_other_byte_and_its_mode() {
    for text in [
        without_section(),
        without_section().replace('\n', "\r\n"),
        format!("\u{feff}{}", without_section().trim_end()),
    ] {
        let dir = dir(Some(&text));
        fs::set_permissions(dir.path().join(FILE), fs::Permissions::from_mode(0o604)).unwrap();
        assert_eq!(told(&gh_pmu(dir.path(), &["init"])), (true, "changed .gh-pmu.yml\n".into()));
        let new = read(dir.path());
        let added = new.strip_prefix(&text).unwrap();
        assert!(added.trim_start().starts_with("cache:") && added.contains("history: git"), "{added}");
        assert_eq!(added.matches('\r').count(), if text.contains('\r') { added.matches('\n').count() } else { 0 });
        assert_eq!(fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode() & 0o777, 0o604);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}

#[test]
fn the_diff_of_a_dry_run_is_what_would_be_done() {
    for (text, args) in [
        (None, &["--workflow"][..]),
        (Some(without_section()), &[]),
        (Some(without_section().trim_end().to_owned()), &["--branch", "x"]),
        (Some(LARGE.to_owned()), &["--branch", "x", "--workflow"]),
        (Some(LARGE.replace("    auto_pull: false ", "    auto_pull: maybe ")), &["--force"]),
        (Some("a: 1\ncache: {releases: []}\nb: 2\n".to_owned()), &["--force"]),
    ] {
        let dir = dir(text.as_deref());
        let shown = gh_pmu(dir.path(), &[&["init", "--dry-run"], args].concat());
        assert!(shown.status.success(), "{shown:?}");
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).ok(), text);
        assert!(!dir.path().join(".github").exists());
        // git applies it, and then there is nothing left to do.
        let mut git = Command::new("git");
        git.current_dir(dir.path()).args(["apply", "-"]).env("GIT_CEILING_DIRECTORIES", dir.path().parent().unwrap());
        let mut git = git.stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        std::io::Write::write_all(git.stdin.as_mut().unwrap(), &shown.stdout).unwrap();
        assert!(git.wait().unwrap().success(), "{}", String::from_utf8_lossy(&shown.stdout));
        let (_, log) = told(&gh_pmu(dir.path(), &[&["init"], args].concat()));
        assert!(log.lines().all(|line| line.ends_with("is up to date: there is nothing to do")), "{log}");
    }
}

#[test]
fn what_cannot_be_done_safely_is_not_done() {
    let refused = |text: &str, args: &[&str]| {
        let dir = dir(Some(text));
        let (ok, log) = told(&gh_pmu(dir.path(), &[&["init"], args].concat()));
        assert!(!ok && read(dir.path()) == text, "{log}");
        assert!(!dir.path().join(".github").exists());
        log.replace(&dir.path().join(FILE).display().to_string(), "FILE")
    };
    let force = "`--force` replaces just that section (`--dry-run` shows it first).\n";
    assert_eq!(
        refused("a: 1\ncache: {releases: [], microsprints: []}\n", &["--workflow"]),
        format!("FILE: line 2: there is a `cache` of another form\n{force}")
    );
    assert_eq!(
        refused("cache:\n  enabled: maybe\n", &[]),
        format!("FILE: line 2: cache.enabled is maybe; it may be true or false\n{force}")
    );
    let by_hand = "Add the section by hand; `gh pmu init --dry-run` in an empty checkout shows it.\n";
    assert_eq!(
        refused("{a: 1}\n", &["--force"]),
        format!("FILE: it is no single block of `key: value` lines\n{by_hand}")
    );
    assert!(refused("a: [\n", &[]).starts_with("FILE: line 2: "));
    assert!(refused("a: 1\n", &["--branch", "a b"]).starts_with("invalid argument \"a b\" for \"--branch\" flag: "));
    assert_eq!(
        refused("a: 1\n", &["--workflow", "--branch", "${{x}}"]),
        "\"${{x}}\" cannot stand in a workflow: GitHub evaluates what begins with ${{\n"
    );
}

#[test]
fn another_workflow_stays_unless_it_is_forced() {
    let dir = dir(None);
    let path = dir.path().join(WORKFLOW);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "name: ours\n").unwrap();
    let (ok, log) = told(&gh_pmu(dir.path(), &["init", "--workflow"]));
    let sentence = format!(
        "{} is there, and is not what this version writes\n`--force` replaces it (`--dry-run` shows it first).\n",
        path.display()
    );
    assert_eq!((ok, log), (false, sentence));
    assert!(!dir.path().join(FILE).exists(), "half done");
    assert!(told(&gh_pmu(dir.path(), &["init", "--workflow", "--force"])).0);
    assert!(fs::read_to_string(&path).unwrap().starts_with("# Keeps .github/pmu-cache.json in step"));
}

#[test]
fn the_workflow_keeps_what_the_section_names() {
    let dir = dir(Some("cache:\n  manifest: ci/trackers.json\n"));
    assert!(told(&gh_pmu(dir.path(), &["init", "--workflow"])).0);
    let workflow = Yaml::parse(&fs::read_to_string(dir.path().join(WORKFLOW)).unwrap());
    let env = workflow.at(&["jobs", "manifest", "env"]);
    assert_eq!((env.at(&["PMU_MANIFEST"]).text(), env.at(&["PMU_BRANCH"]).text()), ("ci/trackers.json", ""));
}

#[test]
fn the_workflow_is_as_harmless_as_can_be() {
    let dir = dir(None);
    assert!(told(&gh_pmu(dir.path(), &["init", "--workflow"])).0);
    let text = fs::read_to_string(dir.path().join(WORKFLOW)).unwrap();
    let workflow = Yaml::parse(&text);
    assert!(text.contains("permissions: {}\n") && workflow.at(&["permissions"]).entries().is_empty());
    let job = workflow.at(&["jobs", "manifest"]);
    let pair = |(name, value): &(String, Yaml)| format!("{name}: {}", value.text());
    let permissions: Vec<String> = job.at(&["permissions"]).entries().iter().map(pair).collect();
    assert_eq!(permissions, ["contents: write", "issues: read"]);
    assert!(job.at(&["timeout-minutes"]).text().parse::<u32>().is_ok());
    let mut types: Vec<&str> = workflow.at(&["on", "issues", "types"]).list().iter().map(Yaml::text).collect();
    types.sort_unstable();
    let expected = ["closed", "deleted", "edited", "labeled", "opened", "reopened", "transferred", "unlabeled"];
    assert_eq!(types, expected);
    assert!(workflow.at(&["on"]).get("schedule").is_some() && workflow.at(&["on"]).get("workflow_dispatch").is_some());
    let steps = job.at(&["steps"]).list();
    let uses: Vec<&str> = steps.iter().filter_map(|step| Some(step.get("uses")?.text())).collect();
    let [checkout] = uses[..] else { panic!("{uses:?}") };
    let (action, commit) = checkout.split_once('@').unwrap();
    assert_eq!((action, commit.len()), ("actions/checkout", 40));
    assert!(text.contains(&format!("{checkout} # v")));
    assert!(steps.iter().all(|step| step.get("run").is_none_or(|run| !run.text().contains("${{"))));
}

#[test]
fn outside_a_checkout_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        assert!(Command::new("git").current_dir(dir.path()).args(args).status().unwrap().success(), "{args:?}");
    };
    git(&["init", "-q", "--bare", "bare.git"]);
    git(&["init", "-q", "checkout"]);
    fs::create_dir(dir.path().join("plain")).unwrap();
    for place in ["plain", "bare.git", "bare.git/objects/info", "checkout/.git", "checkout/.git/refs"] {
        let place = dir.path().join(place);
        let names = || fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        let before = names();
        for args in [&["init"][..], &["init", "--workflow"], &["init", "--dry-run"], &["init", "--collector"]] {
            let (ok, log) = told(&gh_pmu(&place, args));
            assert!(!ok && log.starts_with("not a git repository"), "{}: {log}", place.display());
            assert!(log.contains(&*dir.path().to_string_lossy()), "{log}");
        }
        assert_eq!(names(), before);
    }
    assert_eq!(fs::read_dir(dir.path().join("checkout")).unwrap().count(), 1);
}

/// The branch that the section names, and the one that the workflow pushes to.
fn branches(dir: &Path) -> (String, String) {
    let section = Yaml::parse(&read(dir));
    let workflow = Yaml::parse(&fs::read_to_string(dir.join(WORKFLOW)).unwrap());
    let branch = workflow.at(&["jobs", "manifest", "env", "PMU_BRANCH"]).text().to_owned();
    (section.at(&["cache", "branch"]).text().to_owned(), branch)
}

#[test]
fn a_branch_changes_in_both_files_or_in_none() {
    let dir = dir(None);
    let both = |name: &str| (name.to_owned(), name.to_owned());
    assert!(told(&gh_pmu(dir.path(), &["init", "--workflow"])).0);
    assert_eq!(branches(dir.path()), ("null".to_owned(), String::new()));
    let expected = format!("changed .gh-pmu.yml\nchanged {WORKFLOW}\n");
    assert_eq!(told(&gh_pmu(dir.path(), &["init", "--branch", "other"])), (true, expected));
    assert_eq!(branches(dir.path()), both("other"));
    // What the section says by hand, too.
    fs::write(dir.path().join(FILE), read(dir.path()).replace("branch: other", "branch: third")).unwrap();
    assert!(told(&gh_pmu(dir.path(), &["init"])).1.ends_with(&format!("changed {WORKFLOW}\n")));
    assert_eq!(branches(dir.path()), both("third"));

    let by_hand = fs::read_to_string(dir.path().join(WORKFLOW)).unwrap().replace("23 */6 * * *", "5 5 * * *");
    fs::write(dir.path().join(WORKFLOW), &by_hand).unwrap();
    let before = read(dir.path());
    let (ok, log) = told(&gh_pmu(dir.path(), &["init", "--branch", "fourth"]));
    assert!(!ok && log.contains(" was changed by hand, so that it cannot follow to the branch fourth\n"), "{log}");
    assert!(read(dir.path()) == before && fs::read_to_string(dir.path().join(WORKFLOW)).unwrap() == by_hand);
    assert!(told(&gh_pmu(dir.path(), &["init"])).0, "nothing to follow to");
    assert!(told(&gh_pmu(dir.path(), &["init", "--branch", "fourth", "--force"])).0);
    assert_eq!(branches(dir.path()), both("fourth"));
    // A workflow that never was ours has nothing to follow.
    fs::write(dir.path().join(WORKFLOW), "name: ours\n").unwrap();
    let expected = (true, "changed .gh-pmu.yml\n".to_owned());
    assert_eq!(told(&gh_pmu(dir.path(), &["init", "--branch", "fifth"])), expected);
}

#[test]
fn what_is_merged_into_the_section_goes_on_to_hold() {
    let merged = "x: &x\n  max_age: 5\n  release_labels: [rel]\ncache:\n  <<: *x\n";
    let dir = dir(Some(merged));
    let (ok, log) = told(&gh_pmu(dir.path(), &["init", "--workflow"]));
    assert_eq!((ok, log), (true, format!(".gh-pmu.yml is up to date: there is nothing to do\nmade {WORKFLOW}\n")));
    assert!(fs::read_to_string(dir.path().join(WORKFLOW)).unwrap().contains(r#"'["rel","microsprint"]'"#));
    assert!(told(&gh_pmu(dir.path(), &["init", "--branch", "b"])).0);
    let (text, after) = (read(dir.path()), format!("{merged}  branch: b "));
    assert!(text.starts_with(&after) && text.lines().count() == merged.lines().count() + 1, "{text}");
}

#[test]
fn beside_the_other_program_s_file_the_section_has_a_file_of_its_own() {
    let dir = dir(Some("x: 1\ncache:   # ours\n  max_age: 60\n  branch: pmu-cache # protected\ny: 2\n"));
    fs::write(dir.path().join(".gh-pmu.json"), "{}").unwrap();
    let (ok, log) = told(&gh_pmu(dir.path(), &["init", "--workflow"]));
    let because = "because rubrical-works/gh-pmu removes .gh-pmu.yml beside .gh-pmu.json";
    assert_eq!((ok, log), (true, format!("made .github/pmu.yml, {because}\nmade {WORKFLOW}\n")));
    let own = fs::read_to_string(dir.path().join(".github/pmu.yml")).unwrap();
    let start = "cache:   # ours\n  max_age: 60\n  branch: pmu-cache # protected\n  enabled: true ";
    assert!(own.starts_with(start) && own.contains("microsprint_titles"), "{own}");
    let workflow = Yaml::parse(&fs::read_to_string(dir.path().join(WORKFLOW)).unwrap());
    assert_eq!(workflow.at(&["jobs", "manifest", "env", "PMU_BRANCH"]).text(), "pmu-cache");
    assert!(read(dir.path()).starts_with("x: 1\ncache:"), "every other file stays");
    let (_, log) = told(&gh_pmu(dir.path(), &["init", "--workflow"]));
    assert_eq!(log.matches("is up to date").count(), 2, "{log}");
    // Without the other file it still goes before.
    fs::remove_file(dir.path().join(".gh-pmu.json")).unwrap();
    let (_, log) = told(&gh_pmu(dir.path(), &["init", "--branch", "b"]));
    assert_eq!(log, format!("changed .github/pmu.yml\nchanged {WORKFLOW}\n"));
}

#[test]
fn a_file_of_its_own_keeps_what_is_in_it_and_takes_no_lists_along() {
    for (own, shared, start) in [
        (None, None, "cache:\n  enabled: true "),
        (Some("repositories: [o/r]\n"), None, "repositories: [o/r]\n\ncache:\n  enabled: true "),
        (Some("a: 1\r\n"), Some("cache:\n  max_age: 5\n"), "a: 1\r\n\r\ncache:\r\n  max_age: 5\r\n  enabled: true "),
        (None, Some("cache:\n  releases: []\n"), "cache:\n  enabled: true "),
        (None, Some("cache: {releases: []}\n"), "cache:\n  enabled: true "),
        (None, Some("not: [yaml\n"), "cache:\n  enabled: true "),
    ] {
        let dir = dir(shared);
        fs::write(dir.path().join(".gh-pmu.json"), "{}").unwrap();
        let path = dir.path().join(".github/pmu.yml");
        fs::create_dir(path.parent().unwrap()).unwrap();
        if let Some(own) = own {
            fs::write(&path, own).unwrap();
        }
        let (ok, log) = told(&gh_pmu(dir.path(), &["init"]));
        assert!(ok, "{log}");
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with(start), "{text}");
    }
    // What points out of the section cannot go along alone.
    let dir = dir(Some("b: &b main\ncache:\n  branch: *b\n"));
    fs::write(dir.path().join(".gh-pmu.json"), "{}").unwrap();
    let (ok, log) = told(&gh_pmu(dir.path(), &["init"]));
    assert!(!ok && log.contains(".gh-pmu.yml: the section cannot be changed"), "{log}");
    assert!(!dir.path().join(".github").exists());
    // Nor is what it says lost, in whatever form it says it.
    for shared in
        ["cache: {max_age: 5}\n", "a: &a\n  max_age: 5\ncache: *a\n", "a: &a\n  max_age: 5\ncache:\n  <<: *a\n"]
    {
        fs::write(dir.path().join(".gh-pmu.yml"), shared).unwrap();
        let (ok, log) = told(&gh_pmu(dir.path(), &["init"]));
        assert!(
            !ok && log.contains(".gh-pmu.yml: ") && log.ends_with("into .github/pmu.yml by hand.\n"),
            "{shared}: {log}"
        );
        assert!(!dir.path().join(".github").exists());
    }
}
