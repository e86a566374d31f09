//! Machines that saw the same commits at different times have the same history.

use super::*;
use crate::manifest;

const REPO: &str = "moq-wg/moq-transport";

struct Versions {
    commits: Vec<String>,
    trackers: Vec<(UnixMillis, Vec<Tracker<'static>>)>,
}

fn bundle() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/moq-transport.bundle").display().to_string()
}

impl Versions {
    fn of(machine: &Machine) -> Self {
        let commits: Vec<String> =
            machine.git(&["log", "--first-parent", "--reverse", "--format=%H"]).lines().map(str::to_owned).collect();
        let read = |commit: &String| {
            let text = machine.git(&["show", &format!("{commit}:{PATH}")]);
            let manifest = manifest::parse(text.as_bytes()).unwrap();
            (manifest.updated_at, manifest.trackers.into_iter().map(Tracker::into_owned).collect())
        };
        Self { trackers: commits.iter().map(read).collect(), commits }
    }

    fn checkout(&self, machine: &Machine, at: usize) {
        machine.git(&["checkout", "-q", "-f", "--detach", &self.commits[at]]);
    }
}

/// Pulls from version `from` to the last by steps, and does on the way what people do.
fn live(machine: &Machine, versions: &Versions, from: usize, seed: u64) {
    let mut random = seed;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let last = versions.commits.len() - 1;
    let mut at = from;
    loop {
        versions.checkout(machine, at);
        machine.sync();
        if at == last {
            return;
        }
        let newer = (at + 2).min(last - 1);
        match next(6) {
            // GitHub knows already what will be published.
            0 => {
                let (time, _) = &versions.trackers[at];
                let answered_at = UnixMillis::new(time.get() + 60_000).unwrap();
                drop(machine.refresh(REPO, &versions.trackers[newer].1, answered_at));
            }
            // A manifest that is not committed here.
            1 => {
                let text = machine.git(&["show", &format!("{}:{PATH}", versions.commits[newer])]);
                machine.write(&text);
                machine.sync();
            }
            // Another branch, and back.
            2 => {
                versions.checkout(machine, at / 2);
                machine.sync();
                versions.checkout(machine, at);
                machine.sync();
            }
            3 => {
                versions.checkout(machine, at / 2);
                machine.try_sync(|options| options.force = true).unwrap();
            }
            4 => {
                let store = machine.store(REPO);
                let repo = Repo::parse(REPO, Repo::DEFAULT_HOST).unwrap();
                store.writer(&repo, Duration::from_secs(5)).unwrap().compact().unwrap();
            }
            _ => {}
        }
        at = (at + 1 + next(25) as usize).min(last);
    }
}

#[test]
fn clones_that_began_at_different_versions_end_with_one_history() {
    let url = bundle();
    let reference = Machine::clone_of(&url, &[]);
    let versions = Versions::of(&reference);
    reference.sync();
    let expected = reference.events(REPO);
    assert_eq!(expected.len(), 721);
    assert!(expected.iter().all(|(.., published)| *published));
    let hash = reference.view(REPO).history_hash();
    for (seed, from) in (7..).zip([0, 29, 79, 119, 139]) {
        let machine = Machine::clone_of(&url, &[]);
        live(&machine, &versions, from, seed);
        let view = machine.view(REPO);
        assert_eq!((view.seq().0, view.published_seq().0), (721, 721), "from {from}");
        assert_eq!(view.history_hash(), hash, "from {from}");
        assert!(machine.events(REPO) == expected, "from {from}");
        assert_eq!(view.state_hash(), reference.view(REPO).state_hash(), "from {from}");
        assert!(machine.store(REPO).history(&view).unwrap().superseded().is_ok());
    }
}

#[test]
fn a_shallow_clone_that_is_completed_has_the_history_of_all() {
    let theirs = Machine::new();
    for hour in 1..6 {
        publish(&theirs, hour, &["Release: a", &format!("Release: {hour}")]);
    }
    let whole = Machine::clone_of(&theirs.url(), &[]);
    whole.sync();
    let shallow = Machine::clone_of(&theirs.url(), &["--depth", "2"]);
    let synced = shallow.sync();
    assert_eq!(synced.notes, [Note::Shallow]);
    let view = shallow.view("o/r");
    assert_eq!((view.published_seq().0, view.seq().0), (0, 3), "two added, then one retitled");
    assert!(shallow.events("o/r").iter().all(|(.., published)| !published));
    // More comes, one by one, and still from no root.
    publish(&theirs, 6, &["Release: a", "Release: 6"]);
    publish(&theirs, 7, &["Release: a", "Release: 7"]);
    shallow.git(&["pull", "-q", "--ff-only"]);
    shallow.sync();
    assert_eq!(shallow.view("o/r").seq().0, 5);
    shallow.git(&["fetch", "-q", "--unshallow"]);
    assert!(shallow.try_sync(|options| (options.history, options.explain) = (History::Needed, true)).is_ok());
    whole.git(&["pull", "-q", "--ff-only"]);
    whole.sync();
    publish(&theirs, 8, &["Release: a", "Release: 8"]);
    for machine in [&shallow, &whole] {
        machine.git(&["pull", "-q", "--ff-only"]);
        machine.try_sync(|options| options.history = History::Needed).unwrap();
    }
    assert_eq!(shallow.view("o/r").history_hash(), whole.view("o/r").history_hash());
    assert_eq!(shallow.events("o/r"), whole.events("o/r"));
    assert_eq!(whole.events("o/r").len(), 9);
}

#[test]
fn a_partial_clone_has_a_baseline_and_says_how_it_is_completed() {
    let theirs = Machine::new();
    theirs.git(&["config", "uploadpack.allowFilter", "true"]);
    publish(&theirs, 1, &["Release: a"]);
    publish(&theirs, 2, &["Release: b"]);
    let partial = Machine::clone_of(&theirs.url(), &["--filter=blob:none"]);
    let synced = partial.sync();
    assert_eq!(synced.notes, [Note::Partial { path: PATH.to_owned() }]);
    assert_eq!((titles(&synced.view), synced.view.published_seq().0), (vec!["Release: b".to_owned()], 0));
    // What the note says.
    partial.git(&["log", "-p", "-m", "--first-parent", "--", PATH]);
    partial.try_sync(|options| (options.history, options.force) = (History::Needed, true)).unwrap();
    let whole = Machine::clone_of(&theirs.url(), &[]);
    whole.sync();
    assert_eq!(partial.view("o/r").history_hash(), whole.view("o/r").history_hash());
}

#[test]
fn a_clone_without_trees_says_how_it_is_completed_too() {
    let theirs = Machine::new();
    theirs.git(&["config", "uploadpack.allowFilter", "true"]);
    publish(&theirs, 1, &["Release: a"]);
    publish(&theirs, 2, &["Release: b"]);
    let partial = Machine::clone_of(&theirs.url(), &["--filter=tree:0"]);
    assert_eq!(partial.sync().notes, [Note::Partial { path: PATH.to_owned() }]);
    partial.git(&["log", "-p", "-m", "--first-parent", "--", PATH]);
    partial.try_sync(|options| (options.history, options.force) = (History::Needed, true)).unwrap();
    assert_eq!(partial.view("o/r").published_seq().0, 2);
}

#[test]
fn no_setting_of_git_s_changes_the_history() {
    let theirs = Machine::new();
    publish(&theirs, 1, &["Release: a"]);
    publish(&theirs, 2, &["Release: ä"]);
    theirs.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
    theirs.git(&["commit", "-q", "--allow-empty", "-m", "m"]);
    theirs.git(&["merge", "-q", "--no-ff", "-m", "m", "-"]);
    let hash = |setting: Option<(&str, &str)>| {
        let clone = Machine::clone_of(&theirs.url(), &[]);
        setting.iter().for_each(|(name, value)| drop(clone.git(&["config", name, value])));
        let synced = clone.try_sync(|options| options.explain = true).unwrap();
        assert_eq!((synced.notes.len(), synced.view.published_seq().0), (0, 2), "{setting:?}");
        synced.view.history_hash()
    };
    let expected = hash(None);
    for setting in [
        ("log.showRoot", "false"),
        ("log.diffMerges", "off"),
        ("log.diffMerges", "combined"),
        ("log.follow", "true"),
        ("log.date", "relative"),
        ("log.abbrevCommit", "true"),
        ("log.mailmap", "true"),
        ("log.decorate", "full"),
        ("i18n.logOutputEncoding", "UTF-16"),
        ("diff.renames", "copies"),
        ("diff.noprefix", "true"),
        ("diff.orderFile", "nowhere"),
        ("diff.relative", "true"),
        ("format.pretty", "fuller"),
        ("core.quotePath", "true"),
        ("core.abbrev", "7"),
        ("color.ui", "always"),
    ] {
        assert_eq!(hash(Some(setting)), expected, "{setting:?}");
    }
}

#[test]
fn a_history_that_git_cannot_read_is_told_to_who_asks() {
    let theirs = Machine::new();
    publish(&theirs, 1, &["Release: a"]);
    publish(&theirs, 2, &["Release: b"]);
    theirs.lose(&format!("HEAD~1:{PATH}"));
    let synced = theirs.try_sync(|options| options.history = History::Needed).unwrap();
    assert!(
        matches!(&synced.notes[..], [Note::Unread { reason }] if reason.contains("git fsck")),
        "{:?}",
        synced.notes
    );
    fs::remove_dir_all(theirs.cache()).unwrap();
    theirs.lose("HEAD~1^{tree}");
    let synced = theirs.try_sync(|options| options.explain = true).unwrap();
    assert!(matches!(&synced.notes[..], [Note::Unread { .. }]), "{:?}", synced.notes);
    assert_eq!(theirs.titles("o/r"), ["Release: b"]);
    let again = theirs.try_sync(|options| options.history = History::Needed).unwrap();
    assert!(matches!(&again.notes[..], [Note::Unread { .. }]), "{:?}", again.notes);
}

#[test]
fn a_manifest_that_was_listed_before_its_first_commit_is_published_with_it() {
    let machine = Machine::new();
    machine.git(&["commit", "-q", "--allow-empty", "-m", "m"]);
    machine.write(&manifest(1, &["Release: a"]));
    machine.sync();
    machine.write(&manifest(2, &["Release: b"]));
    machine.sync();
    machine.commit(&manifest(2, &["Release: b"]));
    machine.try_sync(|options| options.explain = true).unwrap();
    let other = Machine::clone_of(&machine.url(), &[]);
    other.sync();
    assert_eq!(machine.view("o/r").history_hash(), other.view("o/r").history_hash());
    assert_eq!(machine.events("o/r"), other.events("o/r"));
}
