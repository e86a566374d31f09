//! `cache history --follow`: what is new, as it comes. Told by the system when the store or the manifest changes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use gh_pmu::model::Seq;
use notify::{RecursiveMode, Watcher};

use crate::exit::{Error, Exit};
use crate::output::is_read;
use crate::source::{Context, Source};

/// Where the system tells nothing (some network file systems), news take this many seconds.
const LOOK_AGAIN: u32 = 5;
const SECOND: Duration = Duration::from_secs(1);
/// Several files change in one sync: they are looked at together.
const SETTLE: Duration = Duration::from_millis(50);

/// What can happen while nothing does.
enum Signal {
    Changed,
    Interrupted,
    Unread,
}

/// Where each history was when it was looked at last: its last published event, and its last. By repository: others can
/// come while it is followed, or not be readable for once.
#[derive(Default)]
pub struct Position(BTreeMap<[String; 3], (Seq, Seq)>);

impl Position {
    /// Goes on to the ends of these histories.
    pub fn advance(&mut self, sources: &[Source]) {
        self.0.extend(sources.iter().map(|(repo, view)| (repo.dir_names(), (view.published_seq(), view.seq()))));
    }

    /// The last event that was seen of a source. What is published since takes the numbers of what was observed. A history
    /// that became shorter was written again: it is followed from its new end.
    pub fn seen(&self, (repo, view): &Source) -> Seq {
        let Some((published, last)) = self.0.get(&repo.dir_names()).copied() else { return Seq(0) };
        let seen = if view.published_seq() > published { published } else { last };
        seen.min(view.seq())
    }
}

/// Calls `look` each time that something changed, until the user interrupts or nobody reads any more. What one look warns
/// of, the next does not say again.
///
/// # Errors
/// Those of `look`; the system cannot tell of changes.
pub fn run(
    sources: &[Source],
    context: &mut Context<'_, '_>,
    mut look: impl FnMut(&mut Context<'_, '_>) -> Result<(), Error>,
) -> Result<Exit, Error> {
    let (tell, told) = channel();
    let interrupted = tell.clone();
    let failed = |what: &dyn std::fmt::Display| Error::new(format!("cannot follow the history: {what}"));
    ctrlc::set_handler(move || drop(interrupted.send(Signal::Interrupted))).map_err(|error| failed(&error))?;
    let _watchers = watch(sources, &tell, context).map_err(|error| failed(&error))?;
    loop {
        match wait(&told) {
            Signal::Changed => {}
            Signal::Interrupted => return Ok(Exit::Cancelled),
            Signal::Unread => return Err(Error::ClosedPipe),
        }
        context.output.warn_of_news_only();
        look(context)?;
    }
}

fn watch(
    sources: &[Source],
    tell: &Sender<Signal>,
    context: &Context<'_, '_>,
) -> Result<impl Watcher + use<>, notify::Error> {
    let tell = tell.clone();
    // Whoever is gone has nothing to be told.
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // A look reads files, which is no news.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = tell.send(Signal::Changed);
        }
    })?;
    let manifest = context.located().and_then(|located| located.manifest.parent().map(Path::to_owned));
    let stores = sources.iter().map(|(_, view)| view.dir().to_owned());
    for dir in stores.chain(manifest.filter(|dir| dir.is_dir())) {
        watcher.watch(&dir, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Waits for something to happen, or long enough to look all the same.
fn wait(told: &Receiver<Signal>) -> Signal {
    let mut signal = None;
    for _second in 0..LOOK_AGAIN {
        if !is_read() {
            return Signal::Unread;
        }
        signal = told.recv_timeout(SECOND).ok();
        if signal.is_some() {
            break;
        }
    }
    while let Some(Signal::Changed) = signal {
        signal = told.recv_timeout(SETTLE).ok();
    }
    signal.unwrap_or(Signal::Changed)
}
