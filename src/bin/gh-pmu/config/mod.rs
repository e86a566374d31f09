//! What the environment and the checkout say. Owns every look at an environment variable and at configurations; must
//! not know the store or what is printed.
//!
//! A repository's configuration comes with a clone and is not trusted: see [`cache`] for what it may name.

mod cache;
mod env;
mod file;
mod lists;
mod shell;
mod yaml;

use std::path::{Path, PathBuf};

use gh_pmu::git::{Checkout, Naming};
use gh_pmu::manifest::USUAL_PATH;
use gh_pmu::model::Repo;
use gh_pmu::sync::Hosting;

use crate::exit::Error;
pub use cache::{CacheSection, DEFAULT_PATH, is_branch, read as cache_section};
pub use env::{
    Env, PagerCommand, TerminalWishes, browser, delegate, gh, home, local_zone, process_env, temporary_dir,
    utf8_variables,
};
pub use file::{FILE_NAME, MAX_LEN};
pub use lists::manifest_of_lists;
pub use yaml::{Malformed, not_yaml};

/// Why there may be no directory for caches.
pub const HOMELESS: &str = "there is no home directory to keep the cache in";
/// No system has a file of such a name: nothing is found there, and nothing made.
const NOWHERE: &str = "\0";

/// Everything that commands need to know about their surroundings.
#[derive(Debug)]
pub struct Config {
    /// The directory of all caches.
    pub cache_dir: PathBuf,
    /// Whether there is one.
    has_cache_dir: bool,
    /// The root of the checkout around the working directory.
    pub checkout: Option<PathBuf>,
    /// The file with the section that was read.
    pub file: Option<PathBuf>,
    /// Its `cache:` section, with defaults where it says nothing.
    pub cache: CacheSection,
    /// The working directory, if it is still there.
    cwd: Option<PathBuf>,
    /// Lines for standard error.
    pub warnings: Vec<String>,
    /// `GH_REPO`.
    gh_repo: Option<String>,
    /// `GH_HOST`.
    gh_host: Option<String>,
    /// The file in which gh names the hosts that the user is signed in to.
    gh_hosts: Option<PathBuf>,
}

impl Config {
    /// Reads the environment, and the nearest section from `cwd` up to the root of its checkout. Outside any checkout only
    /// one in `cwd` itself counts.
    ///
    /// # Errors
    /// A value that cannot be, with file, line and key.
    pub fn load(env: Env<'_>, cwd: Option<&Path>) -> Result<Self, Error> {
        env::check_timeout(env)?;
        let checkout = cwd.and_then(checkout_root);
        let mut warnings = Vec::new();
        let home = env::home(env);
        let found = match cwd {
            Some(cwd) => section(cwd, checkout.as_deref(), home.as_deref(), &mut warnings)?,
            None => None,
        };
        let (file, cache) = match found {
            Some((file, section)) => (Some(file), section),
            None => (None, CacheSection::default()),
        };
        let from_file = || cache.path.clone();
        let cache_dir = env::cache_dir(env, cwd)?.or_else(from_file).or_else(|| env::default_cache_dir(env));
        let has_cache_dir = cache_dir.is_some();
        let cache_dir = cache_dir.unwrap_or_else(|| PathBuf::from(NOWHERE));
        let cwd = cwd.map(Path::to_path_buf);
        Ok(Self {
            cache_dir,
            has_cache_dir,
            checkout,
            file,
            cache,
            cwd,
            warnings,
            gh_repo: env::told(env, "GH_REPO")?,
            gh_host: env::told(env, "GH_HOST")?,
            gh_hosts: env::gh_hosts(env),
        })
    }

    /// Fails where there is no home directory to keep a cache in, and no other.
    ///
    /// # Errors
    /// The sentence, and what to set.
    pub fn check_cache_dir(&self) -> Result<(), Error> {
        if self.has_cache_dir {
            return Ok(());
        }
        Err(Error::new(HOMELESS).with_hint("Set HOME or GH_PMU_CACHE_DIR."))
    }

    /// What the user has said of hosts.
    pub fn hosting(&self) -> Hosting<'_> {
        let hosts_file = self.gh_hosts.as_deref();
        Hosting { named: self.gh_host.as_deref(), hosts_file, read_hosts: env::read_hosts }
    }

    /// The repository that `--repo` or else `GH_REPO` names.
    ///
    /// # Errors
    /// Not a repository's name.
    pub fn named_repo(&self, flag: Option<&str>) -> Result<Option<Repo>, Error> {
        let Some(text) = flag.or(self.gh_repo.as_deref()) else { return Ok(None) };
        // As gh takes them, though its help does not say so.
        if text.contains("://") || text.starts_with("git@") {
            let repo = gh_pmu::git::repo_of_url(text);
            return repo.map(Some).ok_or_else(|| Error::new(format!("{text:?} is not the URL of a repository")));
        }
        Repo::parse(text, &self.hosting().default_host()).map(Some).map_err(|error| {
            let form = "expected the \"[HOST/]OWNER/REPO\" format";
            match error {
                gh_pmu::model::RepoError::Form => Error::new(format!("{form}, got {text:?}")),
                reason => Error::new(format!("{form}, got {text:?}: {reason}")),
            }
        })
    }

    /// The checkout around the working directory.
    pub fn checkout(&self) -> Option<Checkout> {
        let git = self.checkout.as_ref().map(|root| Checkout::of_git(root.clone()));
        git.or_else(|| Checkout::find(self.cwd.as_deref()?, &self.cache.manifest))
    }

    /// The manifest: beside the `.gh-pmu.yml` that names it if it is there, else in the root of the checkout.
    pub fn manifest(&self, checkout: Option<&Checkout>) -> Option<PathBuf> {
        let beside = self.file.as_deref().map(|file| cache::base(file).join(&self.cache.manifest));
        let in_root = checkout.map(|checkout| checkout.root().join(&self.cache.manifest));
        match (beside, in_root) {
            (Some(beside), Some(in_root)) => Some(if beside != in_root && beside.is_file() { beside } else { in_root }),
            (beside, in_root) => in_root.or(beside),
        }
    }

    /// What says in each commit where the manifest is: the configurations from the directory of the one that counts up
    /// to the root. `None` where that is nowhere in the checkout.
    pub fn naming(&self, checkout: &Checkout, manifest: &Path) -> Option<Naming> {
        let root = checkout.root();
        let nearest = self.file.as_deref().map_or(root, cache::base);
        let dir = if nearest == root { String::new() } else { checkout.path_of(nearest)? };
        let is_beside = nearest != root && manifest == nearest.join(&self.cache.manifest);
        Some(Naming { dir, names: &file::NAMES, is_beside, usual: USUAL_PATH, read: cache::manifest_of })
    }
}

/// The nearest section, and its file.
fn section(
    cwd: &Path,
    root: Option<&Path>,
    home: Option<&Path>,
    warnings: &mut Vec<String>,
) -> Result<Option<(PathBuf, CacheSection)>, Error> {
    let top = root.unwrap_or(cwd);
    for dir in cwd.ancestors().take_while(|dir| dir.starts_with(top)) {
        let files = file::in_dir(dir, root, warnings)?;
        for (path, bytes) in &files {
            if let Some(section) = cache::find(path, bytes, home, warnings)? {
                return Ok(Some((path.clone(), section)));
            }
        }
        // A file without a section says: the defaults, also below a directory whose file has one.
        if let Some((path, _)) = files.into_iter().next_back() {
            return Ok(Some((path, CacheSection::default())));
        }
    }
    Ok(None)
}

/// The root of the checkout around `cwd`.
fn checkout_root(cwd: &Path) -> Option<PathBuf> {
    cwd.ancestors().find(|dir| is_checkout(dir)).map(Path::to_path_buf)
}

/// Whether there is a `.git`: a directory, or the file that a worktree or submodule has there.
pub fn is_checkout(dir: &Path) -> bool {
    std::fs::symlink_metadata(dir.join(".git")).is_ok()
}

#[cfg(test)]
mod tests;
