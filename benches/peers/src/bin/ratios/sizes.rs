//! Rows that weigh: memory, disk, the binary.

use std::fs;

use peers::Result;

use crate::lab::{Lab, PROGRAM, STORES, disk_use};
use crate::process::{Command, settle_disk};
use crate::table::{Report, Verdict};

const COUNT: u64 = 100_000;
const MB: f64 = 1e6;

/// Peak memory of lists at 100 k: all of it, and what is not mapped from a file.
pub fn memory(lab: &Lab, report: &mut Report) -> Result<()> {
    let checkout = lab.checkout(COUNT)?;
    report.sizes_heading("memory", "any list at 100 k", &["max RSS KiB", "anonymous KiB, greatest seen"]);
    let mut add = |who: &str, command: &Command, has_budget: bool| -> Result<()> {
        let Ok(memory) = command.watch() else {
            report.sizes(who, &["not available".to_owned(), String::new()]);
            return Ok(());
        };
        let note = if memory.code == 0 { String::new() } else { format!(" (exit code {})", memory.code) };
        report.sizes(who, &[format!("{}{note}", memory.max_rss_kib), memory.anonymous_kib.to_string()]);
        if has_budget {
            let measured = (memory.code == 0).then_some(memory.anonymous_kib as f64 / 1024.0);
            report.verdict(Verdict {
                row: "memory".into(),
                what: who.into(),
                measured,
                limit: 4.0,
                unit: "MiB",
                is_wrong: false,
            });
        }
        Ok(())
    };
    add("floor", &lab.peer("floor", &[]), false)?;
    let lists: [(&str, &[&str]); 5] = [
        ("all", &[]),
        ("open", &["-s", "open"]),
        ("by title", &["--sort", "title"]),
        ("by version", &["--sort", "version"]),
        ("search", &["--search", "harbor"]),
    ];
    for (name, args) in lists {
        let args = [&["release", "list"], args].concat();
        for build in lab.builds() {
            let list = lab.program(build, &checkout, &args);
            add(&format!("{}, {name}", build.name), &list, build.name == PROGRAM)?;
        }
    }
    add("no cache, all", &lab.peer("nocache", &["list-all"]).arg(&checkout.manifest), false)?;
    for store in STORES {
        add(&format!("{store}, all"), &lab.peer(store, &["list-all"]).arg(lab.store(store, COUNT)?), false)?;
    }
    Ok(())
}

/// Bytes per tracker after the first sync, everything in the cache's directory counted.
pub fn disk(lab: &Lab, report: &mut Report) -> Result<()> {
    let checkout = lab.fresh_checkout("disk", COUNT)?;
    let title = "after the first sync of 100 k, bytes per tracker";
    report.sizes_heading("disk", title, &["lengths", "on disk", "× manifest"]);
    let manifest_len = fs::metadata(&checkout.manifest)?.len() as f64;
    let mut add = |who: &str, command: &Command, dir: &std::path::Path| -> Result<Option<f64>> {
        let synced = command.run().is_ok_and(|outcome| outcome.code == 0);
        settle_disk();
        let Some((len, allocated)) = disk_use(dir).ok().filter(|_| synced) else {
            report.sizes(who, &["not available".to_owned(), String::new(), String::new()]);
            return Ok(None);
        };
        let per_tracker = |bytes: u64| bytes as f64 / COUNT as f64;
        let cells = [per_tracker(len), per_tracker(allocated), allocated as f64 / manifest_len];
        report.sizes(who, &[format!("{:.1}", cells[0]), format!("{:.1}", cells[1]), format!("{:.2}", cells[2])]);
        Ok(Some(per_tracker(allocated)))
    };
    let mut program = None;
    for build in lab.builds().iter().rev() {
        program = add(build.name, &lab.program(build, &checkout, &["cache", "sync"]), &checkout.cache(build))?;
    }
    let mut sqlite = None;
    for store in STORES {
        let db = lab.store_dir(store, "disk");
        let found = add(store, &lab.store_sync(store, &checkout, &db, true), &db)?;
        if store == "sqlite" {
            sqlite = found;
        }
    }
    let measured = program.zip(sqlite).map(|(program, sqlite)| program / sqlite);
    report.verdict(Verdict {
        row: "disk".into(),
        what: "gh-pmu / sqlite".into(),
        measured,
        limit: 0.5,
        unit: "×",
        is_wrong: false,
    });
    Ok(())
}

/// The size of the programs themselves.
pub fn binary(lab: &Lab, report: &mut Report) -> Result<()> {
    report.sizes_heading("binary", "file length", &["bytes"]);
    let peers = ["floor", "nocache"].iter().chain(&STORES).map(|name| (*name, lab.peer_file(name)));
    let builds = lab.builds().iter().map(|build| (build.name, build.file.clone()));
    for (name, file) in builds.chain(peers) {
        let len = fs::metadata(&file).map(|metadata| metadata.len()).ok();
        report.sizes(name, &[len.map_or("not available".to_owned(), |len| len.to_string())]);
        if name == PROGRAM {
            let measured = len.map(|len| len as f64 / MB);
            report.verdict(Verdict {
                row: "binary".into(),
                what: PROGRAM.into(),
                measured,
                limit: 4.5,
                unit: "MB",
                is_wrong: false,
            });
        }
    }
    Ok(())
}
