//! `cache verify`.

use gh_pmu::model::Repo;

use super::form::{Command, Spec, cached};
use crate::cli::Given;
use crate::cli::common::AS_JSON;
use crate::exit::{Error, Exit};
use crate::output::file_size;
use crate::source::{Context, nothing_cached};

/// The words of `cache verify`.
pub const SPEC: Spec = Spec {
    long: "Read every byte of the cache and report damage. Changes nothing; exits with status 1 when there is any.",
    flags: &[&AS_JSON.0],
    examples: "$ gh pmu cache verify",
    ..Spec::command("verify", "gh pmu cache verify", "Read every byte of the cache and report damage", |given| {
        cached(Args::read(given))
    })
};

struct Args {
    json: bool,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        Ok(Self { json: given.is_set(&AS_JSON) })
    }
}

impl Command for Args {
    /// Reads every byte, and says what is wrong with them.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let located = context.located();
        let repo = context.repo(named, located.as_ref())?;
        let store = context.store(&repo);
        let bytes = store.view().ok().flatten().map(|view| view.byte_lens());
        let all = bytes.map_or_else(|| "every byte".to_owned(), |(log, index)| file_size(log + index));
        let progress = context.output.progress(&format!("Reading {all}"));
        let verified = store.verify()?;
        drop(progress);
        let Some(verified) = verified else { return Err(nothing_cached(Some(&repo))) };
        context.output.verified(&repo, &verified, self.json)?;
        Ok(if verified.findings.is_empty() { Exit::Done } else { Exit::Failed })
    }
}
