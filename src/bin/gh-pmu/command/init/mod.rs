//! `init`: the `cache:` section, the workflow that keeps the manifest, and the one that collects many. Owns the words of
//! the command and the order of the steps: everything is worked out before anything is written.

mod document;
mod edit;
mod file;
mod place;
mod plan;
mod section;
mod workflow;

use std::path::{Path, PathBuf};

use super::form::{BareCommand, Spec, bare};
use crate::cli::Given;
use crate::cli::spec::{Switch, Valued, switch, text};
use crate::config::{self, Env, process_env};
use crate::exit::{Error, Exit};
use crate::output::Output;
use plan::{Asked, Plan};
use workflow::Workflow;

const BRANCH: Valued<String> = text("branch", None, "name", "Keep what the workflow writes on this branch");
const COLLECTOR: Switch = switch("collector", "Write the workflow that gathers an organisation's manifests");
const DRY_RUN: Switch = switch("dry-run", "Show what would change, and write nothing");
const FORCE: Switch = switch("force", "Replace a section or a workflow that stands in the way");
const WITH_WORKFLOW: Switch = switch("workflow", "Also write .github/workflows/pmu-cache.yml");

/// The words of `init`.
pub const SPEC: Spec = Spec {
    long: "Write the cache section into .gh-pmu.yml at the root of the checkout, and with --workflow the workflow\n\
           that keeps the manifest. Nothing else in the file is touched, and doing it twice changes nothing.\n\
           Where another program would remove that file, the section goes into .github/pmu.yml, and init says so.\n\n\
           Where the default branch is protected, --branch keeps the manifest on a branch of its own.\n\n\
           With --collector, write .github/workflows/pmu-collector.yml instead: it gathers the manifests of all\n\
           repositories of an organisation into this one, as OWNER/NAME.json, for `gh pmu cache sync --from`.",
    flags: &[&BRANCH.flag, &COLLECTOR.0, &DRY_RUN.0, &FORCE.0, &WITH_WORKFLOW.0],
    examples: "$ gh pmu init\n$ gh pmu init --workflow --dry-run\n$ gh pmu init --workflow --branch pmu-cache\n\
               $ gh pmu init --collector",
    ..Spec::command("init", "gh pmu init", "Set a repository up", |given| bare(Args::read(given)))
};

#[derive(Debug)]
pub(super) struct Args {
    /// What is to be there.
    pub(super) asked: Asked,
    /// Show, and write nothing.
    pub(super) dry_run: bool,
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
        let asked = Asked {
            workflow: given.is_set(&WITH_WORKFLOW),
            collector: given.is_set(&COLLECTOR),
            branch,
            force: given.is_set(&FORCE),
        };
        Ok(Self { asked, dry_run: given.is_set(&DRY_RUN) })
    }
}

impl BareCommand for Args {
    fn run(&self, cwd: Result<PathBuf, Error>, output: &mut Output<'_>) -> Result<Exit, Error> {
        run(self, &process_env, &cwd?, output)
    }
}

/// Sets the checkout around `cwd` up.
///
/// # Errors
/// No checkout; a file that cannot be changed safely, or written.
fn run(args: &Args, env: Env<'_>, cwd: &Path, output: &mut Output<'_>) -> Result<Exit, Error> {
    let root = place::working_tree(cwd)?;
    let plans = plan::plans(&args.asked, config::home(env).as_deref(), &root)?;
    if let Some(nearer) = place::nearer(cwd, &root) {
        output.warn(&format!("in this directory {} counts, not the file of the checkout's root", nearer.display()));
    }
    if !args.dry_run {
        write(&root, &plans)?;
    }
    for plan in &plans {
        let name = plan.name;
        match (plan.changes(), args.dry_run, &plan.old) {
            (false, ..) => output.success(&format!("{name} is up to date: there is nothing to do"))?,
            (true, true, old) => output.diff(name, old.as_deref(), &plan.new)?,
            (true, false, old) => {
                let done = if old.is_some() { "changed" } else { "made" };
                output.success(&format!("{done} {name}{}", plan.reason))?;
            }
        }
    }
    let is_new = |workflow: Workflow| {
        !args.dry_run && plans.iter().any(|plan| plan.name == workflow.path() && plan.old.is_none())
    };
    if is_new(Workflow::Manifest) {
        output.note("Commit and push both files; `gh workflow run pmu-cache.yml` then writes the first manifest.");
    }
    if is_new(Workflow::Collector) {
        output.note(
            "Commit and push the file, and give the repository the secret PMU_COLLECTOR_TOKEN, which the file \
             explains; `gh workflow run pmu-collector.yml` then collects for the first time.",
        );
    }
    Ok(Exit::Done)
}

/// Writes all files that change, or none.
fn write(root: &Path, plans: &[Plan]) -> Result<(), Error> {
    for (at, plan) in plans.iter().enumerate().filter(|(_, plan)| plan.changes()) {
        if let Err(error) = file::write(root, &plan.path, &plan.new) {
            for done in plans[..at].iter().filter(|plan| plan.changes()) {
                let restored = match &done.old {
                    Some(old) => file::write(root, &done.path, old),
                    None => file::remove(&done.path),
                };
                restored.map_err(|restoring| Error::new(format!("{error}, and then: {restoring}")))?;
            }
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn all_files_change_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let plan = |name: &'static str, old: Option<&str>| Plan {
            name,
            path: dir.path().join(name),
            old: old.map(str::to_owned),
            new: "new".to_owned(),
            reason: "",
        };
        fs::write(dir.path().join("old"), "old").unwrap();
        // No directory can be made where a file is.
        fs::write(dir.path().join("blocked"), "").unwrap();
        let plans = [plan("old", Some("old")), plan("made", None), plan("blocked/x", None)];
        assert!(write(dir.path(), &plans).unwrap_err().to_string().starts_with("cannot make "));
        assert_eq!(fs::read_to_string(dir.path().join("old")).unwrap(), "old");
        assert!(!dir.path().join("made").exists());
        write(dir.path(), &plans[..2]).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("old")).unwrap(), "new");
        assert_eq!(fs::read_to_string(dir.path().join("made")).unwrap(), "new");
    }
}
