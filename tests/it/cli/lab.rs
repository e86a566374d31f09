//! A home, a checkout and a cache of one test's own, and the program run among them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The program, as cargo built it for these tests. Its name is asked for when they run: the shell that stands in for
/// rustc where the program is linked statically drops variables with a hyphen.
pub fn program() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_BIN_EXE_gh-pmu").expect("cargo names the program"))
}

/// What the program says where it would ask GitHub: there is no `gh` in these labs.
pub const NO_GH: &str =
    "gh was not found, and without it GitHub cannot be asked: install it from https://cli.github.com";

/// Everything that one test needs of a machine. Nothing of the tester's own is visible in it.
pub struct Lab {
    root: TempDir,
    pub home: PathBuf,
    pub checkout: PathBuf,
    pub cache: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

/// What the program says where nothing is cached of a repository.
pub fn nothing_cached(repo: &str) -> String {
    format!("nothing is cached of {repo}, and {NO_GH}\n")
}

/// What became of one run.
#[derive(Debug)]
pub struct Ran {
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Lab {
    /// A checkout with a `.git` and nothing else, and `GH_PMU_CACHE_DIR` set to a directory that is not there yet.
    pub fn new() -> Self {
        let lab = Self::without_git();
        std::fs::create_dir(lab.checkout.join(".git")).unwrap();
        lab
    }

    /// The same around a real repository of git, made by `git init`.
    pub fn with_git() -> Self {
        let lab = Self::without_git();
        lab.git(&["init", "-q"]);
        lab
    }

    /// The same with an empty directory in place of the checkout.
    pub fn without_git() -> Self {
        let root = tempfile::tempdir().unwrap();
        // Where the system's temporary directory is behind a link, the program sees the place itself.
        let real = real(root.path());
        let [home, checkout, cache] = ["home", "checkout", "cache"].map(|name| real.join(name));
        std::fs::create_dir(&home).unwrap();
        std::fs::create_dir(&checkout).unwrap();
        let variables = vec![("GH_PMU_CACHE_DIR".into(), cache.clone().into())];
        Self { root, home, checkout, cache, variables }
    }

    /// A checkout with this manifest, synced once.
    pub fn synced(manifest: &str) -> Self {
        let lab = Self::new();
        lab.write_manifest(manifest);
        lab.run(&["cache", "sync"]).ok();
        lab
    }

    /// The directory that holds all of it.
    pub fn root(&self) -> PathBuf {
        real(self.root.path())
    }

    /// Where octo-org/atlas is cached.
    pub fn store(&self) -> PathBuf {
        ["github.com", "octo-org", "atlas"].iter().fold(self.cache.clone(), |dir, name| dir.join(name))
    }

    pub fn manifest_path(&self) -> PathBuf {
        self.checkout.join(".github").join("pmu-cache.json")
    }

    /// Puts a manifest into the working tree as git does: under its name it is complete or not there.
    pub fn write_manifest(&self, content: impl AsRef<[u8]>) {
        let path = self.manifest_path();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let temporary = path.with_extension("new");
        std::fs::write(&temporary, content).unwrap();
        std::fs::rename(temporary, path).unwrap();
    }

    /// Another directory with this manifest, beside the checkout.
    pub fn other(&self, manifest: &str) -> PathBuf {
        let other = self.root().join("other");
        std::fs::create_dir_all(other.join(".github")).unwrap();
        std::fs::write(other.join(".github/pmu-cache.json"), manifest).unwrap();
        other
    }

    /// Writes a file into the checkout.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.checkout.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Sets a variable for every later run.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.unset(name);
        self.variables.push((name.into(), value.into()));
    }

    /// Takes a variable away from every later run.
    pub fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// The program in the checkout, not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(args).current_dir(&self.checkout).stdin(Stdio::null());
        self.enclose(&mut command);
        command
    }

    /// Gives a command the lab's environment and nothing of the tester's.
    pub fn enclose(&self, command: &mut Command) {
        command.env_clear().env("HOME", &self.home).envs(self.variables.iter().map(|(name, value)| (name, value)));
        for kept in ["PATH", "SystemRoot"] {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        command.env("GIT_CONFIG_GLOBAL", self.home.join("no-gitconfig")).env("GIT_CONFIG_NOSYSTEM", "1");
        // Whatever `gh` this machine has: nobody asks GitHub from here.
        command.env("GH_PATH", self.home.join("no-gh"));
        if cfg!(windows) {
            command.env("APPDATA", self.home.join("AppData"));
        }
    }

    /// Runs the program in the checkout.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Runs the program in the checkout with some more variables.
    pub fn run_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Ran {
        self.command(args).envs(variables.iter().copied()).output().unwrap().into()
    }

    /// Runs the program in another directory.
    pub fn run_in(&self, dir: &Path, args: &[&str]) -> Ran {
        self.command(args).current_dir(dir).output().unwrap().into()
    }

    /// Starts the program in the checkout, both streams piped.
    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs git in the checkout.
    pub fn git_may_fail(&self, args: &[&str]) -> Ran {
        let mut git = Command::new("git");
        self.enclose(git.args(args).current_dir(&self.checkout));
        git.output().unwrap().into()
    }

    /// Runs git in the checkout; it must succeed, and may have hints.
    pub fn git(&self, args: &[&str]) -> String {
        let ran = self.git_may_fail(args);
        assert_eq!(ran.code, Some(0), "git {args:?}: {}", ran.err);
        ran.out
    }

    /// Commits all that is in the checkout, changed or not.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        self.git(&[&identity[..], &["commit", "-q", "--allow-empty", "-m", message]].concat());
    }

    /// The JSON of a command that must succeed in silence.
    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(args).ok()).unwrap()
    }

    /// `cache status --json` of the one repository that is cached.
    pub fn status(&self) -> Value {
        let status = self.json(&["cache", "status", "--json"]);
        assert_eq!(status["repos"].as_array().unwrap().len(), 1, "{status}");
        status["repos"][0].clone()
    }

    /// Every file below the cache's directory.
    pub fn cached_files(&self) -> Files {
        files_below(&self.cache)
    }
}

impl Ran {
    /// Standard output of a run that succeeded and said nothing else.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!((self.code, &*self.err), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// Standard error of a run that failed with 1, and had nothing else to say.
    #[track_caller]
    pub fn fails(self) -> String {
        assert_eq!((self.code, &*self.out), (Some(1), ""), "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.err
    }

    /// Both streams of a run that succeeded with something to say.
    #[track_caller]
    pub fn warns(self) -> (String, String) {
        assert_eq!(self.code, Some(0), "{}", self.err);
        assert!(self.err.starts_with("! ") && self.err.ends_with('\n'), "{:?}", self.err);
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        (self.out, self.err)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Paths with their mode (where there are modes), and content (directories have none).
pub type Files = BTreeMap<PathBuf, (u32, Option<Vec<u8>>)>;

/// Everything below a directory, itself left out; nothing where it is not there.
pub fn files_below(dir: &Path) -> Files {
    let mut files = Files::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = std::fs::read_dir(&dir) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_dir() { None } else { Some(std::fs::read(&path).unwrap()) };
            if content.is_none() {
                dirs.push(path.clone());
            }
            files.insert(path, (mode(&metadata), content));
        }
    }
    files
}

/// Fails naming the paths that differ.
#[track_caller]
pub fn assert_same(before: &Files, after: &Files, what: impl std::fmt::Debug) {
    let all: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differing: Vec<_> = all.into_iter().filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(differing.is_empty(), "{what:?}: {differing:?}");
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_metadata: &std::fs::Metadata) -> u32 {
    0
}

/// The tab-separated columns of each line.
pub fn columns(out: &str) -> Vec<Vec<&str>> {
    out.lines().map(|line| line.split('\t').collect()).collect()
}

/// The first column of each line.
pub fn numbers(out: &str) -> Vec<u64> {
    columns(out).iter().map(|line| line[0].parse().unwrap()).collect()
}

/// The words of a command line that has no quotes.
pub fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// The place itself, without links, as people write it: not in the long form (`\\?\C:\...`) of Windows.
fn real(path: &Path) -> PathBuf {
    let real = path.canonicalize().unwrap();
    text(&real).strip_prefix(r"\\?\").map(PathBuf::from).unwrap_or(real)
}

/// Whether a file's name begins so.
pub fn is_named(path: &Path, start: &str) -> bool {
    path.file_name().is_some_and(|name| text(name.as_ref()).starts_with(start))
}

/// The path as text.
pub fn text(path: &Path) -> &str {
    OsStr::to_str(path.as_os_str()).unwrap()
}
