//! Which repository: host, owner and name, validated so that they are safe as directory names.

use std::fmt;
use std::path::Path;

/// A repository of GitHub. Compared without case, shown as first written.
#[derive(Clone, Debug)]
pub struct Repo {
    host: String,
    owner: String,
    name: String,
}

/// Why a text names no repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepoError {
    /// Not `OWNER/REPO` or `HOST/OWNER/REPO`.
    #[error("expected the \"[HOST/]OWNER/REPO\" format")]
    Form,
    /// A host outside letters, digits, `-` and `.`.
    #[error("a host has only letters, digits, \"-\" and \".\"")]
    Host,
    /// An owner outside GitHub's alphabet.
    #[error("an owner has only letters, digits, \"-\" and \"_\"")]
    Owner,
    /// A name outside GitHub's alphabet.
    #[error("a repository's name has only letters, digits, \"-\", \"_\" and \".\"")]
    Name,
}

/// GitHub's limit of a repository's name; its limit of an owner's is lower. Directory names may have 255 bytes.
const MAX_LEN: usize = 100;
const MAX_HOST_LEN: usize = 253;

impl Repo {
    /// The host that is meant where none is named.
    pub const DEFAULT_HOST: &'static str = "github.com";

    /// # Errors
    /// A part outside GitHub's alphabet: nothing that passes can leave the directory it is joined to.
    pub fn new(host: &str, owner: &str, name: &str) -> Result<Self, RepoError> {
        let alphanumeric_or =
            |text: &str, also: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c));
        let fits = |text: &str| !text.is_empty() && text.len() <= MAX_LEN;
        // A leading dot is reserved for the cache's own files beside the hosts.
        let labels = host.split('.').all(|label| !label.is_empty() && !label.starts_with('-'));
        if host.len() > MAX_HOST_LEN || !labels || !alphanumeric_or(host, "-.") {
            return Err(RepoError::Host);
        }
        if !fits(owner) || owner.starts_with('-') || !alphanumeric_or(owner, "-_") {
            return Err(RepoError::Owner);
        }
        if !fits(name) || matches!(name, "." | "..") || !alphanumeric_or(name, "-_.") {
            return Err(RepoError::Name);
        }
        Ok(Self { host: normalized(host), owner: owner.to_owned(), name: name.to_owned() })
    }

    /// Reads `[HOST/]OWNER/REPO`.
    ///
    /// # Errors
    /// As [`Self::new`], and any other number of parts.
    pub fn parse(text: &str, default_host: &str) -> Result<Self, RepoError> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            [owner, name] => Self::new(default_host, owner, name),
            [host, owner, name] => Self::new(host, owner, name),
            _ => Err(RepoError::Form),
        }
    }

    /// Lower case, such as `github.com`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The user or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Three directory names, lower-cased: equal for equal repositories, none of them `.`, `..` or empty, and each one
    /// that every system can hold.
    pub fn dir_names(&self) -> [String; 3] {
        [&self.host, &self.owner, &self.name].map(|name| Self::dir_name(name))
    }

    /// One of [`Self::dir_names`].
    pub fn dir_name(part: &str) -> String {
        let (before, after) = escapes(part);
        format!("{before}{}{after}", part.to_ascii_lowercase())
    }

    /// Whether a path ends with the [`Self::dir_names`] of the repository that `text` names; without making them, as
    /// thousands of stores are asked.
    pub fn is_dir_of(dir: &Path, text: &str) -> bool {
        let mut parts = text.rsplit('/').chain(std::iter::once(Self::DEFAULT_HOST));
        let mut names = dir.iter().rev();
        let is_each = (0..3).all(|_| match (names.next(), parts.next()) {
            (Some(name), Some(part)) => is_dir_name(name.as_encoded_bytes(), part),
            _ => false,
        });
        // A text with a host leaves the one that is meant without.
        is_each && parts.nth(1).is_none()
    }

    /// The page of one issue.
    pub fn issue_url(&self, number: super::TrackerNumber) -> String {
        format!("https://{}/{}/{}/issues/{number}", self.host, self.owner, self.name)
    }
}

/// The host as `gh` has it: lower case, without `www.`, and GitHub's own names for other services are GitHub.
fn normalized(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let is_github = host.strip_suffix(Repo::DEFAULT_HOST).is_some_and(|rest| rest.ends_with('.'));
    match host.strip_prefix("www.") {
        _ if is_github => Repo::DEFAULT_HOST.to_owned(),
        Some(rest) if rest.contains('.') => rest.to_owned(),
        _ => host,
    }
}

/// What is put before and after a part that not every system can hold: Windows has devices of some names, with any
/// extension, and drops a dot at the end. No name of GitHub's has a `~`.
fn escapes(part: &str) -> (&'static str, &'static str) {
    let stem = part.split('.').next().unwrap_or(part);
    let numbered = |prefix: &str| {
        stem.len() == 4 && stem.ends_with(|c: char| c.is_ascii_digit()) && stem[..3].eq_ignore_ascii_case(prefix)
    };
    let is_device = ["con", "prn", "aux", "nul"].iter().any(|device| stem.eq_ignore_ascii_case(device))
        || numbered("com")
        || numbered("lpt");
    (if is_device { "~" } else { "" }, if part.ends_with('.') { "~" } else { "" })
}

fn is_dir_name(name: &[u8], part: &str) -> bool {
    let (before, after) = escapes(part);
    let rest = name.strip_prefix(before.as_bytes()).and_then(|rest| rest.strip_suffix(after.as_bytes()));
    rest.is_some_and(|rest| rest.iter().copied().eq(part.bytes().map(|byte| byte.to_ascii_lowercase())))
}

/// `OWNER/REPO` on github.com, `HOST/OWNER/REPO` elsewhere, as `gh` prints it.
impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host != Self::DEFAULT_HOST {
            write!(f, "{}/", self.host)?;
        }
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl PartialEq for Repo {
    fn eq(&self, other: &Self) -> bool {
        self.host == other.host
            && self.owner.eq_ignore_ascii_case(&other.owner)
            && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl Eq for Repo {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Repo, RepoError> {
        Repo::parse(text, Repo::DEFAULT_HOST)
    }

    #[test]
    fn names_that_windows_cannot_hold_are_escaped_everywhere() {
        for (name, dir) in
            [("aux.txt", "~aux.txt"), ("CON", "~con"), ("com1", "~com1"), ("name.", "name.~"), ("com10", "com10")]
        {
            let repo = Repo::new("github.com", "o", name).unwrap();
            assert_eq!(repo.dir_names()[2], dir);
            for text in [format!("O/{name}"), format!("github.com/o/{name}")] {
                let is_dir = |dir: &str| Repo::is_dir_of(Path::new(dir), &text);
                assert!(is_dir(&format!("/cache/github.com/o/{dir}")), "{text}");
                for other in [
                    format!("github.com/O/{dir}"),
                    format!("o/{dir}"),
                    format!("ghe.com/o/{dir}"),
                    format!("github.com/o/{dir}x"),
                ] {
                    assert!(!is_dir(&other), "{text} {other}");
                }
            }
            assert!(!Repo::is_dir_of(Path::new("x/github.com/o/r"), "x/github.com/o/r"));
        }
    }

    #[test]
    fn case_is_kept_for_show_and_ignored_in_comparison_and_directories() {
        let (a, b) = (parse("Moq-WG/MOQ.transport").unwrap(), parse("github.com/moq-wg/moq.Transport").unwrap());
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "Moq-WG/MOQ.transport");
        assert_eq!(a.dir_names(), ["github.com", "moq-wg", "moq.transport"]);
        assert_eq!(parse("GHE.example.com/o/r").unwrap().to_string(), "ghe.example.com/o/r");
    }

    #[test]
    fn other_names_of_a_host_are_that_host() {
        for host in ["www.github.com", "WWW.GitHub.com", "api.github.com", "ssh.github.com", "github.com"] {
            assert_eq!(parse(&format!("{host}/o/r")).unwrap().host(), "github.com", "{host}");
        }
        for (host, expected) in
            [("www.ghe.example.com", "ghe.example.com"), ("x.notgithub.com", "x.notgithub.com"), ("www.com", "www.com")]
        {
            assert_eq!(parse(&format!("{host}/o/r")).unwrap().host(), expected);
        }
    }

    #[test]
    fn no_accepted_name_leaves_the_cache() {
        for text in [
            "",
            "/",
            "o",
            "o/",
            "/r",
            "o/r/",
            "o/..",
            "../r",
            "o/.",
            "o//r",
            "h/o/r/x",
            "/etc/passwd",
            "..//r",
            "o/r\0",
            "o/r\n",
            "o r/x",
            "ö/r",
            "o/r\\x",
            "-o/r",
            "../../etc/x",
            ".hidden/o/r",
            "a..b/o/r",
            "C:/o/r",
            "h:80/o/r",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&format!("o/{}", "r".repeat(101))).is_err());
    }
}
