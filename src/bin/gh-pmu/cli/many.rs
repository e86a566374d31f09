//! `--all-repos` and `--owner`: commands about more than one repository. Owns what these flags mean together; must not
//! know any command.

use gh_pmu::model::{Repo, RepoError};
use gh_pmu::store::Whose;

use super::given::Given;
use super::spec::{Switch, Valued, switch, text};
use super::value::{Clock, Value, Wrong};
use crate::exit::Error;

pub const ALL_REPOS: Switch = switch("all-repos", "Select every cached repository");
pub const OWNER: Valued<Owner> = text("owner", None, "owner", "Select every cached repository of an owner");

/// An organisation or a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Where it is, if that was said.
    pub host: Option<String>,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.host.iter().try_for_each(|host| write!(f, "{host}/"))?;
        f.write_str(&self.name)
    }
}

impl Value for Owner {
    fn read(text: &str, _: Clock<'_>) -> Result<Self, Wrong> {
        // A repository's name is wanted elsewhere; here it is one part too many.
        let form = || Wrong::Invalid("expected the \"[HOST/]OWNER\" format".to_owned());
        let repo = Repo::parse(&format!("{text}/x"), Repo::DEFAULT_HOST).map_err(|error| match error {
            RepoError::Form | RepoError::Name => form(),
            error => Wrong::Invalid(error.to_string()),
        })?;
        let host = text.contains('/').then(|| repo.host().to_owned());
        // The name of a repository, then.
        if host.as_ref().is_some_and(|host| !host.contains('.') && host != "localhost") {
            return Err(form());
        }
        Ok(Self { host, name: repo.owner().to_owned() })
    }
}

/// Which repositories, if more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Many {
    /// Every cached one.
    All,
    /// Every cached one of an owner.
    Of(Owner),
}

impl Many {
    /// Reads [`ALL_REPOS`] and [`OWNER`].
    ///
    /// # Errors
    /// Both; no owner's name.
    pub fn read(given: &Given<'_>) -> Result<Option<Self>, Error> {
        match (given.is_set(&ALL_REPOS), given.value(&OWNER)?) {
            (true, Some(_)) => Err(given.wrong("cannot use `--all-repos` with `--owner`")),
            (true, None) => Ok(Some(Many::All)),
            (false, owner) => Ok(owner.map(Many::Of)),
        }
    }

    /// Whose stores that are.
    pub fn whose(&self) -> Whose<'_> {
        match self {
            Many::All => Whose::default(),
            Many::Of(owner) => Whose { host: owner.host.as_deref(), owner: Some(&owner.name) },
        }
    }

    /// The flag that says so.
    pub fn flag(&self) -> &'static str {
        match self {
            Many::All => ALL_REPOS.0.long,
            Many::Of(_) => OWNER.flag.long,
        }
    }
}
