//! Events in a DuckLake, loaded by the recipe of `docs/ducklake.sql`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::database::{installed, piped};
use super::machines::Origin;

struct Lake {
    dir: TempDir,
}

impl Lake {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().display();
        let attach = format!(
            "LOAD '{}';\nATTACH 'ducklake:{place}/catalog.ducklake' AS lake (DATA_PATH '{place}/data/');\n",
            extension().display()
        );
        std::fs::write(dir.path().join("attach.sql"), attach).unwrap();
        Self { dir }
    }

    fn client(&self) -> Command {
        let mut client = Command::new(installed("duckdb"));
        client.env("HOME", self.dir.path()).args(["-bail", "-init"]).arg(self.dir.path().join("attach.sql"));
        client
    }

    fn load(&self, ndjson: &str) -> (bool, String) {
        let mut client = self.client();
        client.arg("-f").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ducklake.sql"));
        let output = piped(client, ndjson.as_bytes());
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    }

    #[track_caller]
    fn take(&self, ndjson: &str) {
        let (ok, said) = self.load(ndjson);
        assert!(ok, "{said}");
    }

    #[track_caller]
    fn ask(&self, query: &str) -> Vec<String> {
        let mut client = self.client();
        client.args(["-noheader", "-list", "-separator", "\t", "-nullvalue", "", "-c", query]).stdin(Stdio::null());
        let output = client.output().unwrap();
        assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    fn snapshots(&self) -> u64 {
        self.ask("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')")[0].parse().unwrap()
    }
}

/// The extension comes with its package: nothing is downloaded when it is loaded.
fn extension() -> PathBuf {
    let found = Command::new(installed("python"))
        .args(["-c", "import glob, duckdb_extension_ducklake as e; print(glob.glob(e.__path__[0] + '/extensions/*/ducklake.duckdb_extension')[0])"])
        .output()
        .unwrap();
    assert!(found.status.success(), "{found:?}");
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim())
}

#[test]
#[ignore = "starts engines: scripts/engines"]
fn a_lake_holds_each_event_once_and_a_snapshot_for_each_load_with_news() {
    let (lake, origin) = (Lake::new(), Origin::new());
    origin.publish(origin.versions() / 2);
    let first = origin.machine();
    lake.take(&first.ndjson(&[]));
    let at_half = lake.snapshots();
    lake.take(&first.ndjson(&[]));
    assert_eq!(lake.snapshots(), at_half, "loading twice is loading once");
    origin.publish(origin.versions());
    let second = origin.machine();
    let id = &lake.ask("SELECT id FROM lake.checkpoints")[0];
    let news = second.ndjson(&["--since", id]);
    // Cut at any line, or within one: nothing of it is there.
    for end in [news.find('\n').unwrap() + 1, news.rfind("{\"checkpoint\"").unwrap(), news.len() / 2] {
        let (ok, said) = lake.load(&news[..end]);
        assert!(!ok, "{said}");
        assert_eq!(lake.snapshots(), at_half);
    }
    let (ok, said) = Lake::new().load(&news);
    assert!(!ok && said.contains("what comes before these events is not stored"), "{said}");
    lake.take(&news);
    assert_eq!(lake.snapshots(), at_half + 1, "rows and checkpoint are one transaction");
    let (events, checkpoint) = second.events();
    let expected: Vec<String> =
        events.iter().map(|event| format!("{}\t{}", event["seq"], event["id"].as_str().unwrap())).collect();
    assert_eq!(lake.ask("SELECT seq, id FROM lake.events ORDER BY seq"), expected);
    let hashes = ["historyHash", "stateHash"].map(|name| checkpoint[name].as_str().unwrap());
    assert_eq!(lake.ask("SELECT history_hash, state_hash FROM lake.checkpoints"), [hashes.join("\t")]);
    // Time travel of the lake, and of its events.
    let past = lake.ask(&format!("SELECT count(*) FROM lake.events AT (VERSION => {at_half})"));
    assert_eq!(past, [first.events().0.len().to_string()]);
    let moment = events[events.len() - 2]["changedAt"].as_str().unwrap();
    let folded = lake.ask(&format!(
        "SELECT kind, number, lower(hex(tracker_title)), tracker_state, epoch_ms(tracker_created_at), epoch_ms(tracker_closed_at)
         FROM lake.events WHERE changed_at <= timestamp '{moment}'
         QUALIFY row_number() OVER (PARTITION BY repo, kind, number ORDER BY seq DESC) = 1 AND tracker_state IS NOT NULL
         ORDER BY kind, number DESC"
    ));
    assert_eq!(folded, second.listed(Some(moment)));
    let forked = second.ndjson(&[]).replacen("\"id\":\"", "\"id\":\"0", 1);
    let (ok, said) = lake.load(&forked);
    assert!(!ok && said.contains("another history is stored under the same numbers"), "{said}");
}
