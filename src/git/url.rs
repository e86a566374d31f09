//! From a remote's URL to a repository, in all forms that `gh` takes.

use super::ssh::real;
use crate::model::Repo;

/// The schemes of GitHub's hosts, and whether they are ssh.
const SCHEMES: [(&str, bool); 6] = [
    ("https://", false),
    ("ssh://", true),
    ("git+ssh://", true),
    ("git://", false),
    ("http://", false),
    ("git+https://", false),
];

/// A URL's host, owner and name, not looked at yet.
pub(super) struct Place<'u> {
    /// Without user and port.
    pub host: &'u str,
    /// Whether ssh decides what the host means.
    pub is_ssh: bool,
    owner: &'u str,
    name: &'u str,
}

/// The repository that a URL names: exactly an owner and a name behind a host. `None` for local paths, bundles and
/// whatever else is not of that form.
pub fn repo(url: &str) -> Option<Repo> {
    let place = Place::of(url)?;
    place.repo_on(place.host)
}

impl<'u> Place<'u> {
    pub(super) fn of(url: &'u str) -> Option<Self> {
        let (authority, path, is_ssh) = split(url)?;
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let (owner, name) = path.trim_matches('/').split_once('/')?;
        let name = name.strip_suffix(".git").unwrap_or(name);
        let host = host(authority)?;
        Some(Self { host: if is_ssh { real(host) } else { host }, is_ssh, owner, name })
    }

    /// The repository of that owner and name on `host`.
    pub(super) fn repo_on(&self, host: &str) -> Option<Repo> {
        let host = host.to_ascii_lowercase();
        // A "/" in the name is refused with everything else outside GitHub's alphabet.
        Repo::new(host.strip_prefix("www.").unwrap_or(&host), self.owner, self.name).ok()
    }
}

/// Authority, path, and whether it is ssh.
fn split(url: &str) -> Option<(&str, &str, bool)> {
    for (scheme, is_ssh) in SCHEMES {
        if let Some(rest) = url.strip_prefix(scheme) {
            let (authority, path) = rest.split_once('/')?;
            return Some((authority, path, is_ssh));
        }
    }
    // `[user@]host:path`, as scp has it. A local path may have a ":" too.
    if url.contains("://") || url.contains('\\') {
        return None;
    }
    let (authority, path) = url.split_once(':')?;
    (!authority.contains('/')).then_some((authority, path, true))
}

/// The host without user and port.
fn host(authority: &str) -> Option<&str> {
    let host = authority.rsplit_once('@').map_or(authority, |(_user, host)| host);
    match host.split_once(':') {
        Some((host, port)) => port.bytes().all(|c| c.is_ascii_digit()).then_some(host),
        None => Some(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> Option<String> {
        repo(url).map(|repo| repo.to_string())
    }

    #[test]
    fn every_form_that_gh_takes_names_the_repository() {
        for url in [
            "git@github.com:octo-org/atlas.git",
            "git@github.com:octo-org/atlas",
            "git@github.com:/octo-org/atlas.git/",
            "github.com:octo-org/atlas.git",
            "org-1234@github.com:octo-org/atlas.git",
            "ssh://git@github.com/octo-org/atlas.git",
            "ssh://git@github.com:22/octo-org/atlas.git",
            "ssh://git@ssh.github.com:443/octo-org/atlas.git",
            "git@ssh.github.com:octo-org/atlas.git",
            "git+ssh://git@github.com/octo-org/atlas.git",
            "git://github.com/octo-org/atlas.git",
            "http://github.com/octo-org/atlas",
            "https://github.com/octo-org/atlas.git",
            "https://github.com/octo-org/atlas/",
            "https://github.com//octo-org/atlas.git/",
            "https://www.github.com/octo-org/atlas",
            "https://GitHub.com:443/octo-org/atlas.git?x#y",
            "https://user:p@ss@github.com/octo-org/atlas.git",
            "git+https://github.com/octo-org/atlas.git",
        ] {
            assert_eq!(named(url).as_deref(), Some("octo-org/atlas"), "{url}");
        }
        assert_eq!(named("git@ghe.example.com:O/r.git").as_deref(), Some("ghe.example.com/O/r"));
        assert_eq!(named("https://github.com/o/r.git.git").as_deref(), Some("o/r.git"));
    }

    #[test]
    fn what_is_no_repository_of_a_host_names_none() {
        for url in [
            "",
            "..",
            "/srv/git/atlas.git",
            "../atlas",
            "./odd:octo-org/atlas",
            "C:\\octo-org\\atlas",
            "file:///octo-org/atlas",
            "file://github.com/octo-org/atlas",
            "ftp://github.com/octo-org/atlas",
            "/tmp/atlas.bundle",
            "ext::sh -c true",
            "https://github.com",
            "https://github.com/atlas",
            "https://github.com/octo-org/atlas/tree",
            "https://github.com/octo-org/..",
            "https://github.com/octo-org/.git",
            "https:///octo-org/atlas",
            "ssh://git@github.com:octo-org/atlas",
            "git@github.com:octo-org/at las",
            "git@github.com:octo-org/atlas\u{fffd}",
            "ssh://[::1]:22/octo-org/atlas",
        ] {
            assert_eq!(named(url), None, "{url}");
        }
    }
}
