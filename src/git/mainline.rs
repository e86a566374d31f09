//! Whose first parents tell the history of a file that a default branch publishes.

use std::path::Path;

use super::checkout::Checkout;

const HEAD: &str = "HEAD";
/// Where a clone remembers the default branch of what it was cloned from.
const DEFAULT_BRANCH: &str = "refs/remotes/origin/HEAD";

impl Checkout {
    /// The revision that brought what is checked out its version of `path`: the newest commit of the default branch of
    /// `origin` that `HEAD` contains, if the file is the same in both; else `HEAD`.
    ///
    /// Whoever has merged the default branch into one of his own has its commits behind a second parent, and would see
    /// one version where those who only pull see many. Starts git only where `HEAD` is not that branch's tip.
    pub fn mainline(&self, path: &Path) -> String {
        self.mainline_commit(path).unwrap_or_else(|| HEAD.to_owned())
    }

    fn mainline_commit(&self, path: &Path) -> Option<String> {
        let tip = self.reference(DEFAULT_BRANCH)?;
        if self.head()? == tip {
            return None;
        }
        // Oldest first: what HEAD lacks of the branch, each with its first parent. The first one's is what HEAD has.
        let missing =
            self.output(&["log", "--first-parent", "--reverse", "--format=%P", "HEAD..refs/remotes/origin/HEAD"])?;
        let newest = match missing.lines().next() {
            Some(parents) => parents.split(' ').next().filter(|parent| !parent.is_empty())?,
            None => DEFAULT_BRANCH,
        };
        let version = |revision: &str| {
            let name = format!("{revision}:{}", path.to_str()?);
            self.output(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name])
        };
        (version(HEAD)? == version(newest)?).then(|| newest.to_owned())
    }

    /// What git prints, if it ends well.
    fn output(&self, arguments: &[&str]) -> Option<String> {
        let output = self.git().args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then_some(text)
    }
}
