use std::path::Path;
use std::process::Command;
use std::time::Duration;

use gh_pmu::fs::Disk;
use gh_pmu::model::Kind;
use gh_pmu::query::{Filter, select};
use gh_pmu::sync::{Hosting, Now, Options, Outcome, locate, sync};

fn versions(bundle: &Path) -> (tempfile::TempDir, Vec<(String, Vec<u8>)>) {
    let dir = tempfile::tempdir().unwrap();
    let clone = dir.path().join("clone");
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    git(&["clone", "-q", bundle.to_str().unwrap(), clone.to_str().unwrap()]);
    let at = clone.to_str().unwrap();
    let log = String::from_utf8(git(&["-C", at, "log", "--first-parent", "--reverse", "--format=%H"])).unwrap();
    let versions = log.lines().map(|commit| {
        let blob = git(&["-C", at, "cat-file", "blob", &format!("{commit}:.github/pmu-cache.json")]);
        (commit.to_owned(), blob)
    });
    let versions = versions.collect();
    (dir, versions)
}

#[test]
fn smoke() {
    let bundle = Path::new("/work/shared/data/moq-transport.bundle");
    let (dir, versions) = versions(bundle);
    let cache = dir.path().join("cache");
    let work = dir.path().join("work");
    std::fs::create_dir_all(&work).unwrap();
    let path = work.join("m.json");
    let hosting = Hosting { host: "github.com", named: false };
    let mut totals = std::collections::BTreeMap::new();
    for (i, (_, bytes)) in versions.iter().enumerate() {
        std::fs::write(&path, bytes).unwrap();
        let located = locate(&Disk, &cache, None, path.clone(), hosting);
        let options = Options { force: false, patience: Duration::from_secs(1), only: None };
        let now = Now { nanos: 1_700_000_000_000_000_000 + i as i64 };
        let synced = sync(&Disk, &cache, &located, hosting, options, now).unwrap();
        if let Outcome::Changed { counts, .. } = &synced.outcome {
            for (w, c) in counts {
                *totals.entry(*w).or_insert(0) += c;
            }
        }
        let manifest = gh_pmu::manifest::parse(bytes).unwrap();
        let sources = vec![(synced.repo, synced.view)];
        for kind in Kind::ALL {
            let selection = select(&sources, &Filter::all(kind)).map_err(|e| e.1).unwrap();
            let rows: Vec<_> = selection.rows().map(|r| r.tracker).collect();
            let expected: Vec<_> = manifest.trackers.iter().filter(|t| t.kind == kind).cloned().collect();
            assert_eq!(rows, expected);
        }
        let reopened = gh_pmu::store::Store::of(&Disk, &cache, &sources[0].0).view().unwrap().unwrap();
        assert!(reopened.damage().is_empty(), "{:?}", reopened.damage());
        assert_eq!(reopened.state_hash().unwrap(), sources[0].1.state_hash().unwrap());
    }
    println!("{totals:?}");
    let out = Command::new("ls")
        .args(["-la", cache.join("github.com/moq-wg/moq-transport").to_str().unwrap()])
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&out.stdout));
}
