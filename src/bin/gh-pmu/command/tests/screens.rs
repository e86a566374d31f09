//! Every screen that a person sees, at four widths: as kept in `tests/data/screens`, byte for byte. The commands are
//! whole, from their words to what is printed; the clock stands still.
//!
//! With `WRITE_SCREENS=1` in the environment, the screens are written anew: then read `git diff`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command as Process;
use std::time::Duration;

use gh_pmu::sync::{History, Now};
use tempfile::TempDir;

use super::*;
use crate::config::{Config, TerminalWishes};
use crate::output::{Output, Terminal};
use crate::source::Context;

const SCREENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/screens");
const WIDTHS: [usize; 4] = [120, 80, 60, 40];
/// What stands for the directory of the test, and is as long.
const HOME: &str = "/home/octocat/.config";

/// Screens by their files, and what is typed in atlas.
const OF_ATLAS: &[(&str, &str)] = &[
    ("home", ""),
    ("status", "status"),
    ("release-list", "release list"),
    ("release-list-open", "release list --state open"),
    ("release-list-as-of", "release list --as-of 2024-11-01"),
    ("release-list-nothing-found", "release list --search nothing"),
    ("release-list-all-repos", "release list --all-repos"),
    ("microsprint-list", "microsprint list"),
    ("microsprint-list-owner", "microsprint list --owner octo-org"),
    ("release-view", "release view 31"),
    ("release-view-as-of", "release view 30 --as-of 2024-12-01"),
    ("release-view-several", "release view v1"),
    ("microsprint-view", "microsprint view 26"),
    ("history", "cache history"),
    ("history-number", "cache history 30"),
    ("history-observed", "cache history 30 --observed"),
    ("history-all-repos", "cache history --all-repos --since 2024-12-01"),
    ("history-since", "cache history --since 2024-12-20"),
    ("history-nothing-found", "cache history --since 2024-12-24T10:00"),
    ("history-stat", "cache history --stat"),
    ("cache-status", "cache status"),
    ("cache-status-verbose", "cache status --verbose"),
    ("cache-status-all-repos", "cache status --all-repos"),
    ("timeline", "timeline"),
    ("timeline-range", "timeline --since 2024-11-01 --until 2024-12-10 --kind release"),
];

/// Trackers by number: title, when it was created and closed.
type Trackers = BTreeMap<u64, [&'static str; 3]>;

/// A home with checkouts in it.
struct Place {
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        // Of one length on every machine: lines break where they do because of it.
        let named = HOME.len() - "/tmp/".len();
        Self { home: tempfile::Builder::new().prefix("").rand_bytes(named).tempdir_in("/tmp").unwrap() }
    }

    fn checkout(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn git(&self, checkout: &str, time: &str, args: &[&str]) -> String {
        let mut git = Process::new("git");
        git.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("HOME", self.home.path());
        git.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_AUTHOR_DATE", time), ("GIT_COMMITTER_DATE", time)]);
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
        let done = git.arg("-C").arg(self.checkout(checkout)).args(identity).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }

    /// Makes a checkout without a manifest.
    fn init(&self, checkout: &str) {
        std::fs::create_dir_all(self.checkout(checkout).join(".github")).unwrap();
        self.git(checkout, "", &["init", "-q"]);
    }

    /// Puts a manifest of that time into the working tree.
    fn write(&self, checkout: &str, time: &str, trackers: &Trackers) {
        let list = |kind: Kind| -> Vec<serde_json::Value> {
            let of_kind = |title: &str| title.starts_with("Microsprint: ") == (kind == Kind::Microsprint);
            let trackers = trackers.iter().filter(|(_, [title, ..])| of_kind(title));
            let times = |time: &'static str| (!time.is_empty()).then(|| format!("{time}:00Z"));
            trackers
                .map(|(number, [title, created, closed])| {
                    let state = if closed.is_empty() { "OPEN" } else { "CLOSED" };
                    let (created, closed) = (times(created), times(closed));
                    serde_json::json!({"number": number, "title": title, "state": state,
                        "createdAt": created, "closedAt": closed})
                })
                .collect()
        };
        let manifest = serde_json::json!({"version": 1, "updated_at": time, "repo": format!("octo-org/{checkout}"),
            "releases": list(Kind::Release), "microsprints": list(Kind::Microsprint)});
        std::fs::write(self.checkout(checkout).join(".github/pmu-cache.json"), manifest.to_string()).unwrap();
    }

    /// The same, committed then.
    fn commit(&self, checkout: &str, time: &str, trackers: &Trackers) {
        self.write(checkout, time, trackers);
        self.git(checkout, time, &["add", "-A"]);
        self.git(checkout, time, &["commit", "-q", "-m", "manifest"]);
    }

    /// What a terminal of such a width shows when this is typed in a checkout, with escapes readable; the variable is set.
    fn shown(&self, checkout: &str, line: &str, width: usize, variable: &str) -> String {
        let (width, home) = (width.to_string(), self.home.path());
        let env = |name: &str| -> Option<OsString> {
            match name {
                "GH_FORCE_TTY" => Some(width.clone().into()),
                "GH_PMU_CACHE_DIR" => Some(home.join("gh-pmu/cache").into()),
                name => (name == variable).then(|| "1".into()),
            }
        };
        let zone = || TimeZone::UTC;
        let clock = Clock { now: now(), zone: &zone };
        let config = Config::load(&env, Some(&self.checkout(checkout))).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let terminal = Terminal::detect(&TerminalWishes::read(&env));
        let mut output = Output::new(&mut out, &mut err, terminal, &|| None, now());
        let mut context = Context {
            config: &config,
            output: &mut output,
            clock,
            now: Now { nanos: now().get() * 1_000_000 },
            elapsed: &|| Duration::ZERO,
            history: History::AtHand,
            is_set_aside: false,
            does_without: false,
            is_without_past: false,
            falls_short: false,
        };
        let done = match asked(line).unwrap() {
            Asked::Nothing(_) => home::run(None, &mut context).map(drop),
            Asked::Run(given, run) => match read(&given, *run).unwrap() {
                Ready::Cached(command) => command.run(None, &mut context).map(drop),
                Ready::Bare(_) => panic!("{line}: it looks at no cache"),
            },
            _ => panic!("{line}: no command to run"),
        };
        if let Err(error) = done {
            output.error(&error);
        }
        let text = String::from_utf8([out, err].concat()).unwrap();
        text.replace(home.to_str().unwrap(), HOME).replace('\u{1b}', "\\e")
    }

    /// Compares a screen at every width with those that are kept.
    #[track_caller]
    fn assert_screen(&self, name: &str, checkout: &str, line: &str, variable: &str) {
        let mut screens = format!("$ gh pmu {line}").trim_end().to_owned() + "\n";
        for width in WIDTHS {
            // A ruler: what is longer runs past the edge.
            let edge = format!("{:─<1$}", format!("── {width} "), width);
            screens.push_str(&format!("{edge}\n{}", self.shown(checkout, line, width, variable)));
        }
        let file = format!("{SCREENS}/{name}.txt");
        if std::env::var_os("WRITE_SCREENS").is_some() {
            std::fs::write(&file, screens).unwrap();
            return;
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == screens, "{file} differs (WRITE_SCREENS=1 writes it anew); now it is:\n{screens}");
    }
}

/// A repository with versions in git, and changes that are not committed.
fn atlas(place: &Place) {
    let run = |line| drop(place.shown("atlas", line, 80, "NO_COLOR"));
    let mut trackers = Trackers::from([
        (7, ["Release: v0.8.0 (Falcon)", "2023-11-02T08:00", "2024-02-03T04:05"]),
        (12, ["Release: v0.9.0", "2024-03-01T00:00", "2024-09-30T16:00"]),
        (21, ["Release: v1.0.0 (Phoenix)", "2024-10-01T10:00", ""]),
        (25, ["Microsprint: cache-impl", "2024-09-16T08:00", "2024-09-20T15:00"]),
        (26, ["Microsprint: the parser and all of its corners, second attempt", "2024-10-03T08:00", ""]),
    ]);
    place.init("atlas");
    place.commit("atlas", "2024-10-07T09:00:00Z", &trackers);
    trackers.extend([
        (21, ["Release: v1.0.0 (Phoenix)", "2024-10-01T10:00", "2024-11-18T14:00"]),
        (
            26,
            ["Microsprint: the parser and all of its corners, second attempt", "2024-10-03T08:00", "2024-11-15T12:00"],
        ),
        (30, ["Patch: v1.0.1", "2024-11-18T14:10", ""]),
        (31, ["Branch: release/v1.1.0-rc.2 (The Long Way Round the Lake)", "2024-11-18T14:15", ""]),
        (33, ["Microsprint: 日本語の検索と並べ替え", "2024-11-18T14:16", ""]),
    ]);
    place.commit("atlas", "2024-11-18T14:20:00Z", &trackers);
    trackers.insert(30, ["Patch: v1.0.1", "2024-11-18T14:10", "2024-12-16T07:55"]);
    place.write("atlas", "2024-12-16T08:00:00Z", &trackers);
    run("cache sync");
    trackers.remove(&25);
    trackers.extend([
        (12, ["Release: v0.9.0", "2024-03-01T09:30", "2024-09-30T16:00"]),
        (33, ["Microsprint: 日本語の検索", "2024-11-18T14:16", ""]),
    ]);
    let names = ["lists", "views", "timeline", "exports", "jq", "templates", "colours"].into_iter();
    let titles = names.map(|name| &*format!("Microsprint: {name}").leak());
    trackers.extend((34..).zip(titles).map(|(number, title)| (number, [title, "2024-12-16T09:00", ""])));
    place.commit("atlas", "2024-12-16T09:15:00Z", &trackers);
    run("cache history --since last");
    trackers.extend([
        (26, ["Microsprint: the parser and all of its corners, second attempt", "2024-10-03T08:00", ""]),
        (50, ["Release: v2.0.0 (Aurora)", "2024-12-23T17:30", ""]),
        (1234, ["Release: app-v1.10.0", "", ""]),
    ]);
    place.commit("atlas", "2024-12-23T17:40:00Z", &trackers);
    trackers.insert(
        31,
        ["Branch: release/v1.1.0-rc.2 (The Long Way Round the Lake)", "2024-11-18T14:15", "2024-12-24T09:45"],
    );
    trackers.extend((51..58).map(|number| {
        let title = &*format!("Microsprint: step {}", number - 50).leak();
        (number, [title, "2024-12-24T09:40", "2024-12-24T09:45"])
    }));
    place.write("atlas", "2024-12-24T09:50:00Z", &trackers);
    run("cache sync");
}

#[test]
fn screens_are_as_they_are_kept() {
    let place = Place::new();
    atlas(&place);
    let other = "continuous-delivery-toolkit";
    place.init(other);
    let trackers = Trackers::from([
        (5, ["Release: v3.0.0-beta.1+build.20241201 (Nightingale)", "2024-12-02T08:00", ""]),
        (6, ["Microsprint: pipelines", "2024-12-02T08:00", "2024-12-20T08:00"]),
    ]);
    place.write(other, "2024-12-20T08:00:00Z", &trackers);
    drop(place.shown(other, "cache sync", 80, "NO_COLOR"));
    for (name, line) in OF_ATLAS {
        place.assert_screen(name, "atlas", line, "NO_COLOR");
    }
    place.assert_screen("release-list-in-colour", "atlas", "release list", "");
}

#[test]
fn screens_of_little_and_old_are_as_they_are_kept() {
    let place = Place::new();
    for checkout in ["new", "empty", "behind"] {
        place.init(checkout);
    }
    place.git("new", "", &["remote", "add", "origin", "https://github.com/octo-org/new"]);
    place.write("empty", "2024-12-24T10:00:00Z", &Trackers::new());
    for (name, checkout, line) in [
        ("home-new", "new", ""),
        ("release-list-empty", "empty", "release list"),
        ("status-empty", "empty", "status"),
        ("timeline-empty", "empty", "timeline"),
        ("cache-status-empty", "new", "cache status"),
    ] {
        place.assert_screen(name, checkout, line, "NO_COLOR");
    }
    let trackers = Trackers::from([(7, ["Release: v0.8.0 (Falcon)", "2023-11-02T08:00", ""])]);
    place.commit("behind", "2024-02-03T09:00:00Z", &trackers);
    let first = place.git("behind", "", &["rev-parse", "HEAD"]);
    place.commit("behind", "2024-12-03T09:00:00Z", &trackers);
    place.git("behind", "", &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    place.git("behind", "", &["reset", "-q", "--hard", &first]);
    place.assert_screen("release-list-behind", "behind", "release list", "NO_COLOR");
    place.assert_screen("release-list-behind-in-colour", "behind", "release list", "");
    std::fs::write(place.checkout("behind").join(".gh-pmu.yml"), "cache:\n  auto_sync: false\n").unwrap();
    place.write("behind", "2024-12-23T09:00:00Z", &trackers);
    place.assert_screen("cache-status-stale", "behind", "cache status", "NO_COLOR");
    place.assert_screen("cache-status-stale-all-repos", "behind", "cache status --all-repos", "NO_COLOR");
    place.assert_screen("status-stale", "behind", "status", "NO_COLOR");
}
