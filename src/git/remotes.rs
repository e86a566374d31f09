//! Which of its remotes a checkout belongs to.

use std::ffi::OsStr;
use std::process::Command;

use super::checkout::Checkout;
use super::config;
use super::error::GitError;
use super::ssh::Aliases;
use super::url::Place;
use crate::model::Repo;
use crate::program;

/// The hosts on which a remote counts. Github.com always does.
#[derive(Clone, Copy, Debug)]
pub struct Hosts<'a> {
    /// The host that is meant where none is named.
    pub default: &'a str,
    /// Who says so.
    pub source: HostSource,
    /// Others that the user is signed in to.
    pub known: &'a [String],
}

/// Where the default host comes from, which decides how strictly remotes have to be on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostSource {
    /// `GH_HOST`: remotes elsewhere do not count.
    Environment,
    /// The configuration of `gh`: remotes elsewhere count where none is there.
    Config,
    /// Nobody: github.com is meant, and no remote goes before another for its host.
    BuiltIn,
}

impl Hosts<'_> {
    /// Github.com alone.
    pub const GITHUB: Hosts<'static> = Hosts { default: Repo::DEFAULT_HOST, source: HostSource::BuiltIn, known: &[] };

    fn has(&self, host: &str) -> bool {
        let mut known = self.known.iter().map(String::as_str).chain([self.default, Repo::DEFAULT_HOST]);
        known.any(|known| known.eq_ignore_ascii_case(host))
    }
}

impl Checkout {
    /// The repository that `gh` takes this checkout for: of the remotes on known hosts, the one marked by
    /// `gh repo set-default`, else the first of `upstream`, `github`, `origin` and the others by name. A host that is not
    /// known in a URL for ssh may be an alias of ssh's configuration.
    ///
    /// Starts `git` once, and `ssh` for every such host; where that matters, keep the answer under the stat signature of
    /// [`Self::config_path`].
    ///
    /// # Errors
    /// No git, no remote, or none that counts.
    pub fn repo(&self, hosts: &Hosts<'_>) -> Result<Repo, GitError> {
        self.repo_by(program::command("git"), "ssh".as_ref(), hosts)
    }

    /// Whether a remote names a repository on another host than this one.
    pub fn is_on_another_host(&self, host: &str) -> bool {
        let Ok(entries) = config::read(self, program::command("git")) else { return false };
        remotes(&entries).iter().any(|remote| {
            let url = remote.fetch.or(remote.push).map(|url| remote.rewritten(url));
            url.as_deref().and_then(Place::of).is_some_and(|place| !place.host.eq_ignore_ascii_case(host))
        })
    }

    /// The host of the remotes, where none is on a known one: that of the remote for this repository, else of the first.
    pub fn unknown_host(&self, hosts: &Hosts<'_>, (owner, name): (&str, &str)) -> Option<String> {
        let (entries, aliases) = (config::read(self, program::command("git")).ok()?, Aliases::of("ssh".as_ref()));
        let remotes = remotes(&entries);
        let repos = remotes.iter().filter_map(|remote| remote.repo(hosts, &aliases));
        let is_meant = |repo: &Repo| Repo::new(repo.host(), owner, name).is_ok_and(|meant| meant == *repo);
        // Others have paths of another form, such as groups in groups.
        let first = || remotes.iter().find_map(|remote| remote.host(hosts, &aliases));
        repos.into_iter().find(is_meant).map(|repo| repo.host().to_owned()).or_else(first)
    }

    pub(super) fn repo_by(&self, git: Command, ssh: &OsStr, hosts: &Hosts<'_>) -> Result<Repo, GitError> {
        if !self.is_git() {
            return Err(GitError::NotARepository);
        }
        choose(remotes(&config::read(self, git)?), hosts, &Aliases::of(ssh))
    }
}

/// The remotes of a checkout.
pub(super) struct Remotes<'h> {
    entries: Vec<(String, String)>,
    hosts: &'h Hosts<'h>,
}

impl<'h> Remotes<'h> {
    pub(super) fn read(checkout: &Checkout, hosts: &'h Hosts<'h>) -> Result<Self, GitError> {
        Ok(Self { entries: config::read(checkout, program::command("git"))?, hosts })
    }

    /// Each remote and its repository, if that is on a known host; in the order in which `gh` takes them, those on no
    /// known host (a path, a bundle) last.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&str, Option<Repo>)> {
        let aliases = Aliases::of("ssh".as_ref());
        let repo = |remote: &Remote<'_>| remote.repo(self.hosts, &aliases).filter(|repo| self.hosts.has(repo.host()));
        let mut remotes: Vec<_> = remotes(&self.entries).into_iter().map(|remote| (repo(&remote), remote)).collect();
        remotes.sort_by_key(|(repo, remote)| (repo.is_none(), remote.resolved != Some("base")));
        remotes.into_iter().map(|(repo, remote)| (remote.name, repo))
    }
}

#[derive(Default)]
struct Remote<'a> {
    name: &'a str,
    fetch: Option<&'a str>,
    push: Option<&'a str>,
    resolved: Option<&'a str>,
    rewrites: &'a [(String, String)],
}

/// The remotes that have a URL, in the order in which they are considered.
fn remotes(entries: &[(String, String)]) -> Vec<Remote<'_>> {
    let mut remotes: Vec<Remote<'_>> = Vec::new();
    for (key, value) in entries {
        let Some((name, field)) = key.strip_prefix("remote.").and_then(|rest| rest.rsplit_once('.')) else { continue };
        let index = remotes.iter().position(|remote| remote.name == name).unwrap_or_else(|| {
            remotes.push(Remote { name, rewrites: entries, ..Remote::default() });
            remotes.len() - 1
        });
        let remote = &mut remotes[index];
        match field {
            // Git fetches from the first.
            "url" => remote.fetch = remote.fetch.or(Some(value)),
            "pushurl" => remote.push = remote.push.or(Some(value)),
            "gh-resolved" if !value.is_empty() => remote.resolved = Some(value),
            _ => {}
        }
    }
    remotes.retain(|remote| remote.fetch.or(remote.push).is_some());
    remotes.sort_by_key(|remote| (rank(remote.name), remote.name));
    remotes
}

fn rank(name: &str) -> usize {
    let first = ["upstream", "github", "origin"];
    first.iter().position(|first| name.eq_ignore_ascii_case(first)).unwrap_or(first.len())
}

impl Remote<'_> {
    fn host(&self, hosts: &Hosts<'_>, aliases: &Aliases<'_>) -> Option<String> {
        let url = self.rewritten(self.fetch.or(self.push)?);
        // A letter is a drive of Windows.
        let place = Place::of(&url).filter(|place| place.host.len() > 1)?;
        Some(real_host(&place, hosts, aliases))
    }

    fn repo(&self, hosts: &Hosts<'_>, aliases: &Aliases<'_>) -> Option<Repo> {
        let repo = |url: &str| {
            let url = self.rewritten(url);
            let place = Place::of(&url)?;
            place.repo_on(&real_host(&place, hosts, aliases))
        };
        self.fetch.and_then(repo).or_else(|| self.push.and_then(repo))
    }

    /// As git applies `url.<base>.insteadOf`: the longest prefix wins.
    fn rewritten(&self, url: &str) -> String {
        let bases = self.rewrites.iter().filter_map(|(key, prefix)| {
            let base = key.strip_prefix("url.")?.strip_suffix(".insteadof")?;
            Some((prefix, base, url.strip_prefix(prefix.as_str())?))
        });
        match bases.max_by_key(|(prefix, ..)| prefix.len()) {
            Some((_, base, rest)) => format!("{base}{rest}"),
            None => url.to_owned(),
        }
    }
}

/// The host of a URL; behind an alias, if ssh's configuration has one.
fn real_host(place: &Place<'_>, hosts: &Hosts<'_>, aliases: &Aliases<'_>) -> String {
    let is_alias = place.is_ssh && !hosts.has(place.host);
    if is_alias { aliases.host(place.host) } else { place.host.to_owned() }
}

fn choose(remotes: Vec<Remote<'_>>, hosts: &Hosts<'_>, aliases: &Aliases<'_>) -> Result<Repo, GitError> {
    if remotes.is_empty() {
        return Err(GitError::NoRemotes);
    }
    let repos = remotes.iter().filter_map(|remote| Some((remote.repo(hosts, aliases)?, remote.resolved)));
    let mut repos: Vec<_> = repos.filter(|(repo, _)| hosts.has(repo.host())).collect();
    let is_default = |(repo, _): &(Repo, _)| repo.host().eq_ignore_ascii_case(hosts.default);
    if hosts.source == HostSource::Environment || hosts.source == HostSource::Config && repos.iter().any(is_default) {
        repos.retain(is_default);
    }
    if let Some((repo, resolved)) = repos.iter().find_map(|(repo, resolved)| Some((repo, (*resolved)?))) {
        return named(repo, resolved);
    }
    match (repos.into_iter().next(), hosts.source) {
        (Some((repo, _)), _) => Ok(repo),
        (None, HostSource::Environment) => Err(GitError::NotOnHost),
        (None, _) => Err(GitError::NoKnownHost),
    }
}

/// What `gh repo set-default` noted on a remote: that it is meant, or another repository on its host.
fn named(remote: &Repo, resolved: &str) -> Result<Repo, GitError> {
    if resolved == "base" {
        return Ok(remote.clone());
    }
    let repo = Repo::parse(resolved, remote.host());
    let on_its_host = repo.and_then(|repo| Repo::new(remote.host(), repo.owner(), repo.name()));
    on_its_host.map_err(|_| GitError::Resolved(resolved.to_owned()))
}
