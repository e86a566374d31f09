//! Rows at a million trackers, half of them releases: orders and searches that no index serves, and all of them at once.

use peers::Result;

use crate::lab::{Build, Lab};
use crate::measure::{Contestant, Row};

const COUNT: u64 = 1_000_000;
/// In no title.
const ABSENT: &str = "quetzalcoatl";

/// The five first of half a million by title, version and creation, and a search that finds none.
pub fn orders(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.checkout(COUNT)?;
    let db = lab.store("sqlite", COUNT)?;
    let sqlite = |args: &[&str]| lab.peer("sqlite", args).arg(&db);
    let list = |build: &Build, args: &[&str]| {
        Contestant::of(lab.program(build, &checkout, &[&["release", "list"], args].concat()))
    };
    let by = |order: &'static str| ["--sort", order, "-L", "5"];
    let mut row = Row::new("release list of 500 k: the first five in some order, and a search without a hit", rounds);
    for order in ["title", "created"] {
        let peer = || sqlite(&["top", order, "5"]);
        let name = format!("sqlite {order}");
        row = row
            .with(Contestant::new(&name, peer()))
            .with_program(lab, order, |build| list(build, &by(order)).prints_like(peer()))
            .budget(&format!("gh-pmu {order}"), 1.0, &name);
    }
    let search = || sqlite(&["search", ABSENT]);
    Ok(row
        .with(Contestant::new("sqlite search", search()))
        .with_program(lab, "search", |build| list(build, &["--search", ABSENT]).prints_like(search()))
        .budget("gh-pmu search", 1.0, "sqlite search")
        // SQLite knows no versions: those who want them in order sort titles.
        .with_program(lab, "version", |build| list(build, &by("version")).prints_lines(5))
        .budget("gh-pmu version", 1.0, "sqlite title"))
}

/// Everything there is, in the forms in which it leaves.
pub fn everything(lab: &Lab, rounds: usize) -> Result<Row<'_>> {
    let checkout = lab.checkout(COUNT)?;
    let run = |build: &Build, args: &[&str]| Contestant::of(lab.program(build, &checkout, args));
    Ok(Row::new("1 M trackers and as many events: all of them", rounds)
        .with(Contestant::new("parse", lab.peer("parse", &[]).arg(&checkout.manifest)))
        .with_program(lab, "jq length", |build| {
            run(build, &["release", "list", "--json", "number,title,state", "--jq", "length"]).prints_lines(1)
        })
        .with_program(lab, "export", |build| run(build, &["cache", "export", "--format", "ndjson"]))
        .with_program(lab, "export events", |build| run(build, &["cache", "export", "--events", "--format", "sql"]))
        .with_program(lab, "verify", |build| run(build, &["cache", "verify"])))
}
