//! `init`: the `cache:` section, and the workflow that keeps the manifest. Owns the order of the steps: everything is
//! worked out before anything is written.

mod document;
mod edit;
mod file;
mod section;
mod workflow;

use std::path::{Path, PathBuf};

use super::frame::{BareCommand, Spec, bare};
use crate::cli::Given;
use crate::cli::spec::{Switch, Valued, switch, text};
use crate::config::{self, CacheSection, Env, process_env};
use crate::exit::{Error, Exit};
use crate::output::Output;
use edit::{Refusal, Wanted};

const BRANCH: Valued<String> = text("branch", None, "name", "Keep the manifest on this branch");
const DRY_RUN: Switch = switch("dry-run", "Show what would change, and write nothing");
const FORCE_FLAG: Switch = switch("force", "Replace a section or a workflow that stands in the way");
const WITH_WORKFLOW: Switch = switch("workflow", "Also write .github/workflows/pmu-cache.yml");

/// The words of `init`.
pub const SPEC: Spec = Spec {
    long: "Write the cache section into .gh-pmu.yml at the root of the checkout, and with --workflow the workflow\n\
           that keeps the manifest. Nothing else in the file is touched, and doing it twice changes nothing.\n\n\
           Where the default branch is protected, --branch keeps the manifest on a branch of its own.",
    flags: &[&BRANCH.flag, &DRY_RUN.0, &FORCE_FLAG.0, &WITH_WORKFLOW.0],
    examples: "$ gh pmu init\n$ gh pmu init --workflow --dry-run\n$ gh pmu init --workflow --branch pmu-cache",
    ..Spec::command("init", "gh pmu init", "Set a repository up", |given| bare(Args::read(given)))
};

#[derive(Debug)]
pub(super) struct Args {
    /// The workflow, too.
    pub(super) workflow: bool,
    /// The branch that holds the manifest.
    pub(super) branch: Option<String>,
    /// Show, and write nothing.
    pub(super) dry_run: bool,
    /// Replace what is there and differs.
    pub(super) force: bool,
}

impl Args {
    pub(super) fn read(given: &Given<'_>) -> Result<Self, Error> {
        if given.repo().is_some() {
            return Err(given.wrong("cannot use `--repo`: init sets up the checkout it is run in"));
        }
        let branch: Option<String> = given.value(&BRANCH)?;
        if let Some(name) = branch.as_deref().filter(|name| !config::is_branch(name)) {
            return Err(given.invalid(&BRANCH.flag, name, "not the name of a branch"));
        }
        Ok(Self {
            workflow: given.is_set(&WITH_WORKFLOW),
            branch,
            dry_run: given.is_set(&DRY_RUN),
            force: given.is_set(&FORCE_FLAG),
        })
    }
}

impl BareCommand for Args {
    fn run(&self, cwd: Result<PathBuf, Error>, output: &mut Output<'_>) -> Result<Exit, Error> {
        run(self, &process_env, &cwd?, output)
    }
}

/// Where GitHub looks for workflows.
const WORKFLOW: &str = ".github/workflows/pmu-cache.yml";

/// The labels that make an issue a tracker.
const DEFAULT_LABELS: &[&str] = &["release", "branch", "patch", "microsprint"];

/// One file as it is and as it is to be.
struct Plan {
    /// Relative to the root of the checkout.
    name: &'static str,
    path: PathBuf,
    old: Option<String>,
    new: String,
}

impl Plan {
    fn changes(&self) -> bool {
        self.old.as_ref() != Some(&self.new)
    }
}

/// Sets the checkout around `cwd` up, or `cwd` itself where there is none.
///
/// # Errors
/// A file that cannot be changed safely, or written.
fn run(options: &Args, env: Env<'_>, cwd: &Path, output: &mut Output<'_>) -> Result<Exit, Error> {
    let root = config::checkout_root(cwd).unwrap_or_else(|| cwd.to_owned());
    let (section, in_effect) = plan_section(options, env, &root)?;
    let mut plans = vec![section];
    if options.workflow {
        plans.push(plan_workflow(options, &in_effect, &root)?);
    }
    if let Some(nearer) =
        cwd.ancestors().take_while(|dir| *dir != root).find(|dir| dir.join(config::FILE_NAME).exists())
    {
        let nearer = nearer.join(config::FILE_NAME);
        output.warn(&format!("in this directory {} counts, not the file of the checkout's root", nearer.display()));
    }
    for plan in &plans {
        let name = plan.name;
        match (plan.changes(), options.dry_run, &plan.old) {
            (false, ..) => output.success(&format!("{name} is up to date: there is nothing to do"))?,
            (true, true, old) => output.diff(name, old.as_deref(), &plan.new)?,
            (true, false, old) => {
                file::write(&root, &plan.path, &plan.new)?;
                output.success(&format!("{} {name}", if old.is_some() { "changed" } else { "made" }))?;
            }
        }
    }
    let is_new = |plan: &Plan| plan.name == WORKFLOW && plan.old.is_none();
    if !options.dry_run && plans.iter().any(is_new) {
        output.note("Commit and push both files; `gh workflow run pmu-cache.yml` then writes the first manifest.");
    }
    Ok(Exit::Done)
}

/// The file with the section, and what the section says then. What is there is replaced only where it is forced, and
/// stands in the way.
fn plan_section(options: &Args, env: Env<'_>, root: &Path) -> Result<(Plan, CacheSection), Error> {
    let path = root.join(config::FILE_NAME);
    let old = file::read(&path)?;
    let text = old.as_deref().unwrap_or_default();
    let home = config::home(env);
    let edited = |force: bool| {
        let wanted = Wanted { branch: options.branch.as_deref(), force };
        let new = edit::edit(text, wanted).map_err(|refusal| refused(&path, refusal))?;
        let read = config::cache_section(&path, new.as_bytes(), home.as_deref(), &mut Vec::new());
        read.map(|section| (new, section)).map_err(|error| error.with_hint(FORCE))
    };
    let (new, section) = match edited(false) {
        Err(_) if options.force => edited(true)?,
        plainly => plainly?,
    };
    Ok((Plan { name: config::FILE_NAME, path, old, new }, section))
}

const FORCE: &str = "`--force` replaces just that section (`--dry-run` shows it first).";
const BY_HAND: &str = "Add the section by hand; `gh pmu init --dry-run` in an empty directory shows it.";

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

/// The workflow, for the manifest and branch of the section.
fn plan_workflow(options: &Args, section: &CacheSection, root: &Path) -> Result<Plan, Error> {
    let path = root.join(WORKFLOW);
    let old = file::read(&path)?;
    // OK: it was read from UTF-8, and has no "\" in it.
    let manifest = section.manifest.to_string_lossy().replace('\\', "/");
    let settings =
        workflow::Settings { manifest: &manifest, branch: section.branch.as_deref(), labels: DEFAULT_LABELS };
    let new = workflow::text(settings).map_err(Error::new)?;
    let new = match &old {
        // Git may have checked it out with other line endings.
        Some(old) if old.contains("\r\n") => new.replace('\n', "\r\n"),
        _ => new,
    };
    match &old {
        Some(old) if *old != new && !workflow::is_own(old) && !options.force => {
            Err(Error::new(format!("{} is there, and is not what this version writes", path.display()))
                .with_hint("`--force` replaces it (`--dry-run` shows it first)."))
        }
        _ => Ok(Plan { name: WORKFLOW, path, old, new }),
    }
}
