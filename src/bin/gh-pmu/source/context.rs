//! What every command has at hand: the surroundings, the printer, the clock, and the stores. Owns which repository is
//! meant; must not know from where its trackers come ([`super::cached`], [`super::asked`]).

use std::path::Path;
use std::time::Duration;

use gh_pmu::fs::Disk;
use gh_pmu::model::{Repo, Seq};
use gh_pmu::store::{Damage, Store, StoreError, View};
use gh_pmu::sync::{History, Hosting, Located, Note, Now, SyncError, current_name, locate, unchanged};

use crate::cli::{Clock, When};
use crate::config::{Config, HOMELESS};
use crate::exit::Error;
use crate::output::Output;

/// The real disk.
pub static DISK: Disk = Disk;

/// What to do where no repository is known.
const NAME_ONE: &str = "Use `--repo OWNER/REPO`, or set GH_REPO.";

/// What every command has at hand.
pub struct Context<'c, 'o> {
    /// The surroundings.
    pub config: &'c Config,
    /// The printer.
    pub output: &'c mut Output<'o>,
    /// The present, and the local time zone.
    pub clock: Clock<'c>,
    /// The present, to the nanosecond.
    pub now: Now,
    /// How long the program has run.
    pub elapsed: &'c dyn Fn() -> Duration,
    /// How much of git's history the command needs.
    pub history: History,
    /// Whether the present will do where that cannot be recorded.
    pub does_without: bool,
    /// Whether the manifest here was not taken in: it cannot be read, or is older than what is cached.
    pub is_set_aside: bool,
    /// Whether GitHub did not give the past that was asked for: whoever names a moment in it gets no whole answer.
    pub is_without_past: bool,
    /// Whether something is missing from the answer, as was said: then the command fails, whatever it could show.
    pub falls_short: bool,
}

/// One repository to answer about.
pub type Source = (Repo, View);

/// What there is of a repository without asking GitHub.
pub struct Known {
    /// Which.
    pub repo: Repo,
    /// What is cached of it.
    pub view: Option<View>,
    /// Whether the user named it, and not the checkout.
    pub named: bool,
    /// What stood in the way of a manifest or cache that is there.
    pub stopped: Option<SyncError>,
}

/// What to do with an answer that the store does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is of no use unrecorded.
    Must,
    /// It can be shown all the same.
    IfPossible,
}

/// Why there is no answer from a view.
pub enum Failed {
    /// The index may be to blame, or a writer beside: another view may answer.
    Store(StoreError),
    /// Another view would not either.
    Other(Error),
}

impl Failed {
    /// As it is told.
    pub fn into_error(self) -> Error {
        match self {
            Failed::Store(error) => error.into(),
            Failed::Other(error) => error,
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed::Store(error)
    }
}

/// The cache is not to be used, and there is no doing without.
pub fn switched_off() -> Error {
    Error::new("the cache is switched off (`cache.enabled: false` in .gh-pmu.yml)")
        .with_hint("Set it to true, or use `gh issue list --label release`.")
}

/// The event that is named is yet to come.
pub fn no_such_event(repo: &Repo, view: &View, asked: Seq) -> Error {
    Error::new(format!("the last event of {repo} is {}, not {asked}", view.seq()))
}

/// There is no cache to work with.
pub fn nothing_cached(repo: Option<&Repo>) -> Error {
    match repo {
        Some(repo) => Error::new(format!("nothing is cached of {repo}"))
            .with_hint(format!("Run `gh pmu cache sync --repo {repo}`.")),
        None => Error::new("nothing is cached").with_hint("Run `gh pmu cache sync` in a checkout that has a manifest."),
    }
}

impl Context<'_, '_> {
    /// What decides on the host of manifests, which name none.
    pub fn hosting(&self) -> Hosting<'_> {
        self.config.hosting()
    }

    /// A moment in the words of headings: the one it was taken for, whatever the user wrote.
    pub fn moment(&self, when: When) -> String {
        match when {
            When::At(time) => self.output.moment(time, self.clock.zone),
            When::After(seq) => format!("@{seq}"),
        }
    }

    /// The manifest of the checkout, if there is a place for one.
    pub fn located(&self) -> Option<Located> {
        let checkout = self.config.checkout();
        let manifest = self.config.manifest(checkout.as_ref())?;
        let naming = checkout.as_ref().and_then(|checkout| self.config.naming(checkout, &manifest));
        let located = locate(&DISK, &self.config.cache_dir, checkout, manifest, self.hosting());
        Some(located.named_by(naming))
    }

    /// The store of a repository.
    pub fn store(&self, repo: &Repo) -> Store<'static> {
        Store::of(&DISK, &self.config.cache_dir, repo)
    }

    /// Says what of the past is not here.
    pub fn tell_notes(&mut self, notes: &[Note]) {
        for note in notes {
            self.output.warn(&note.to_string());
        }
    }

    /// Has the next sync take all of git's history, unless it is not wanted at all.
    pub fn need_past(&mut self) {
        if self.history == History::AtHand {
            self.history = History::Needed;
        }
    }

    /// As [`Self::need_past`]; but where nothing can be recorded, the present will do.
    pub fn want_past(&mut self) {
        self.need_past();
        self.does_without = true;
    }

    pub fn tell_mended(&mut self, mended: &[Damage]) {
        for damage in mended {
            self.output.warn(&format!("{damage}; it was rebuilt"));
        }
    }

    /// Says why nothing was recorded of what is shown, and what to set.
    pub fn tell_unrecorded(&mut self, error: &StoreError, shown: &str) {
        self.output.warn(&match (self.config.check_cache_dir(), error) {
            (Err(_), _) => format!("{HOMELESS}; {shown}: set HOME or GH_PMU_CACHE_DIR"),
            // What is damaged says itself what mends it.
            (Ok(()), StoreError::Damaged(_)) => format!("{error}; {shown}"),
            // Whoever writes records it, or the next list does.
            (Ok(()), StoreError::Busy { .. }) => return self.output.note(&format!("{error}; {shown}")),
            (Ok(()), _) => format!("{error}; {shown}: set GH_PMU_CACHE_DIR to a directory on a disk that takes it"),
        });
    }

    /// The repository that is named, else that of the checkout, without syncing.
    ///
    /// # Errors
    /// No checkout, or one of no known repository.
    pub fn repo(&self, named: Option<Repo>, located: Option<&Located>) -> Result<Repo, Error> {
        if let Some(repo) = named {
            return Ok(current_name(&DISK, &self.config.cache_dir, &repo));
        }
        // A manifest on a branch is not the one in the working tree.
        let here = located.filter(|_| self.config.cache.branch.is_none());
        let cache_dir = &self.config.cache_dir;
        let named_here = |located: &Located| {
            unchanged(&DISK, cache_dir, located).or_else(|| located.named_here(&DISK, self.hosting()))
        };
        if let Some(repo) = here.and_then(named_here) {
            return Ok(current_name(&DISK, cache_dir, &repo));
        }
        match located {
            Some(Located { known: Some(repo), .. }) => Ok(repo.clone()),
            Some(located) => located.identify(&DISK, self.hosting()).map_err(|error| match error {
                SyncError::Nameless { .. } | SyncError::Unnamed { .. } | SyncError::OtherHost { .. } => {
                    Error::from(error).with_hint(NAME_ONE)
                }
                other => other.into(),
            }),
            None => {
                Err(Error::new("no repository is named, and this is no checkout with a manifest").with_hint(NAME_ONE))
            }
        }
    }

    pub fn tell_damage(&mut self, view: &View) {
        if let Some(damage) = view.damage().first() {
            let repair = self.repair(&damage.path);
            self.output.warn(&format!("{damage}; run `{repair}`"));
        }
    }

    /// The command that mends the store of a file: that of another repository than the checkout's has to be named.
    pub fn repair(&self, path: &Path) -> String {
        const REPAIR: &str = "gh pmu cache repair";
        let below = path.strip_prefix(&self.config.cache_dir).unwrap_or(path);
        let names: Vec<&str> = below.iter().filter_map(|name| name.to_str()).collect();
        let named = match names[..] {
            [host, owner, name, _] => Repo::parse(&format!("{host}/{owner}/{name}"), Repo::DEFAULT_HOST).ok(),
            _ => None,
        };
        let is_here = |repo: &Repo| self.repo(None, self.located().as_ref()).is_ok_and(|here| here == *repo);
        named.filter(|repo| !is_here(repo)).map_or_else(|| REPAIR.to_owned(), |repo| format!("{REPAIR} -R {repo}"))
    }
}
