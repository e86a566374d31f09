//! Measures the budgets: runs the program and its peers in turns as whole processes and prints the ratios. Asserts nothing.

mod histories;
mod lab;
mod large;
mod lists;
mod many;
mod measure;
mod process;
mod sizes;
mod syncs;
mod table;

use std::path::PathBuf;

use peers::Result;

use lab::Lab;
use measure::Row;
use table::Report;

const USAGE: &str = "usage: ratios [--program FILE] [--before FILE] [--quick] [--count] [--only ROW]… [--dir DIR]
  --program FILE  the gh-pmu to measure (default: target/release/gh-pmu of this repository)
  --before FILE   another build of it, which takes its turn in every row
  --count         counts instructions with callgrind, once each, instead of taking times: the same on a busy machine
  --quick         a sixth of the rounds
  --only ROW      this row only; may be given again
  --dir DIR       where manifests and stores are made (default: target/ratios of this package); a real disk,
                  as some rows wait for it. Emptied at the start if an earlier run made it";

type MakeRow = fn(&Lab, usize) -> Result<Row<'_>>;
type Weigh = fn(&Lab, &mut Report) -> Result<()>;

/// Name, rounds, and what is run.
const TIMED: [(&str, usize, MakeRow); 22] = [
    ("list-100", 600, lists::list_100),
    ("list-open-30", 300, lists::list_open_30),
    ("list-open-100k", 60, lists::list_open_100k),
    ("list-open-1m", 12, lists::list_open_1m),
    ("list-all-100k", 90, lists::list_all_100k),
    ("list-all-200k", 60, lists::list_all_200k),
    ("sync-same", 300, syncs::sync_same),
    ("sync-touched", 90, syncs::sync_touched),
    ("sync-one-of-100", 300, syncs::sync_one_of_100),
    ("sync-one-of-100k", 36, syncs::sync_one_of_100k),
    ("first-sync", 18, syncs::first_sync),
    ("orders", 12, large::orders),
    ("everything", 6, large::everything),
    ("history", 300, histories::history),
    ("history-of-one", 60, histories::history_of_one),
    ("as-of", 300, lists::as_of),
    ("compact", 24, syncs::compact),
    ("rebuild", 6, histories::rebuild),
    ("rebuild-real", 24, histories::rebuild_real),
    ("all-repos", 24, many::all_repos),
    ("collection-same", 24, many::collection_same),
    ("collection-changed", 24, many::collection_changed),
];

const WEIGHED: [(&str, Weigh); 3] = [("disk", sizes::disk), ("memory", sizes::memory), ("binary", sizes::binary)];

const QUICK: usize = 6;

struct Options {
    program: PathBuf,
    before: Option<PathBuf>,
    counts: bool,
    dir: PathBuf,
    quick: bool,
    only: Vec<String>,
}

fn parse_args() -> Result<Options> {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options {
        program: package.join("../../target/release/gh-pmu"),
        before: None,
        counts: false,
        dir: package.join("target/ratios"),
        quick: false,
        only: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--program" => options.program = args.next().ok_or(USAGE)?.into(),
            "--dir" => options.dir = args.next().ok_or(USAGE)?.into(),
            "--only" => options.only.push(args.next().ok_or(USAGE)?),
            "--before" => options.before = Some(args.next().ok_or(USAGE)?.into()),
            "--count" => options.counts = true,
            "--quick" => options.quick = true,
            _ => return Err(USAGE.into()),
        }
    }
    let names: Vec<&str> = TIMED.iter().map(|row| row.0).chain(WEIGHED.iter().map(|row| row.0)).collect();
    match options.only.iter().find(|only| !names.contains(&only.as_str())) {
        Some(wrong) => Err(format!("no row \"{wrong}\"; rows are {}", names.join(", ")).into()),
        None => Ok(options),
    }
}

fn measure(options: &Options) -> Result<()> {
    let mut lab = Lab::new(&options.dir, &options.program, options.before.as_deref())?;
    lab.counts = options.counts;
    let mut report = Report::default();
    let is_wanted = |id: &str| options.only.is_empty() || options.only.iter().any(|only| only == id);
    for (id, rounds, make) in TIMED.into_iter().filter(|row| is_wanted(row.0)) {
        let rounds = if options.quick { (rounds / QUICK).max(1) } else { rounds };
        if let Err(error) = make(&lab, rounds).and_then(|row| row.measure(&lab, id, &mut report)) {
            report.failure(id, error.as_ref());
        }
    }
    for (id, weigh) in WEIGHED.into_iter().filter(|row| is_wanted(row.0)) {
        if let Err(error) = weigh(&lab, &mut report) {
            report.failure(id, error.as_ref());
        }
    }
    if !options.counts {
        report.summary();
    }
    Ok(())
}

fn main() {
    if let Err(error) = parse_args().and_then(|options| measure(&options)) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
