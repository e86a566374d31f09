//! Many repositories at once: collections, and all that an owner has.

use super::*;
use crate::model::Seq;

/// What became of each file: its name, and the outcome or the refusal in a word.
fn collect(machine: &Machine, dir: &Path, change: impl FnOnce(&mut Options<'_>)) -> Vec<(String, String)> {
    let collection = Collection::of(dir, HOSTING);
    let mut options = Options { explain: true, history: History::Needed, ..OPTIONS };
    change(&mut options);
    let mut all = Vec::new();
    let mut each = |collected: Collected, done: u64, total: u64| {
        assert!(done <= total);
        let word = match collected.synced {
            Ok(Synced { outcome: Outcome::Unchanged, .. }) => "unchanged".to_owned(),
            Ok(Synced { outcome: Outcome::Changed { last_seq, .. }, .. }) => format!("@{last_seq}"),
            Ok(Synced { outcome, .. }) => format!("{outcome:?}"),
            Err(error) => error.to_string(),
        };
        all.push((collected.path.file_name().unwrap().to_str().unwrap().to_owned(), word));
    };
    sync_collection(&Disk, &machine.cache(), (&collection, HOSTING), (options, NOW), &mut each).unwrap();
    all
}

#[test]
fn a_collection_gives_each_repository_its_history_in_one_walk_and_names_what_it_refuses() {
    let machine = Machine::new();
    let put = |name: &str, text: &str| {
        let path = machine.root().join("all").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let commit = || {
        machine.git(&["add", "-A"]);
        machine.git(&["commit", "-q", "-m", "m"]);
    };
    put("o/a.json", &manifest_of("o/a", 1, &["Release: a1"]));
    put("o/b.json", &manifest_of("o/b", 1, &["Release: b1"]));
    commit();
    put("o/a.json", &manifest_of("o/a", 2, &["Release: a2"]));
    commit();
    put("o/c.json", &manifest_of("o/a", 3, &["Release: again"]).replace("o/a", "o/d"));
    put("o/d.json", &manifest_of("o/d", 3, &["Release: d"]));
    put("o/none.json", &manifest(3, &["Release: x"]).replace(r#""repo": "o/r", "#, ""));
    put("broken.json", "<<<<<<< x");
    put(".hidden/e.json", "");
    let dir = machine.root().join("all");
    let all = collect(&machine, &dir, |_| ());
    let word = |name: &str| all.iter().find(|(of, _)| of == name).unwrap().1.clone();
    assert_eq!((all.len(), word("a.json"), word("b.json")), (6, "@2".to_owned(), "@1".to_owned()));
    for name in ["c.json", "d.json"] {
        assert!(word(name).contains("names o/d, as another file does"), "{}", word(name));
    }
    assert!(word("none.json").contains("names no repository"), "{}", word("none.json"));
    assert!(word("broken.json").contains("conflict marker"), "{}", word("broken.json"));
    assert_eq!(machine.view("o/a").published_seq(), Seq(2));
    let alone = Machine::new();
    for (hour, title) in [(1, "Release: a1"), (2, "Release: a2")] {
        alone.commit(&manifest_of("o/a", hour, &[title]));
    }
    // The same changes, of other commits: as many events.
    alone.sync();
    assert_eq!(alone.events("o/a").len(), machine.events("o/a").len());
    // Again nothing, and then what changed.
    let all = collect(&machine, &dir, |_| ());
    assert!(all.iter().filter(|(_, word)| word == "unchanged").count() == 2, "{all:?}");
    put("o/b.json", &manifest_of("o/b", 4, &["Release: b2"]));
    commit();
    let all = collect(&machine, &dir, |_| ());
    assert!(all.contains(&("b.json".to_owned(), "@2".to_owned())), "{all:?}");
    assert_eq!(machine.view("o/b").published_seq(), Seq(2));
}

#[test]
fn a_collection_whose_history_git_cannot_read_says_so() {
    let machine = Machine::new();
    let dir = machine.root().join("all");
    fs::create_dir_all(&dir).unwrap();
    for hour in [1, 2] {
        fs::write(dir.join("a.json"), manifest_of("o/a", hour, &["Release: a"])).unwrap();
        machine.git(&["add", "-A"]);
        machine.git(&["commit", "-q", "-m", &hour.to_string()]);
    }
    let notes = || {
        fs::remove_dir_all(machine.cache()).unwrap_or_default();
        let collection = Collection::of(&dir, HOSTING);
        let options = Options { explain: true, history: History::Needed, ..OPTIONS };
        let mut notes = Vec::new();
        let mut each = |collected: Collected, _, _| notes.push(collected.synced.unwrap().notes);
        sync_collection(&Disk, &machine.cache(), (&collection, HOSTING), (options, NOW), &mut each).unwrap();
        notes
    };
    assert_eq!(notes(), [[]]);
    machine.lose("HEAD~1:all/a.json");
    assert!(matches!(&notes()[..], [of] if matches!(&of[..], [Note::Unread { .. }])), "{:?}", notes());
    machine.lose("HEAD~1^{tree}");
    assert!(matches!(&notes()[..], [of] if matches!(&of[..], [Note::Unread { .. }])), "{:?}", notes());
    machine.git(&["config", "remote.origin.promisor", "true"]);
    let partial = [[Note::Partial { path: "all".to_owned() }]];
    assert_eq!(notes(), partial);
}

#[test]
fn a_renamed_repository_has_one_store_and_its_old_name_answers() {
    let theirs = Machine::new();
    publish(&theirs, 1, &["Release: a"]);
    let ours = Machine::clone_of(&theirs.url(), &[]);
    ours.sync();
    theirs.commit(&manifest_of("new/name", 2, &["Release: a", "Release: b"]));
    ours.git(&["pull", "-q", "--ff-only"]);
    ours.sync();
    let old = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
    assert!(ours.store("o/r").view().unwrap().is_none());
    assert_eq!(current_name(&Disk, &ours.cache(), &old).to_string(), "new/name");
    // An old manifest is the past of the new name.
    ours.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    let synced = ours.sync();
    assert_eq!((synced.repo.to_string(), titles(&synced.view).len()), ("new/name".to_owned(), 2));
    // Somebody takes the old name for something new.
    ours.write(&manifest(9, &["Release: other"]));
    assert_eq!(ours.sync().repo, old);
    assert_eq!(current_name(&Disk, &ours.cache(), &old), old);
    forget_checkouts(&Disk, &ours.cache());
    assert!(!ours.cache().join(".renamed").exists());
}

#[cfg(unix)]
mod asked {
    use serde_json::{Value, json};

    use super::*;
    use crate::github::{Gh, ManifestPlace, RemoteManifest};

    /// A `gh` that answers each question by its name from a file.
    fn gh(machine: &Machine) -> Gh {
        let dir = machine.dir.path();
        let script = format!(
            "#!/bin/sh\ncd '{}'; cat >now; name=$(sed -n 's/.*query \\([A-Z][a-z]*\\).*/\\1/p' now)\necho $name >>asked\n\
             printf 'HTTP/2.0 200 OK\\n\\r\\n'; cat $name\n",
            dir.display()
        );
        fs::write(dir.join("script"), script).unwrap();
        // By another process: a file that this one has open for writing cannot be run.
        let made = Command::new("sh").current_dir(dir).args(["-c", "cp script gh && chmod +x gh"]).status();
        assert!(made.unwrap().success());
        let environment = vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())];
        Gh { program: dir.join("gh"), environment, timeout: Duration::from_secs(10) }
    }

    fn place() -> ManifestPlace {
        ManifestPlace { branch: None, path: PATH.to_owned() }
    }

    /// What GitHub would say of the history of a repository.
    fn history_of(theirs: &Machine) -> String {
        let log = theirs.git(&["log", "--first-parent", "--format=%H %cI %P", "--", PATH]);
        let node = |line: &str| {
            let fields: Vec<&str> = line.split(' ').collect();
            let text = theirs.git(&["show", &format!("{}:{PATH}", fields[0])]);
            let parents: Vec<Value> =
                fields[2..].iter().filter(|id| !id.is_empty()).map(|id| json!({"oid": id})).collect();
            let blob = json!({"oid": "ab", "byteSize": text.len(), "isTruncated": false, "text": text});
            json!({"oid": fields[0], "committedDate": fields[1], "parents": {"nodes": parents}, "file": {"object": blob}})
        };
        let nodes: Vec<Value> = log.lines().map(node).collect();
        let page = json!({"totalCount": nodes.len(), "pageInfo": {"hasNextPage": false}, "nodes": nodes});
        let object = json!({"oid": theirs.git(&["rev-parse", "HEAD"]), "history": page});
        json!({"data": {"repository": {"nameWithOwner": "o/r", "object": object}}}).to_string()
    }

    fn from_github(machine: &Machine, theirs: &Machine) -> Synced {
        let repo = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
        fs::write(machine.dir.path().join("History"), history_of(theirs)).unwrap();
        let bytes = theirs.git(&["show", &format!("HEAD:{PATH}")]).into_bytes();
        let said = Said::Manifest(RemoteManifest { bytes, tag: None }, place());
        let asked = (&gh(machine), &place());
        let past = past_on_github(&Disk, &machine.cache(), &repo, asked, (NOW, &|_, _| ())).unwrap().unwrap();
        let recording = Recording { force: false, patience: Duration::from_secs(5), past: Some(&past), now: NOW };
        record(&Disk, &machine.cache(), &repo, &said, recording).unwrap()
    }

    #[test]
    fn github_s_history_of_a_manifest_is_that_of_a_clone() {
        let theirs = Machine::new();
        publish(&theirs, 1, &["Release: a"]);
        publish(&theirs, 2, &["Release: b"]);
        let remote = Machine::empty();
        from_github(&remote, &theirs);
        publish(&theirs, 3, &["Release: c"]);
        let synced = from_github(&remote, &theirs);
        assert_eq!((synced.notes.len(), synced.view.published_seq()), (0, Seq(3)));
        let clone = Machine::clone_of(&theirs.url(), &[]);
        clone.sync();
        assert_eq!(clone.events("o/r"), remote.events("o/r"));
        assert_eq!(clone.view("o/r").history_hash(), remote.view("o/r").history_hash());
        // Rewritten there: named, and nothing taken back.
        theirs.git(&["reset", "-q", "--hard", "HEAD~1"]);
        publish(&theirs, 4, &["Release: d"]);
        let synced = from_github(&remote, &theirs);
        assert!(matches!(synced.notes[..], [Note::Rewritten(Fork { seq: Seq(3), .. })]), "{:?}", synced.notes);
        assert_eq!((synced.view.published_seq(), titles(&synced.view)), (Seq(3), vec!["Release: d".to_owned()]));
    }

    #[test]
    fn an_owner_s_manifests_are_asked_for_once_and_each_repository_has_its_own_word() {
        let machine = Machine::empty();
        let write = |name: &str, body: Value| fs::write(machine.dir.path().join(name), body.to_string()).unwrap();
        let node = |name: &str, oid: Option<&str>| {
            let object = oid.map(|oid| json!({"oid": oid}));
            json!({"id": name, "nameWithOwner": format!("o/{name}"), "isArchived": false, "isEmpty": oid.is_none(), "object": object})
        };
        let page = |nodes: Vec<Value>| {
            let all = json!({"totalCount": 3, "pageInfo": {"hasNextPage": false}, "nodes": nodes});
            json!({"data": {"repositoryOwner": {"repositories": all}}})
        };
        let text = |id: &str, text: &str| json!({"id": id, "object": {"oid": "1", "byteSize": text.len(), "isTruncated": false, "text": text}});
        write("Owned", page(vec![node("a", Some("1")), node("b", Some("2")), node("c", None)]));
        let (a, b) = (manifest_of("o/a", 1, &["Release: a"]), manifest_of("o/else", 1, &["Release: b"]));
        write("Texts", json!({"data": {"nodes": [text("a", &a), text("b", &b)]}}));
        let (gh, place) = (gh(&machine), place());
        let run = || {
            let patience = Duration::from_secs(5);
            let asking =
                Asking { gh: &gh, host: "github.com", owner: "o", place: &place, force: false, patience, now: NOW };
            let mut all = Vec::new();
            let mut each = |repo: &Repo, synced: OwnedSync, done: u64, total: u64| {
                assert!(done <= total);
                let word = match synced {
                    OwnedSync::Synced(Outcome::Changed { last_seq, .. }) => format!("@{last_seq}"),
                    OwnedSync::Refused(error) => error.to_string(),
                    other => format!("{other:?}"),
                };
                all.push((repo.name().to_owned(), word));
            };
            sync_owner(&Disk, &machine.cache(), asking, &mut each).unwrap();
            all.sort();
            let asked = fs::read_to_string(machine.dir.path().join("asked")).unwrap();
            fs::remove_file(machine.dir.path().join("asked")).unwrap();
            (all.into_iter().map(|(_, word)| word).collect::<Vec<_>>(), asked.replace('\n', " "))
        };
        let (words, asked) = run();
        assert_eq!((words[0].as_str(), words[2].as_str(), asked.as_str()), ("@1", "Without", "Owned Texts "));
        assert!(words[1].contains("is the manifest of o/else, not of o/b"), "{}", words[1]);
        // Unchanged costs its line alone; what was refused is asked for again.
        write("Texts", json!({"data": {"nodes": [text("b", &b.replace("o/else", "o/b"))]}}));
        assert_eq!(run().0, ["Unchanged", "@1", "Without"]);
        assert_eq!(
            run(),
            (vec!["Unchanged".to_owned(), "Unchanged".to_owned(), "Without".to_owned()], "Owned ".to_owned())
        );
        write("Owned", page(vec![node("a", None), node("b", Some("2")), node("c", None)]));
        assert_eq!(run().0, ["Lost", "Unchanged", "Without"]);
    }
}

#[test]
fn files_of_a_collection_that_changed_places_are_taken_as_they_are_now() {
    let machine = Machine::new();
    let dir = machine.root().join("all");
    let put = |name: &str, repo: &str, hour: u32| {
        fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        fs::write(dir.join(name), manifest_of(repo, hour, &[&format!("Release: {hour}")])).unwrap();
    };
    let words = || collect(&machine, &dir, |_| ()).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
    put("1.json", "o/a", 1);
    put("2.json", "o/b", 1);
    assert_eq!(words(), ["@1", "@1"]);
    // Swapped; then one took over another's place, and the other moved on.
    put("1.json", "o/b", 2);
    put("2.json", "o/a", 2);
    assert_eq!(words(), ["@2", "@2"]);
    fs::rename(dir.join("2.json"), dir.join("3.json")).unwrap();
    fs::rename(dir.join("1.json"), dir.join("2.json")).unwrap();
    put("1.json", "o/c", 3);
    assert_eq!(words(), ["@1", "unchanged", "unchanged"]);
    put("1.json", "o/a", 3);
    assert!(words()[0].contains("names o/a, as another file does"));
    // Three that took each other's places.
    let ring = |names: [&str; 3], hour| {
        ["1", "2", "3"].iter().zip(names).for_each(|(file, repo)| put(&format!("{file}.json"), repo, hour))
    };
    ring(["o/a", "o/b", "o/c"], 4);
    words();
    ring(["o/b", "o/c", "o/a"], 5);
    assert!(words().iter().all(|word| word.starts_with('@')));
    assert_eq!(words(), ["unchanged"; 3]);
}

#[test]
fn a_collection_says_nothing_of_the_history_that_a_repository_publishes_itself() {
    let [own, collector] = [Machine::new(), Machine::new()];
    let publish = |hour: u32| {
        let text = manifest_of("o/r", hour, &[&format!("Release: {hour}")]);
        own.commit(&text);
        fs::create_dir_all(collector.root().join("o")).unwrap();
        fs::write(collector.root().join("o/r.json"), text).unwrap();
        collector.git(&["add", "-A"]);
        collector.git(&["commit", "-q", "-m", "gathered"]);
    };
    let told = |machine: &Machine| rewritten(&machine.view("o/r"));
    (1..3).for_each(publish);
    own.sync();
    for hour in 3..5 {
        collect(&own, &collector.root(), |_| ());
        assert_eq!(told(&own), None);
        publish(hour);
        collect(&own, &collector.root(), |_| ());
        // What the collection has first is observed until the checkout is pulled.
        let view = own.view("o/r");
        assert_eq!((told(&own), view.observed_count()), (None, 1));
        own.sync();
        let view = own.view("o/r");
        assert_eq!((told(&own), view.observed_count(), view.published_seq()), (None, 0, Seq(u64::from(hour))));
    }
    // Its own history is told apart from it as from any other.
    collector.git(&["checkout", "-q", "--orphan", "again"]);
    collector.git(&["commit", "-q", "-m", "again"]);
    let alone = Machine::new();
    collect(&alone, &collector.root(), |_| ());
    collector.git(&["commit", "-q", "--amend", "-m", "once more"]);
    fs::write(collector.root().join("o/r.json"), manifest_of("o/r", 9, &["Release: 9"])).unwrap();
    collector.git(&["commit", "-q", "-a", "--amend", "-m", "and more"]);
    collect(&alone, &collector.root(), |_| ());
    assert!(told(&alone).is_some());
}

#[test]
#[cfg(unix)]
fn nothing_that_may_be_a_manifest_is_passed_over_in_silence() {
    let machine = Machine::new();
    let dir = machine.root().join("all");
    let deep = "a/b/c/d/e/f/g/h/i/j/k";
    fs::create_dir_all(dir.join(deep)).unwrap();
    fs::create_dir_all(dir.join("clone/.github")).unwrap();
    fs::create_dir_all(dir.join("clone/.git")).unwrap();
    for (name, repo) in [
        (".github.json", "o/.github"),
        (&*format!("{deep}/deep.json"), "o/deep"),
        ("clone/.github/pmu-cache.json", "o/clone"),
        ("clone/.git/config.json", "o/git"),
    ] {
        fs::write(dir.join(name), manifest_of(repo, 1, &["Release: x"])).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", dir.join("link.json")).unwrap();
    let all = collect(&machine, &dir, |_| ());
    assert_eq!(all.iter().filter(|(_, word)| word == "@1").count(), 3, "{all:?}");
    assert!(all.iter().any(|(name, word)| name == "link.json" && word.contains("is not a regular file")), "{all:?}");
    let names = Store::all(&Disk, &machine.cache()).unwrap().len();
    assert_eq!(names, 3, "a repository's name may begin with a dot");
}

#[test]
fn a_file_of_a_collection_that_was_moved_and_changed_keeps_its_history() {
    let [early, late] = [Machine::new(), Machine::new()];
    let titles: Vec<String> = (0..9).map(|n| format!("Release: v{n}.0.0")).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let put = |machine: &Machine, name: &str, text: &str| {
        let path = machine.root().join("all").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let sync = |machine: &Machine| drop(collect(machine, &machine.root().join("all"), |_| ()));
    let mut ends = Vec::new();
    for machine in [&early, &late] {
        let commit = || {
            machine.git(&["add", "-A"]);
            machine.git(&["commit", "-q", "-m", "m"]);
            if std::ptr::eq(machine, &early) {
                sync(machine);
            }
        };
        put(machine, "o/a.json", &manifest_of("o/a", 1, &titles[..1]));
        put(machine, "o/b.json", &manifest_of("o/b", 1, &titles[..1]));
        commit();
        for (old, new) in [("o/a.json", "moved/a.json"), ("o/b.json", "moved/b.json")] {
            fs::remove_file(machine.root().join("all").join(old)).unwrap();
            put(machine, new, &manifest_of(&new.replace("moved", "o").replace(".json", ""), 2, &titles));
        }
        commit();
        put(machine, "moved/a.json", &manifest_of("o/a", 3, &titles[..8]));
        commit();
        sync(machine);
        let view = machine.view("o/a");
        ends.push((view.published_seq(), view.observed_count(), view.state_hash()));
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!((ends[0].0, ends[0].1), (Seq(10), 0));
}
