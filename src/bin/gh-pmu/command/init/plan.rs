//! What `init` is to write. Owns which files change and how they fit together; must not know how they are written or
//! shown.

use std::path::{Path, PathBuf};

use super::edit::{self, Refusal, Wanted};
use super::file;
use super::place::{self, OWN_FILE};
use super::workflow::{Settings, Workflow};
use crate::config::{self, CacheSection};
use crate::exit::Error;

/// What is to be there.
#[derive(Debug)]
pub struct Asked {
    /// The workflow, too.
    pub workflow: bool,
    /// The workflow that collects, and the others only if they are asked for.
    pub collector: bool,
    /// The branch that holds what the workflow writes.
    pub branch: Option<String>,
    /// Replace what is there and differs.
    pub force: bool,
}

/// One file as it is and as it is to be.
pub struct Plan {
    /// Relative to the root of the checkout.
    pub name: &'static str,
    pub path: PathBuf,
    pub old: Option<String>,
    pub new: String,
    /// Why it is this file, as the end of a sentence.
    pub reason: &'static str,
}

impl Plan {
    pub fn changes(&self) -> bool {
        self.old.as_ref() != Some(&self.new)
    }
}

const FORCE: &str = "`--force` replaces just that section (`--dry-run` shows it first).";
const FORCE_WORKFLOW: &str = "`--force` replaces it (`--dry-run` shows it first).";
const BY_HAND: &str = "Add the section by hand; `gh pmu init --dry-run` in an empty checkout shows it.";
const MOVE: &str = "Write the section into .github/pmu.yml by hand.";
const SHARED: &str = ", because rubrical-works/gh-pmu removes .gh-pmu.yml beside .gh-pmu.json";

/// Returns the files that are asked for, and the workflow that is there if it would no longer fit the section.
///
/// # Errors
/// A file that cannot be changed safely.
pub fn plans(asked: &Asked, home: Option<&Path>, root: &Path) -> Result<Vec<Plan>, Error> {
    let mut plans = Vec::new();
    if !asked.collector || asked.workflow {
        let (section, in_effect) = plan_section(asked, home, root)?;
        plans.push(section);
        plans.extend(plan_workflow(asked, &in_effect, root)?);
    }
    if asked.collector {
        plans.push(plan_collector(asked, root)?);
    }
    Ok(plans)
}

/// Returns the file with the section, and what the section says then. What is there is replaced only where it is forced,
/// and stands in the way.
fn plan_section(asked: &Asked, home: Option<&Path>, root: &Path) -> Result<(Plan, CacheSection), Error> {
    let own = file::read(&root.join(OWN_FILE))?;
    let is_own = own.as_deref().is_some_and(edit::has_section) || place::is_shared(root);
    let name = if is_own { OWN_FILE } else { config::FILE_NAME };
    let path = root.join(name);
    let old = if is_own { own } else { file::read(&path)? };
    let mut text = old.clone().unwrap_or_default();
    if is_own && !edit::has_section(&text) {
        // What was said so far goes on to hold.
        let shared = file::read(&root.join(config::FILE_NAME))?.unwrap_or_default();
        text = edit::with_section_of(&text, &shared)
            .map_err(|refusal| refused(&root.join(config::FILE_NAME), refusal).with_hint(MOVE))?;
    }
    let before = before(is_own && old.as_deref().is_some_and(edit::has_section), home, root)?;
    let edited = |force: bool| {
        let wanted = Wanted { branch: asked.branch.as_deref(), force };
        let new = edit::edit(&text, wanted).map_err(|refusal| refused(&path, refusal))?;
        let read = config::cache_section(&path, new.as_bytes(), home, &mut Vec::new());
        read.map(|section| (new, section)).map_err(|error| error.with_hint(FORCE))
    };
    let (new, section) = match edited(false) {
        Err(_) if asked.force => edited(true)?,
        plainly => {
            let (new, section) = plainly?;
            check_kept(asked, root, before, &section)?;
            (new, section)
        }
    };
    let reason = if place::is_shared(root) { SHARED } else { "" };
    Ok((Plan { name, path, old, new, reason }, section))
}

/// The file with the section that counts now, and what that says; `None` if it cannot be read.
fn before(is_own: bool, home: Option<&Path>, root: &Path) -> Result<Option<(PathBuf, CacheSection)>, Error> {
    let path = root.join(if is_own { OWN_FILE } else { config::FILE_NAME });
    let text = file::read(&path)?.unwrap_or_default();
    Ok(config::cache_section(&path, text.as_bytes(), home, &mut Vec::new()).ok().map(|section| (path, section)))
}

/// Fails if something that was said so far would hold no longer, such as what a section gets from elsewhere.
fn check_kept(
    asked: &Asked,
    root: &Path,
    before: Option<(PathBuf, CacheSection)>,
    after: &CacheSection,
) -> Result<(), Error> {
    let Some((path, before)) = before else { return Ok(()) };
    let branch = if asked.branch.is_some() { after.branch.clone() } else { before.branch.clone() };
    match (CacheSection { branch, ..before }) == *after {
        true => Ok(()),
        false => Err(Error::new(format!(
            "{}: what the section says could not be kept in the form that init writes",
            path.display()
        ))
        .with_hint(if place::is_shared(root) { MOVE } else { BY_HAND })),
    }
}

fn refused(path: &Path, refusal: Refusal) -> Error {
    let at = path.display();
    match refusal {
        Refusal::Malformed(malformed) => Error::new(format!("{at}: line {}: {}", malformed.line, malformed.reason)),
        Refusal::NotBlock => {
            Error::new(format!("{at}: it is no single block of `key: value` lines")).with_hint(BY_HAND)
        }
        Refusal::OtherForm(line) => {
            Error::new(format!("{at}: line {line}: there is a `cache` of another form")).with_hint(FORCE)
        }
        Refusal::Unsafe => {
            Error::new(format!("{at}: the section cannot be changed without changing other lines")).with_hint(BY_HAND)
        }
    }
}

/// Returns the workflow for the manifest, branch and labels of the section: where it is asked for, and where it is there
/// and says something else. The section alone would send readers to a branch that nobody writes.
fn plan_workflow(asked: &Asked, section: &CacheSection, root: &Path) -> Result<Option<Plan>, Error> {
    let path = root.join(Workflow::Manifest.path());
    let old = file::read(&path)?;
    // OK: it was read from UTF-8, and has no "\" in it.
    let manifest = section.manifest.to_string_lossy().replace('\\', "/");
    let labels = labels(section);
    let settings = Settings { manifest: &manifest, branch: section.branch.as_deref(), labels: &labels, kept: None };
    let is_own = old.as_deref().is_some_and(|old| Workflow::Manifest.is_own(old));
    let is_ours = is_own || old.as_deref().is_some_and(|old| Workflow::Manifest.is_made_from(old));
    if asked.workflow || (is_ours && asked.force) {
        return planned(Workflow::Manifest, settings, path, old, asked.force).map(Some);
    }
    if is_own {
        let plan = planned(Workflow::Manifest, settings, path, old, false)?;
        return Ok(plan.changes().then_some(plan));
    }
    if let (true, Some(branch)) = (is_ours, &asked.branch) {
        return Err(Error::new(format!(
            "{} was changed by hand, so that it cannot follow to the branch {branch}",
            path.display()
        ))
        .with_hint(FORCE_WORKFLOW));
    }
    Ok(None)
}

fn plan_collector(asked: &Asked, root: &Path) -> Result<Plan, Error> {
    let path = root.join(Workflow::Collector.path());
    let old = file::read(&path)?;
    let manifest = CacheSection::default().manifest.to_string_lossy().replace('\\', "/");
    let kept = old.as_deref().filter(|old| Workflow::Collector.is_own(old)).map(|old| old.replace("\r\n", "\n"));
    let settings =
        Settings { manifest: &manifest, branch: asked.branch.as_deref(), labels: &[], kept: kept.as_deref() };
    planned(Workflow::Collector, settings, path, old, asked.force)
}

/// Returns the plan for a workflow that has to be there.
fn planned(
    workflow: Workflow,
    settings: Settings<'_>,
    path: PathBuf,
    old: Option<String>,
    force: bool,
) -> Result<Plan, Error> {
    let new = workflow.text(settings).map_err(Error::new)?;
    let new = match &old {
        // Git may have checked it out with other line endings.
        Some(old) if old.contains("\r\n") => new.replace('\n', "\r\n"),
        _ => new,
    };
    match &old {
        Some(old) if *old != new && !workflow.is_own(old) && !force => {
            Err(Error::new(format!("{} is there, and is not what this version writes", path.display()))
                .with_hint(FORCE_WORKFLOW))
        }
        _ => Ok(Plan { name: workflow.path(), path, old, new, reason: "" }),
    }
}

/// Returns the labels that make an issue a tracker.
fn labels(section: &CacheSection) -> Vec<&str> {
    let rules = &section.rules;
    let mut labels: Vec<&str> = Vec::new();
    for label in rules.releases.labels.iter().chain(&rules.microsprints.labels) {
        if !labels.contains(&label.as_str()) {
            labels.push(label);
        }
    }
    labels
}
