//! A user's home, a GitHub, and the program run as that user does: nothing of the machine's shows through.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::fake::Fake;
use crate::shared::network::without_network;

pub struct Lab {
    dir: tempfile::TempDir,
    pub github: Fake,
    variables: Vec<(String, String)>,
    cwd: PathBuf,
}

/// What a run left.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Lab {
    /// `None` where there is no `gh` and that is not CI.
    pub fn new() -> Option<Self> {
        if !has_gh() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "gh is missing");
            eprintln!("left out: gh is missing");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path.display().to_string()
        };
        let github = Fake::start(dir.path());
        let gh_config = path("gh");
        let config = format!("version: \"1\"\nhttp_unix_socket: {}\n", github.socket.display());
        std::fs::write(Path::new(&gh_config).join("config.yml"), config).unwrap();
        let variables = [
            // The first gh on it is the one that is tested: `scripts/newer-gh` puts another there.
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", path("home")),
            ("GH_CONFIG_DIR", gh_config),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_DATA_HOME", path("data")),
            ("XDG_STATE_HOME", path("state")),
            ("XDG_CACHE_HOME", path("cache")),
            ("GH_TOKEN", "dummy".to_owned()),
            ("GH_NO_UPDATE_NOTIFIER", "1".to_owned()),
            ("GH_PROMPT_DISABLED", "1".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let cwd = PathBuf::from(path("work"));
        Some(Self { dir, github, variables, cwd })
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// The directory of the cache, made or not.
    pub fn cache(&self) -> PathBuf {
        self.dir().join("config/gh-pmu/cache")
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// Makes the working directory a checkout of a repository.
    pub fn checkout(&self, url: &str) {
        for arguments in [&["init", "-q"][..], &["remote", "add", "origin", url]] {
            assert_eq!(self.run_program("git", arguments).code, Some(0));
        }
    }

    pub fn write(&self, name: &str, content: &str) {
        let path = self.cwd.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// The program itself.
    pub fn run(&self, line: &str) -> Run {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        self.run_program(&program(), &arguments)
    }

    /// Any program, without network where that can be had.
    pub fn run_program(&self, program: &str, arguments: &[&str]) -> Run {
        let output: Output = self.command(program, arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
    }

    /// What runs it.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut words = without_network().to_vec();
        words.push(program);
        words.extend(arguments);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().envs(self.variables.iter().cloned()).current_dir(&self.cwd);
        command.stdin(Stdio::null());
        command
    }

    /// `cache status --json`, of the one repository there is.
    pub fn status(&self) -> Value {
        let run = self.run("cache status --json");
        assert_eq!(run.code, Some(0), "{run:?}");
        let status: Value = serde_json::from_str(&run.stdout).unwrap();
        let repos = status["repos"].as_array().unwrap();
        assert!(repos.len() <= 1);
        repos.first().cloned().unwrap_or_default()
    }

    /// A list that must succeed, as lines.
    pub fn list(&self, line: &str) -> Vec<String> {
        let run = self.run(line);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
        run.stdout.lines().map(str::to_owned).collect()
    }
}

/// The program under test. (Asked for at run time: a compiler that is started by a shell does not hear of a variable
/// with a `-` in its name.)
pub fn program() -> String {
    std::env::var("CARGO_BIN_EXE_gh-pmu").unwrap()
}

fn has_gh() -> bool {
    let started = Command::new("gh").arg("--version").stdout(Stdio::null()).status();
    started.is_ok_and(|status| status.success())
}
