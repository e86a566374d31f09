//! Where `init` writes: the working tree, and the file for the section in it. Owns the look at directories; must not
//! know what is written.

use std::path::{Path, PathBuf};

use crate::config;
use crate::exit::Error;

/// The file that holds the section where the other cannot stay.
pub const OWN_FILE: &str = ".github/pmu.yml";
/// The configuration of another program, which removes `.gh-pmu.yml` beside it.
const OTHER_PROGRAM: &str = ".gh-pmu.json";

/// Returns the root of the working tree around `cwd`.
///
/// # Errors
/// There is none, as in a bare repository.
pub fn working_tree(cwd: &Path) -> Result<PathBuf, Error> {
    for dir in cwd.ancestors() {
        if config::is_checkout(dir) {
            return Ok(dir.to_path_buf());
        }
        if is_git_dir(dir) {
            return Err(Error::new(format!("not a git repository with a working tree: {}", dir.display()))
                .with_hint("Run it in a checkout of the repository."));
        }
    }
    Err(Error::new(format!("not a git repository (or any of the parent directories): {}", cwd.display()))
        .with_hint("Run it in a checkout; `git init` makes one."))
}

/// Returns whether git would take the directory itself for a repository, as it does a bare one.
fn is_git_dir(dir: &Path) -> bool {
    dir.join("HEAD").is_file() && dir.join("objects").is_dir() && dir.join("refs").is_dir()
}

/// Returns the file between `cwd` and the root that counts there instead of that of the root.
pub fn nearer(cwd: &Path, root: &Path) -> Option<PathBuf> {
    let dirs = cwd.ancestors().take_while(|dir| *dir != root);
    dirs.map(|dir| dir.join(config::FILE_NAME)).find(|path| path.exists())
}

/// Returns whether another program would remove `.gh-pmu.yml`.
pub fn is_shared(root: &Path) -> bool {
    std::fs::symlink_metadata(root.join(OTHER_PROGRAM)).is_ok()
}
