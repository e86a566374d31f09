//! `.gh-pmu.yml`, the environment, and where files come to lie.

use std::path::Path;

use crate::cli::lab::{self, Lab, NO_GH, assert_same, files_below, nothing_cached};
use crate::cli::manifests::{SMALL_MICROSPRINTS, SMALL_RELEASES, small, small_at};

const SAMPLE: &str = include_str!("../../../examples/atlas/.gh-pmu.yml");

/// An older file: sections of other commands, and lists where the settings of this program are now.
const OLDER: &str = r#"# Configuration of the project
project:
    owner: octo-org
    number: 7
    name: "cache: in a name"
repositories:
    - octo-org/atlas
framework: IDPF
defaults: {priority: p2, status: backlog, labels: [pm-tracked]}
fields:
    priority: &priority
        field: Priority
        values: {p0: P0, p1: P1}
    status: *priority
triage:
    untracked:
        query: 'is:issue -label:"cache"'
        apply: {labels: [pm-tracked]}
        interactive: {status: true}
release:
    tracks:
        stable: {prefix: v, default: true}
    artifacts: {directory: Releases, release_notes: true, changelog: true}
    active:
        - {version: v1.2.0, tracker: 430, track: stable}
metadata:
    project: {id: PVT_kwHO}
    fields:
        - {name: Status, id: PVTSSF_1, data_type: SINGLE_SELECT, options: [{name: Backlog, id: f75ad846}]}
acceptance: |
    accepted: true
    cache: of a block of text
validation: {require_body: true, checkboxes: "- [ ]"}
cache:
    releases:
        - {number: 430, title: "Release: v1.2.0", state: OPEN}
        - {number: 12, title: "Release: v0.2.0", state: CLOSED}
    microsprints: [{number: 425, title: 'Microsprint: x', state: CLOSED}]
notifications:
    - {on: [push], to: '#team'}
version: 0.8.2
"#;

fn lab_with(config: &str) -> Lab {
    let lab = Lab::new();
    lab.write_manifest(small());
    lab.write(".gh-pmu.yml", config);
    lab
}

/// The same without `GH_PMU_CACHE_DIR`.
fn lab_of_home() -> Lab {
    let mut lab = Lab::new();
    lab.write_manifest(small());
    lab.unset("GH_PMU_CACHE_DIR");
    lab
}

#[track_caller]
fn assert_cached_in(cache: &Path) {
    assert!(cache.join("github.com/octo-org/atlas/CURRENT").is_file(), "{cache:?}: {:?}", files_below(cache).keys());
}

#[test]
fn a_big_older_file_with_cached_lists_disturbs_nothing() {
    let lab = lab_with(OLDER);
    let big = format!(
        "{OLDER}history:\n{}",
        "    - {number: 1, title: \"Release: v0.0.1\", note: 'cache: x'}\n".repeat(15_000)
    );
    let crlf = OLDER.replace('\n', "\r\n");
    let texts = [
        OLDER,
        &big,
        &crlf,
        &format!("\u{feff}{OLDER}"),
        "cache: {releases: [], microsprints: []}\n",
        "cache: {releases: [{number: 1}], microsprints: [{number: 2}]}\n",
        "cache:\n  releases: []\n",
    ];
    for text in texts {
        lab.write(".gh-pmu.yml", text);
        assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
        assert_eq!(lab.run(&["microsprint", "list"]).ok(), SMALL_MICROSPRINTS);
        assert!(lab.run(&["cache", "sync"]).ok().contains("octo-org/atlas"));
        assert_eq!(std::fs::read_to_string(lab.checkout.join(".gh-pmu.yml")).unwrap(), text);
    }
}

#[test]
fn the_sample_checkout_works_as_it_is() {
    let lab = lab_with(SAMPLE);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/atlas");
    let out = lab.run_in(&sample, &["release", "list"]).ok();
    assert_eq!(out.lines().count(), 12);
    assert!(out.starts_with("618\tOPEN\tRelease: v2.0.0 (Osprey)\t2025-06-02T08:11:45Z\t\n"));
    assert_eq!(lab.run_in(&sample, &["microsprint", "list", "-s", "open"]).ok().lines().count(), 2);
}

#[test]
fn a_wrong_value_names_file_line_key_what_stands_there_and_what_may() {
    let lab = lab_with("");
    for (entry, wrong) in [
        ("enabled: yes", "cache.enabled is yes; it may be true or false"),
        ("auto_sync: \"true\"", "cache.auto_sync is \"true\"; it may be true or false"),
        ("auto_sync: 1", "cache.auto_sync is 1; it may be true or false"),
        ("auto_pull: []", "cache.auto_pull is an empty list; it may be true or false"),
        ("auto_pull_interval: 5m", "cache.auto_pull_interval is 5m; it may be a number of seconds"),
        ("auto_pull_interval: -1", "cache.auto_pull_interval is -1; it may be a number of seconds"),
        ("max_age: soon", "cache.max_age is soon; it may be a number of seconds, or null"),
        ("backend: redis", "cache.backend is redis; it may be log"),
        ("manifest: ../x.json", "cache.manifest is ../x.json; it may be a relative path inside the checkout"),
        ("manifest: /etc/passwd", "cache.manifest is /etc/passwd; it may be a relative path inside the checkout"),
        ("branch: --upload-pack=x", "cache.branch is --upload-pack=x; it may be the name of a branch, or null"),
        ("path: {a: b}", "cache.path is a mapping; it may be the path of a directory"),
        (
            "path: ~bob/x",
            "cache.path is ~bob/x; it may be a directory as it is, without $, `, or %NAME%; only ~/ at its beginning is the home directory",
        ),
    ] {
        lab.write(".gh-pmu.yml", format!("project:\n  name: x\ncache:\n  {entry}\nfields: []\n"));
        let expected = format!("{}: line 4: {wrong}\n", lab.checkout.join(".gh-pmu.yml").display());
        for args in [&["release", "list"][..], &["cache", "sync"], &["cache", "status"]] {
            assert_eq!(lab.run(args).fails(), expected, "{entry}");
        }
    }
    for (text, wrong) in [
        ("cache: true\n", "line 1: cache is true; it may be a mapping such as {auto_sync: true}"),
        ("a: b\ncache:\n  enabled: true\n  enabled: true\n", "line 4: cache.enabled is there twice"),
        ("cache:\n  enabled: true\ncache:\n  enabled: false\n", "line 4: cache is there twice"),
    ] {
        lab.write(".gh-pmu.yml", text);
        assert_eq!(
            lab.run(&["release", "list"]).fails(),
            format!("{}: {wrong}\n", lab.checkout.join(".gh-pmu.yml").display())
        );
    }
    lab.write(".gh-pmu.yml", "cache:\n  path: [x\n");
    assert!(lab.run(&["release", "list"]).fails().contains(".gh-pmu.yml: line "));
    lab.write(".gh-pmu.yml", b"project: x\ncache: \xff\n");
    assert!(lab.run(&["release", "list"]).fails().ends_with(".gh-pmu.yml: line 2 is not UTF-8\n"));
    assert!(!lab.cache.exists());
}

#[test]
fn the_backends_of_the_first_proposal_are_read_as_log_with_one_warning() {
    for old in ["sqlite", "bolt"] {
        let lab = lab_with(&format!("cache:\n  backend: {old}\n"));
        let warning =
            format!("! {}: line 2: cache.backend {old} is read as log\n", lab.checkout.join(".gh-pmu.yml").display());
        assert_eq!(lab.run(&["release", "list"]).warns(), (SMALL_RELEASES.to_owned(), warning.clone()));
        let (json, again) = lab.run(&["cache", "status", "--json"]).warns();
        assert!(json.contains("\"backend\":\"log\"") && again == warning);
    }
    assert_eq!(lab_with("cache: {backend: log}\n").run(&["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn without_auto_sync_only_sync_reads_the_manifest() {
    let lab = lab_with("cache:\n  auto_sync: false\n");
    assert_eq!(lab.run(&["release", "list"]).fails(), nothing_cached("octo-org/atlas"));
    assert!(!lab.cache.exists());
    lab.run(&["cache", "sync"]).ok();
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    lab.write_manifest(small_at(11).replace("v0.9.0", "v1.0.0"));
    let before = lab.cached_files();
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
    assert_eq!(lab.run(&["release", "list", "--all-repos", "-L", "1"]).ok().lines().count(), 1);
    lab.run(&["cache", "history"]).ok();
    assert_same(&before, &lab.cached_files(), "no list synced");
    lab.run(&["cache", "sync"]).ok();
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES.replace("v0.9.0", "v1.0.0"));
}

#[test]
fn a_cache_that_is_switched_off_is_neither_read_nor_written() {
    let lab = lab_with("cache:\n  enabled: false\n");
    for args in [&["release", "list"][..], &["microsprint", "list", "--json", "title"]] {
        assert_eq!(lab.run(args).fails(), format!("{NO_GH}\n"), "GitHub is asked");
    }
    for args in [&["cache", "history"][..], &["release", "list", "--all-repos"], &["release", "list", "--as-of", "@1"]]
    {
        let said = lab.run(args).fails();
        assert!(said.starts_with("the cache is switched off (`cache.enabled: false` in .gh-pmu.yml)\n"), "{said}");
    }
    assert!(!lab.cache.exists());
}

#[test]
fn the_manifest_can_lie_elsewhere_in_the_checkout() {
    let lab = lab_with("cache:\n  manifest: ci/trackers.json\n");
    std::fs::remove_file(lab.manifest_path()).unwrap();
    lab.write("ci/trackers.json", small());
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn the_nearest_file_up_to_the_root_of_the_checkout_counts() {
    let lab = lab_with("cache:\n  backend: redis\n");
    std::fs::write(lab.root().join(".gh-pmu.yml"), "cache: 5\n").unwrap();
    lab.write("inner/.gh-pmu.yml", "project: x\n");
    lab.write("inner/deep/file", "");
    let inner = lab.checkout.join("inner");
    assert_eq!(lab.run_in(&inner, &["release", "list"]).ok(), SMALL_RELEASES);
    assert_eq!(lab.run_in(&inner.join("deep"), &["release", "list"]).ok(), SMALL_RELEASES);
    assert!(lab.run(&["release", "list"]).fails().contains("line 2: cache.backend is redis"));
    std::fs::remove_file(lab.checkout.join(".gh-pmu.yml")).unwrap();
    // What lies above the checkout is not of it.
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
}

#[test]
fn the_cache_lies_where_the_file_says() {
    let lab = lab_of_home();
    let elsewhere = lab.root().join("else where");
    lab.write(".gh-pmu.yml", format!("cache:\n  path: {}\n", elsewhere.display()));
    lab.run(&["release", "list"]).ok();
    assert_cached_in(&elsewhere);
    lab.write(".gh-pmu.yml", "cache:\n  path: ~/pmu/cache\n");
    lab.run(&["release", "list"]).ok();
    assert_cached_in(&lab.home.join("pmu/cache"));
    lab.write(".gh-pmu.yml", "cache:\n  path: .cache/pmu\n");
    lab.run(&["release", "list"]).ok();
    assert_cached_in(&lab.checkout.join(".cache/pmu"));
    lab.write("inner/file", "");
    assert_eq!(lab.run_in(&lab.checkout.join("inner"), &["release", "list"]).ok(), SMALL_RELEASES);
    assert_eq!(files_below(&lab.checkout.join("inner")).len(), 1);
}

#[test]
#[cfg(unix)]
fn the_default_follows_the_xdg_specification() {
    let mut lab = lab_of_home();
    lab.run(&["release", "list"]).ok();
    assert_cached_in(&lab.home.join(".config/gh-pmu/cache"));
    let config_home = lab.root().join("xdg");
    lab.set("XDG_CONFIG_HOME", &config_home);
    lab.run(&["release", "list"]).ok();
    assert_cached_in(&config_home.join("gh-pmu/cache"));
    // Nor does the section that `init` writes name another place.
    lab.run(&["init"]).ok();
    assert_eq!(lab.json(&["cache", "status", "--json"])["path"], config_home.join("gh-pmu/cache").to_str().unwrap());
    // A path that is not absolute counts for nothing.
    lab.set("XDG_CONFIG_HOME", "xdg");
    assert_eq!(
        lab.json(&["cache", "status", "--json"])["path"],
        lab.home.join(".config/gh-pmu/cache").to_str().unwrap()
    );
}

#[test]
fn the_variable_goes_before_the_file_and_the_default() {
    let mut lab = lab_with("cache:\n  path: ~/from-the-file\n");
    lab.set("XDG_CONFIG_HOME", lab.root().join("xdg"));
    lab.run(&["release", "list"]).ok();
    assert_cached_in(&lab.cache);
    assert!(files_below(&lab.home).is_empty() && !lab.root().join("xdg").exists());
    lab.set("GH_PMU_CACHE_DIR", "relative");
    lab.run(&["release", "list"]).ok();
    assert_cached_in(&lab.checkout.join("relative"));
    lab.set("GH_PMU_CACHE_DIR", "");
    lab.run(&["release", "list"]).ok();
    assert_cached_in(&lab.home.join("from-the-file"));
}

#[test]
#[cfg(unix)]
fn without_a_home_the_cache_must_be_named() {
    let lab = lab_of_home();
    let homeless = |args: &[&str]| lab::Ran::from(lab.command(args).env_remove("HOME").output().unwrap());
    // The manifest is at hand: a list answers from it.
    let (rows, warning) = homeless(&["release", "list"]).warns();
    assert_eq!(rows, SMALL_RELEASES);
    assert_eq!(
        warning,
        "! there is no home directory to keep the cache in; what is shown was not recorded: set HOME or GH_PMU_CACHE_DIR\n"
    );
    // Its events are recorded nowhere: none is not the answer.
    homeless(&["release", "view", "430", "--json", "number"]).warns();
    let events = homeless(&["release", "view", "430", "--json", "events"]);
    assert_eq!((events.code, &*events.out, events.err), (Some(1), "{\"events\":[]}\n", warning));
    for command in ["sync", "history", "status"] {
        let said = homeless(&["cache", command]).fails();
        assert_eq!(said, "there is no home directory to keep the cache in\nSet HOME or GH_PMU_CACHE_DIR.\n");
    }
}

#[test]
fn a_cache_directory_that_cannot_be_made_is_told_with_its_path() {
    let mut lab = Lab::new();
    lab.write_manifest(small());
    let file = lab.root().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    lab.set("GH_PMU_CACHE_DIR", &file);
    // The manifest is at hand: a list answers from it, and a sync, which is to record, fails.
    let (rows, warning) = lab.run(&["release", "list"]).warns();
    assert_eq!(rows.lines().count(), 3);
    for said in [warning, lab.run(&["cache", "sync"]).fails()] {
        assert!(said.contains("could not create ") && said.contains(file.to_str().unwrap()), "{said}");
        assert!(!said.contains("damage"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not a directory");
}

/// Everything that a person could run, in an order that leaves something cached.
const COMMANDS: [&[&str]; 14] = [
    &["cache", "sync"],
    &["release", "list"],
    &["microsprint", "list", "--json", "number"],
    &["cache", "history", "--since", "last"],
    &["cache", "status"],
    &["cache", "verify"],
    &["cache", "compact"],
    &["cache", "compact", "--prune-before", "@3", "--dry-run"],
    &["cache", "sync", "--force"],
    &["cache", "clear", "--yes"],
    &["release", "list"],
    &["cache", "compact", "--prune-before", "@3"],
    &["release", "list", "--all-repos"],
    &["microsprint", "list", "--as-of", "@5"],
];

#[test]
#[cfg(unix)]
fn files_are_0600_and_directories_0700_whatever_the_mask() {
    for mask in ["000", "022", "077"] {
        let lab = Lab::new();
        lab.write_manifest(small());
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("umask {mask}; mkdir -p \"$HOME/deep\"; \"$0\" cache sync && \"$0\" cache history --since last && \"$0\" cache compact")]);
        lab.enclose(shell.arg(lab::program()).current_dir(&lab.checkout));
        let cache = lab.home.join("deep/er/cache");
        assert!(shell.env("GH_PMU_CACHE_DIR", &cache).output().unwrap().status.success());
        assert_private(&lab.home.join("deep"));
    }
    let lab = Lab::new();
    lab.write_manifest(small());
    for args in COMMANDS {
        assert_eq!(lab.run(args).code, Some(0), "{args:?}");
        assert_private(&lab.cache);
    }
}

#[cfg(unix)]
fn assert_private(dir: &Path) {
    for (path, (mode, content)) in files_below(dir) {
        let expected = if content.is_some() { 0o600 } else { 0o700 };
        assert_eq!(mode, expected, "{path:?}: {mode:o}");
    }
}

#[test]
fn nothing_outside_of_the_cache_is_written() {
    let lab = Lab::with_git();
    lab.write_manifest(small());
    lab.write(".gh-pmu.yml", OLDER);
    let outside = || {
        let mut files = files_below(&lab.root());
        files.retain(|path, _| !path.starts_with(&lab.cache));
        files
    };
    let before = outside();
    for args in COMMANDS {
        let mut command = lab.command(args);
        let ran = lab::Ran::from(command.env("TMPDIR", &lab.home).output().unwrap());
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
        assert_same(&before, &outside(), args);
    }
}

#[test]
fn unknown_keys_are_named_and_the_list_is_given() {
    let lab = lab_with("cache :\n  auto_synk: false\n  release_labels: [branch]\n");
    let file = lab.checkout.join(".gh-pmu.yml");
    let warning =
        format!("! {}: line 2: cache.auto_synk is not known and not used; did you mean auto_sync?\n", file.display());
    assert_eq!(lab.run(&["release", "list"]).warns(), (SMALL_RELEASES.to_owned(), warning));
}

#[cfg(unix)]
#[test]
fn a_configuration_that_never_ends_is_refused_at_once() {
    let lab = lab_with("");
    let file = lab.checkout.join(".gh-pmu.yml");
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    let said = lab.run(&["release", "list"]).fails();
    assert_eq!(said, format!("cannot read {}: it is no regular file\n", file.display()));
}

#[test]
fn the_section_may_stand_in_dot_github_and_goes_before() {
    let lab = lab_with("cache: {manifest: none.json}\n");
    lab.write(".github/pmu.yml", "cache:\n  manifest: .github/pmu-cache.json\n");
    assert_eq!(lab.run(&["release", "list"]).ok(), SMALL_RELEASES);
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_names_a_repository_need_not_stand_in_a_directory() {
    let lab = lab_with("");
    lab.run(&["release", "list"]).ok();
    let gone = lab.home.join("gone");
    std::fs::create_dir(&gone).unwrap();
    // The shell removes the directory it stands in, then starts the program there.
    let run = |args: &str| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("rmdir ../gone; exec {} {args}", lab::program().display())]).current_dir(&gone);
        lab.enclose(&mut command);
        let output = command.current_dir(&gone).output().unwrap();
        std::fs::create_dir_all(&gone).unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run("release list -R octo-org/atlas"), (Some(0), SMALL_RELEASES.to_owned(), String::new()));
    let (code, _, said) = run("release list");
    assert!(code == Some(1) && said.contains("use `--repo OWNER/REPO`") && !said.contains("os error"), "{said}");
}

#[test]
#[cfg(unix)]
fn a_variable_that_cannot_be_understood_is_not_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    let mut lab = Lab::synced(&small());
    for name in ["GH_REPO", "GH_HOST", "GH_PMU_TIMEOUT"] {
        lab.set(name, std::ffi::OsStr::from_bytes(b"o/r\xff"));
        let said = lab.run(&["release", "list"]).fails();
        assert_eq!(said, format!("{name} is \"o/r\\xFF\", which is not UTF-8\n"));
        lab.unset(name);
    }
    lab.set("GH_PMU_TIMEOUT", "soon");
    let said = lab.run(&["release", "list"]).fails();
    assert_eq!(said, "GH_PMU_TIMEOUT is soon; it may be a number of seconds, 1 or more\n");
}

#[test]
fn the_first_screen_is_about_the_repository_that_is_meant() {
    let mut lab = Lab::new();
    lab.write_manifest(small());
    let first = |lab: &Lab, args: &[&str]| lab.run(args).ok().lines().next().unwrap().to_owned();
    let own = first(&lab, &[]);
    assert!(own.starts_with("octo-org/atlas has 1 open release (2 closed) and 1 open microsprint"), "{own}");
    assert_eq!(first(&lab, &["-R", "o/r"]), "Nothing is cached of o/r yet.");
    lab.set("GH_REPO", "o/r");
    assert_eq!(first(&lab, &[]), "Nothing is cached of o/r yet.");
    assert_eq!(first(&lab, &["-R", "octo-org/atlas"]), own);
    lab.unset("GH_REPO");
    lab.write_manifest("{");
    let (out, warning) = lab.run(&[]).warns();
    assert!(out.starts_with(&own) && warning.contains("ends in the middle of its JSON"), "{warning}");
    lab.write(".gh-pmu.yml", "cache: 3\n");
    let (out, warning) = lab.run(&[]).warns();
    assert!(out.starts_with("List ") && warning.contains(".gh-pmu.yml: line 1: cache is 3"), "{warning}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_timeline_that_cannot_be_written_leaves_the_one_that_is_there() {
    let lab = Lab::synced(&small());
    let page = lab.root().join("page.html");
    std::fs::write(&page, "old").unwrap();
    let mut run = std::process::Command::new("sh");
    // A file may not become longer than a block here.
    run.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]).arg(crate::cli::lab::program());
    run.args(["timeline", "--output"]).arg(&page);
    lab.enclose(run.current_dir(&lab.checkout));
    let ran = run.output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "old");
    lab.run(&["timeline", "--output", lab::text(&page)]).ok();
    assert!(std::fs::read_to_string(&page).unwrap().starts_with("<!"));
    let names = std::fs::read_dir(lab.root())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("page"));
    assert_eq!(names.count(), 1);
}

#[test]
fn check_of_a_checkout_that_tells_no_repository_does_not_take_others_for_it() {
    let lab = Lab::synced(&small());
    let other = lab.root().join("other");
    std::fs::create_dir_all(other.join(".git")).unwrap();
    std::fs::create_dir_all(other.join(".github")).unwrap();
    std::fs::write(other.join(".github/pmu-cache.json"), "{").unwrap();
    let [checked, listed] =
        [&["cache", "status", "--check"][..], &["release", "list"]].map(|args| lab.run_in(&other, args));
    assert_eq!((checked.code, &*checked.out, checked.err), (Some(1), "", listed.fails()));
    let all = lab.run_in(&other, &["cache", "status", "--check", "--all-repos"]);
    assert_eq!((all.code, all.out.lines().count()), (Some(0), 1), "{}", all.err);
}

#[test]
fn a_cache_that_is_switched_off_is_not_written() {
    let lab = Lab::new();
    lab.write_manifest(small());
    lab.write(".gh-pmu.yml", "cache:\n  enabled: false\n");
    for args in [&["cache", "history", "--all-repos"][..], &["cache", "export", "--all-repos", "--format", "csv"]] {
        lab.run(args);
        assert!(lab.cached_files().is_empty(), "{args:?}");
    }
}

#[test]
#[cfg(unix)]
fn no_link_is_followed_for_what_is_known_of_checkouts() {
    let lab = Lab::with_git();
    lab.write_manifest(small());
    let (victim, cache) = (lab.root().join("victim"), lab.checkout.join("cc"));
    std::fs::create_dir_all(&victim).unwrap();
    std::fs::create_dir_all(&cache).unwrap();
    let name = "0123456789abcdef0123456789abcdef";
    std::fs::write(victim.join(name), "x").unwrap();
    for hints in [".checkouts", ".renamed"] {
        std::os::unix::fs::symlink(&victim, cache.join(hints)).unwrap();
    }
    let run = |args: &[&str]| lab.run_with(&[("GH_PMU_CACHE_DIR", cache.to_str().unwrap())], args);
    assert_eq!(run(&["release", "list"]).ok(), SMALL_RELEASES);
    run(&["cache", "clear", "--all", "--yes"]).ok();
    let left: Vec<_> = std::fs::read_dir(&victim).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [name]);
}
