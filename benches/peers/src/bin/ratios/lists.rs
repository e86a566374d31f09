//! Rows that read what is current, or was a while ago.

use std::path::Path;

use peers::Result;
use peers::time::rfc3339;

use crate::lab::{Build, Checkout, DAY, HOUR, Lab, PROGRAM, STORES};
use crate::measure::{Contestant, Row};

pub fn floor(lab: &Lab) -> Contestant {
    Contestant::new("floor", lab.peer("floor", &[]))
}

/// `release list -s open` of 100 trackers.
pub fn list_100(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.checkout(100)?;
    let list = |build: &Build| lab.program(build, &checkout, &["release", "list", "-s", "open"]);
    let nocache = || lab.peer("nocache", &["list-open"]).arg(&checkout.manifest);
    let mut row = Row::new("release list -s open, 100 trackers, manifest unchanged", rounds)
        .with(floor(lab))
        .with_program(lab, "", |build| Contestant::of(list(build)).prints_like(nocache()))
        .with(Contestant::new("no cache", nocache()).prints_like(nocache()))
        .budget(PROGRAM, 2.0, "floor");
    for store in STORES {
        let list = lab.peer(store, &["list-open"]).arg(lab.store(store, 100)?);
        row = row.with(Contestant::new(store, list).prints_like(nocache()));
    }
    Ok(["lmdb", "redb", "sqlite"].iter().fold(row, |row, store| row.budget(PROGRAM, 1.0, store)))
}

/// `release list -s open -L 30` of 100 k and 1 M trackers, in one row so that the two sizes can be compared.
pub fn list_open_30(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    const ARGS: [&str; 6] = ["release", "list", "-s", "open", "-L", "30"];
    let (small, large) = (lab.checkout(100_000)?, lab.checkout(1_000_000)?);
    let nocache = |checkout: &Checkout| lab.peer("nocache", &["list-open", "-L", "30"]).arg(&checkout.manifest);
    let program = |build: &Build, checkout: &Checkout| {
        Contestant::of(lab.program(build, checkout, &ARGS)).prints_like(nocache(checkout))
    };
    let mut row = Row::new("release list -s open -L 30 of 100 k and of 1 M", rounds)
        .with(floor(lab))
        .with_program(lab, "100 k", |build| program(build, &small))
        .with_program(lab, "1 M", |build| program(build, &large))
        .budget("gh-pmu 100 k", 2.0, "floor")
        .budget("gh-pmu 1 M", 2.0, "floor")
        .budget("gh-pmu 1 M", 1.1, "gh-pmu 100 k");
    for (name, checkout, count) in [("100 k", &small, 100_000), ("1 M", &large, 1_000_000)] {
        row = row.with(Contestant::new(format!("no cache {name}"), nocache(checkout)).every(15));
        for store in STORES {
            let list = lab.peer(store, &["list-open", "-L", "30"]).arg(lab.store(store, count)?);
            let list = Contestant::new(format!("{store} {name}"), list).every(5);
            row = row.with(list.prints_like(nocache(checkout)));
        }
    }
    Ok(row)
}

/// Every open release of one size: without a budget, but the peers were measured on it.
fn list_open(lab: &Lab, rounds: usize, count: u64) -> Result<Row<'_>> {
    let checkout = lab.checkout(count)?;
    let nocache = || lab.peer("nocache", &["list-open"]).arg(&checkout.manifest);
    let mut row = Row::new(format!("release list -s open, all of them, {count} trackers"), rounds)
        .with(floor(lab))
        .with_program(lab, "", |build| {
            Contestant::of(lab.program(build, &checkout, &["release", "list", "-s", "open"])).prints_like(nocache())
        })
        .with(Contestant::new("no cache", nocache()).prints_like(nocache()));
    for store in STORES {
        let list = lab.peer(store, &["list-open"]).arg(lab.store(store, count)?);
        row = row.with(Contestant::new(store, list).prints_like(nocache()));
    }
    Ok(row)
}

pub fn list_open_100k(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    list_open(lab, rounds, 100_000)
}

pub fn list_open_1m(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    list_open(lab, rounds, 1_000_000)
}

/// Every release of `count` trackers, half of them, into a pipe.
fn list_all(lab: &Lab, rounds: usize, count: u64) -> Result<Row<'_>> {
    let checkout = lab.checkout(count)?;
    let nocache = || lab.peer("nocache", &["list-all"]).arg(&checkout.manifest);
    let written = lab.path(&format!("list-all-{count}.tsv"));
    nocache().write_to(&written)?;
    let mut row = Row::new(format!("release list of all, {count} trackers, half of them releases, piped"), rounds)
        .with(floor(lab))
        .with(Contestant::new("emit", lab.peer("emit", &[]).arg(&written).piped()).prints_like(nocache()))
        .with_program(lab, "", |build| {
            Contestant::of(lab.program(build, &checkout, &["release", "list"]).piped()).prints_like(nocache())
        })
        .with(Contestant::new("no cache", nocache().piped()).prints_like(nocache()))
        .budget(PROGRAM, 1.0, "lmdb");
    for store in STORES {
        let list = lab.peer(store, &["list-all"]).arg(lab.store(store, count)?);
        row = row.with(Contestant::new(store, list.piped()).prints_like(nocache()));
    }
    Ok(row)
}

pub fn list_all_100k(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    list_all(lab, rounds, 100_000)
}

pub fn list_all_200k(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    list_all(lab, rounds, 200_000)
}

/// A list as it was before the last sync.
pub fn as_of(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.checkout(100_000)?;
    let list = |build: &Build, args: &[&str]| {
        let args = [&["release", "list", "-s", "open", "-L", "30"], args].concat();
        Contestant::of(lab.program(build, &checkout, &args))
    };
    let earlier = lab.path("earlier.json");
    lab.generate(&earlier, 100_000, 0, lab.now - 30 * DAY)?;
    let model = |manifest: &Path| lab.peer("nocache", &["list-open", "-L", "30"]).arg(manifest);
    let (before, long_before) = (rfc3339(lab.now - 2 * HOUR), rfc3339(lab.now - 40 * DAY));
    Ok(Row::new("release list -s open -L 30 --as-of, 100 k", rounds)
        .with(floor(lab))
        .with_program(lab, "now", |build| list(build, &[]).prints_like(model(&checkout.manifest)))
        .with_program(lab, "1 event ago", |build| list(build, &["--as-of", &before]).prints_like(model(&earlier)))
        .with_program(lab, "before all", |build| list(build, &["--as-of", &long_before])))
}
