//! A machine of GitHub's, as far as the workflow needs it: a repository, a checkout of it, and the steps run in order.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gh_pmu::manifest::{self, Manifest};
use tempfile::TempDir;

use super::fake::Fake;
use super::yaml::Yaml;

pub const MANIFEST: &str = ".github/pmu-cache.json";
pub const WORKFLOW: &str = ".github/workflows/pmu-cache.yml";
pub const COLLECTOR: &str = ".github/workflows/pmu-collector.yml";

/// Runs `gh pmu` itself, away from the user's files.
pub fn gh_pmu(dir: &Path, args: &[&str]) -> Output {
    // Not `env!`: the name does not survive the shell that rustc is called through.
    let mut command = Command::new(std::env::var_os("CARGO_BIN_EXE_gh-pmu").unwrap());
    command.current_dir(dir).args(args).env_clear().env("HOME", "/nonexistent");
    command.output().unwrap()
}

/// Whether the programs are there that the workflow's scripts need. Where tests must not be skipped, they must be.
pub fn has_tools() -> bool {
    let is_missing = |tool: &&str| Command::new(tool).arg("--version").output().is_err();
    let missing: Vec<&str> = ["bash", "gh", "git", "jq"].into_iter().filter(is_missing).collect();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "missing: {}", missing.join(", "));
    #[allow(clippy::print_stderr, reason = "what is left out must be seen")]
    {
        eprintln!("skipped: missing {}", missing.join(", "));
    }
    false
}

/// What became of one run of the workflow.
#[derive(Debug)]
pub struct Run {
    pub ok: bool,
    pub log: String,
}

/// A repository with the workflow in it, and its GitHub.
pub struct World {
    dir: TempDir,
    pub fake: Fake,
    workflow: &'static str,
}

impl World {
    /// `None` where tools are missing. `init --workflow` has been run with the arguments.
    pub fn new(args: &[&str]) -> Option<Self> {
        Self::set_up(WORKFLOW, &[&["--workflow"], args].concat())
    }

    /// The same, for the workflow that collects.
    pub fn collecting(args: &[&str]) -> Option<Self> {
        Self::set_up(COLLECTOR, &[&["--collector"], args].concat())
    }

    fn set_up(workflow: &'static str, args: &[&str]) -> Option<Self> {
        if !has_tools() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let fake = Fake::start(&dir.path().join("gh.sock"));
        let world = Self { dir, fake, workflow };
        for name in ["home", "config", "bin", "tmp"] {
            fs::create_dir(world.path(name)).unwrap();
        }
        let socket = world.path("gh.sock");
        fs::write(world.path("config/config.yml"), format!("version: \"1\"\nhttp_unix_socket: {}\n", socket.display()))
            .unwrap();
        // Nobody waits in a test; how often the script would have is told.
        world.script("sleep", "echo \"sleep $1\" >&2");
        world.git(".", &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        world.git(".", &["clone", "-q", "origin.git", "team"]);
        world.git("team", &["checkout", "-q", "-b", "main"]);
        fs::write(world.path("team/README.md"), "# atlas\n").unwrap();
        let init = gh_pmu(&world.path("team"), &[&["init"], args].concat());
        assert!(init.status.success(), "{init:?}");
        world.git("team", &["add", "."]);
        world.git("team", &["commit", "-q", "-m", "Set up"]);
        world.git("team", &["push", "-q", "origin", "main"]);
        Some(world)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Puts a program before those of the machine.
    pub fn script(&self, name: &str, body: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/bash\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Where git is, for scripts that stand before it.
    pub fn real_git(&self) -> String {
        let found = Command::new("bash").args(["-c", "command -v git"]).output().unwrap().stdout;
        String::from_utf8(found).unwrap().trim().to_owned()
    }

    /// A command with nothing of the user's in its environment.
    fn command(&self, program: impl AsRef<OsStr>, dir: &str) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([self.path("bin")].into_iter().chain(std::env::split_paths(&path))).unwrap();
        command.env_clear().current_dir(self.path(dir)).env("PATH", path).env("HOME", self.path("home"));
        command.env("TMPDIR", self.path("tmp")).env("GH_CONFIG_DIR", self.path("config"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GH_NO_UPDATE_NOTIFIER", "1");
        command
    }

    /// What git prints.
    pub fn git(&self, dir: &str, args: &[&str]) -> String {
        let mut git = self.command("git", dir);
        let output = git.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The checkout action, as far as it matters: the last commit of the default branch, in a directory of its own.
    pub fn check_out(&self, dir: &str) {
        let url = format!("file://{}", self.path("origin.git").display());
        self.git(".", &["clone", "-q", "--depth=1", "--no-tags", &url, dir]);
    }

    /// The steps behind the checkout, as commands that have not been run.
    pub fn steps(&self, dir: &str) -> Vec<Command> {
        let workflow = Yaml::parse(&fs::read_to_string(self.path(dir).join(self.workflow)).unwrap());
        let (_, job) = &workflow.at(&["jobs"]).entries()[0];
        let scripts = job.at(&["steps"]).list().iter().filter(|step| step.get("run").is_some());
        let command = |step: &Yaml| {
            // As GitHub calls it where no shell is named.
            let file = self.path("tmp").join(format!("{dir}.sh"));
            fs::write(&file, step.at(&["run"]).text()).unwrap();
            let mut bash = self.command("bash", dir);
            bash.arg("-e").arg(file);
            for (name, value) in [job, step].iter().filter_map(|holder| holder.get("env")).flat_map(Yaml::entries) {
                let value = value.text().replace("${{ github.token }}", "t0ken");
                let value = value.replace("${{ secrets.PMU_COLLECTOR_TOKEN }}", self.fake.secret());
                assert!(!value.contains("${{"), "{value}");
                bash.env(name, value);
            }
            bash.env("GITHUB_REPOSITORY", "octo-org/atlas").env("GITHUB_SERVER_URL", "https://github.com");
            bash.env("GITHUB_REPOSITORY_OWNER", "octo-org");
            bash
        };
        scripts.map(command).collect()
    }

    /// Checks out into `dir` and runs the workflow there.
    pub fn run(&self, dir: &str) -> Run {
        self.check_out(dir);
        let mut run = Run { ok: true, log: String::new() };
        for mut step in self.steps(dir) {
            run = ended(&step.output().unwrap());
        }
        run
    }

    /// The manifest on the branch as a file.
    pub fn manifest(&self, branch: &str) -> String {
        self.git("origin.git", &["cat-file", "blob", &format!("{branch}:{MANIFEST}")])
    }

    /// How many commits the branch has.
    pub fn commits(&self, branch: &str) -> usize {
        self.git("origin.git", &["rev-list", "--count", branch]).trim().parse().unwrap()
    }
}

/// Success, and both streams.
pub fn ended(output: &Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { ok: output.status.success(), log: text(&output.stdout) + &text(&output.stderr) }
}

/// The manifest as the program reads it.
pub fn parsed(text: &str) -> Manifest<'_> {
    let manifest = manifest::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(manifest.repo.as_ref().map(ToString::to_string).as_deref(), Some("octo-org/atlas"));
    manifest
}
