//! Rows about the past: history, and taking it from git.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use peers::Result;
use peers::time::rfc3339;

use crate::lab::{Build, Checkout, DAY, Lab, PROGRAM};
use crate::lists::floor;
use crate::measure::{Contestant, Row};
use crate::process::Command;

const LIST: [&str; 2] = ["release", "list"];
const REMOTE: &str = "https://github.com/owner/name.git";

/// `cache history --since 1d` of 1 M events, one of them an hour old.
pub fn history(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.checkout(1_000_000)?;
    let history = |build: &Build| lab.program(build, &checkout, &["cache", "history", "--since", "1d"]);
    Ok(Row::new("cache history --since 1d, 1 M events", rounds)
        .with(floor(lab))
        .with_program(lab, "", |build| Contestant::of(history(build)).prints_lines(1))
        .budget(PROGRAM, 2.0, "floor"))
}

/// The history of the one tracker of a repository that was closed and reopened 30,000 times.
pub fn history_of_one(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    const EVENTS: u64 = 30_000;
    let checkout = Checkout::in_dir(lab.path("one"));
    fs::create_dir_all(&checkout.dir)?;
    init(lab, &checkout)?;
    import(lab, &checkout, EVENTS, |version| {
        let at = lab.now - (EVENTS - version) * 600;
        let created = rfc3339(lab.now - 900 * DAY);
        let (state, closed) =
            if version % 2 == 0 { ("OPEN", "null".to_owned()) } else { ("CLOSED", format!("\"{}\"", rfc3339(at))) };
        let title = r#""title": "Release: v1.0.0""#;
        let times = format!(r#""createdAt": "{created}", "closedAt": {closed}"#);
        let tracker = format!(r#"{{"number": 7, {title}, "state": "{state}", {times}}}"#);
        (at, manifest_of(at, &tracker))
    })?;
    for build in lab.builds() {
        lab.program(build, &checkout, &["cache", "rebuild", "--yes"]).ask(&lab.scratch())?;
        lab.program(build, &checkout, &["cache", "rebuild"]).ask(&lab.scratch())?;
    }
    let history = |build: &Build, args: &[&str], lines| {
        let args = [&["cache", "history", "--number", "7"], args].concat();
        Contestant::of(lab.program(build, &checkout, &args)).prints_lines(lines)
    };
    Ok(Row::new("cache history --number N, 30,000 events of one tracker", rounds)
        .with(floor(lab))
        .with_program(lab, "-L 3", |build| history(build, &["-L", "3"], 3))
        .with_program(lab, "all", |build| history(build, &[], EVENTS as usize))
        .budget("gh-pmu -L 3", 2.0, "floor")
        .within("gh-pmu all", 100.0))
}

fn manifest_of(at: u64, tracker: &str) -> String {
    let at = rfc3339(at);
    format!(
        r#"{{"version": 1, "updated_at": "{at}", "repo": "owner/name", "releases": [{tracker}], "microsprints": []}}"#
    )
}

/// Taking the history of the manifest from git, beside a git that prints the same history.
pub fn rebuild(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    const VERSIONS: u64 = 20;
    let checkout = lab.fresh_checkout("rebuild", 100_000)?;
    fs::remove_dir_all(checkout.dir.join(".git"))?;
    init(lab, &checkout)?;
    for version in 0..VERSIONS {
        let at = lab.now - (VERSIONS - version) * DAY;
        lab.generate(&checkout.manifest, 100_000, 20 * version, at)?;
        git(lab, &checkout, &["add", ".github"], at)?;
        git(lab, &checkout, &["commit", "-q", "-m", "chore: update the tracker cache"], at)?;
    }
    let row = Row::new(format!("cache rebuild, {VERSIONS} versions of 100 k"), rounds);
    Ok(with_rebuild(lab, row, &checkout)?.budget(PROGRAM, 0.6, "git log -p"))
}

/// The same of a real repository: 140 versions of up to 518 trackers.
pub fn rebuild_real(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/moq-transport.bundle");
    let checkout = Checkout::in_dir(lab.path("real"));
    fs::create_dir_all(&checkout.dir)?;
    let bundle = bundle.to_str().ok_or("the repository lies where git cannot be told of")?;
    git(lab, &checkout, &["clone", "-q", bundle, "."], lab.now)?;
    git(lab, &checkout, &["remote", "set-url", "origin", "https://github.com/moq-wg/moq-transport.git"], lab.now)?;
    let row = Row::new("cache rebuild, 140 versions of moq-transport", rounds);
    Ok(with_rebuild(lab, row, &checkout)?.within(PROGRAM, 120.0))
}

fn with_rebuild<'l>(lab: &'l Lab, row: Row<'l>, checkout: &Checkout) -> Result<Row<'l>> {
    let log = Command::new(&git_file()?, &checkout.dir);
    let log = lab.with_env(log).args(["log", "-p", "--first-parent", "--reverse", "--", ".github/pmu-cache.json"]);
    let rebuild = |build: &Build| lab.program(build, checkout, &["cache", "rebuild"]);
    Ok(row
        .expecting(lab.peer("nocache", &["list-all"]).arg(&checkout.manifest))
        .writes()
        .with(Contestant::new("git log -p", log))
        .with_program(lab, "", |build| Contestant::of(rebuild(build)).afterwards(lab.program(build, checkout, &LIST))))
}

fn git_file() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|file| file.is_file());
    found.ok_or_else(|| "no git on this machine".into())
}

fn init(lab: &Lab, checkout: &Checkout) -> Result<()> {
    git(lab, checkout, &["init", "-q", "-b", "main"], lab.now)?;
    git(lab, checkout, &["remote", "add", "origin", REMOTE], lab.now)
}

fn git_process(lab: &Lab, checkout: &Checkout, args: &[&str], at: u64) -> Result<Process> {
    let date = rfc3339(at);
    let mut process = Process::new(git_file()?);
    process
        .args([
            "-c",
            "user.name=Bench",
            "-c",
            "user.email=bench@example.com",
            "-c",
            "gc.auto=0",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .current_dir(&checkout.dir)
        .env("HOME", lab.path("home"))
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date);
    Ok(process)
}

/// Runs git in a checkout, at a time.
pub fn git(lab: &Lab, checkout: &Checkout, args: &[&str], at: u64) -> Result<()> {
    let status = git_process(lab, checkout, args, at)?.status()?;
    if status.success() { Ok(()) } else { Err(format!("git {} failed", args.join(" ")).into()) }
}

/// Commits `count` versions of the manifest, and puts the last one into the working tree.
fn import(lab: &Lab, checkout: &Checkout, count: u64, version: impl Fn(u64) -> (u64, String)) -> Result<()> {
    let mut stream = String::new();
    for number in 0..count {
        let (at, text) = version(number);
        let who = format!("committer Bench <bench@example.com> {at} +0000");
        writeln!(stream, "commit refs/heads/main\n{who}\ndata 0\nM 644 inline .github/pmu-cache.json")?;
        writeln!(stream, "data {}\n{text}", text.len())?;
    }
    let mut import = git_process(lab, checkout, &["fast-import", "--quiet"], lab.now)?.stdin(Stdio::piped()).spawn()?;
    import.stdin.take().ok_or("git has no standard input")?.write_all(stream.as_bytes())?;
    if !import.wait()?.success() {
        return Err("git fast-import failed".into());
    }
    git(lab, checkout, &["reset", "-q", "--hard"], lab.now)
}
