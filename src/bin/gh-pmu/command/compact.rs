//! `cache compact`.

use gh_pmu::model::{Repo, counted};
use gh_pmu::store::{Compaction, Moment, PATIENCE, Pruning};

use super::form::{Command, Spec, cached};
use crate::cli::spec::{Switch, Valued, switch, text};
use crate::cli::{Given, When};
use crate::exit::{Error, Exit};
use crate::output::file_size;
use crate::source::{Context, no_such_event, nothing_cached};

const DRY_RUN: Switch = switch("dry-run", "Say what would be done, and do nothing");
const PRUNE_BEFORE: Valued<When> =
    text("prune-before", None, "when", "Forget what changed before a time, date, age such as 90d, or event @N");

/// The words of `cache compact`.
pub const SPEC: Spec = Spec {
    long: "Fold the changes since the last snapshot into a new one. All history stays, unless told to prune.",
    flags: &[&DRY_RUN.0, &PRUNE_BEFORE.flag],
    examples: "$ gh pmu cache compact\n$ gh pmu cache compact --prune-before 2024-01-01 --dry-run",
    ..Spec::command("compact", "gh pmu cache compact", "Fold recent changes into a new snapshot", |given| {
        cached(Args::read(given))
    })
};

struct Args {
    /// Forget what changed before.
    prune_before: Option<When>,
    /// Say, and do nothing.
    dry_run: bool,
}

impl Args {
    fn read(given: &Given<'_>) -> Result<Self, Error> {
        Ok(Self { prune_before: given.value(&PRUNE_BEFORE)?, dry_run: given.is_set(&DRY_RUN) })
    }
}

impl Command for Args {
    /// Folds the tail into a new snapshot, prunes if asked, and says what was gained.
    fn run(&self, named: Option<Repo>, context: &mut Context<'_, '_>) -> Result<Exit, Error> {
        let located = context.located();
        let repo = context.repo(named, located.as_ref())?;
        let store = context.store(&repo);
        let Some(view) = store.view()? else { return Err(nothing_cached(Some(&repo))) };
        let (tail, (log_bytes, index_bytes)) = (view.tail_events(), view.byte_lens());
        let moment = self.prune_before.map(|when| match when {
            When::At(time) => Ok(Moment::Time(time)),
            When::After(seq) if seq > view.seq() => Err(no_such_event(&repo, &view, seq)),
            When::After(seq) => Ok(Moment::Seq(seq.next())),
        });
        let moment = moment.transpose()?;
        drop(view);
        let progress = context.output.progress(&format!("Compacting {}", file_size(log_bytes + index_bytes)));
        let mut writer = store.writer(&repo, PATIENCE)?;
        let pruning = match moment {
            Some(moment) => writer.prune_before(moment, self.dry_run)?,
            None => None,
        };
        let compaction = if self.dry_run { None } else { writer.compact()? };
        drop(writer);
        drop(progress);
        let before = Before { tail, log_bytes, index_bytes };
        for line in lines(&repo, before, pruning, compaction) {
            context.output.success(&line)?;
        }
        Ok(Exit::Done)
    }
}

#[derive(Clone, Copy)]
struct Before {
    tail: u64,
    log_bytes: u64,
    index_bytes: u64,
}

fn lines(repo: &Repo, before: Before, pruning: Option<Pruning>, compaction: Option<Compaction>) -> Vec<String> {
    let mut lines = Vec::new();
    let dry = compaction.is_none();
    if let Some(pruning) = pruning {
        let Pruning { dropped, kept, history_start, log_bytes } = pruning;
        let verb = if dry { "would drop" } else { "dropped" };
        lines.push(match dropped {
            0 => format!("{repo}: no event is older than that"),
            _ if dry => format!(
                "{repo}: {verb} {} and keep {kept}; history would start with event {history_start}",
                counted(dropped, "event")
            ),
            _ => format!(
                "{repo}: {verb} {}, kept {kept}; history starts with event {history_start}; log {} to {}",
                counted(dropped, "event"),
                file_size(log_bytes.0),
                file_size(log_bytes.1)
            ),
        });
    }
    let has_dropped = pruning.is_some_and(|pruning| pruning.dropped > 0);
    match compaction {
        _ if before.tail == 0 && !has_dropped => {
            lines.push(format!("{repo} is compact: the snapshot holds every event"));
        }
        None if before.tail == 0 => {}
        None => lines.push(format!(
            "{repo}: would fold {} into the snapshot (log {}, snapshot {})",
            counted(before.tail, "event"),
            file_size(before.log_bytes),
            file_size(before.index_bytes)
        )),
        Some(after) if before.tail == 0 => {
            lines.push(format!(
                "{repo}: snapshot {} to {}",
                file_size(before.index_bytes),
                file_size(after.index_bytes.1)
            ));
        }
        Some(after) => lines.push(format!(
            "{repo}: folded {} into the snapshot: {} to {}; log {}",
            counted(before.tail, "event"),
            file_size(before.index_bytes),
            file_size(after.index_bytes.1),
            file_size(after.log_bytes)
        )),
    }
    lines
}
