//! Clones that are pulled, changed, shortened and asked at random: whatever they saw on the way, they end with one history.

use super::*;
use crate::sync::rebuild::{Rebuilding, rebuild};

const SCHEDULES: u64 = 10;
const CLONES: usize = 4;
const STEPS: usize = 40;

/// Numbers that are the same at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// The repository that publishes, and what a manifest says next.
struct Publisher {
    machine: Machine,
    minute: u32,
    titles: Vec<String>,
}

impl Publisher {
    /// A later manifest, changed in up to two titles.
    fn next(&mut self, random: &mut Random) -> String {
        self.minute += 1;
        for _ in 0..random.below(3) {
            match random.below(4) {
                0 => drop(self.titles.pop()),
                1 if !self.titles.is_empty() => {
                    let at = random.below(self.titles.len());
                    self.titles[at] = format!("Release: v{}", self.minute);
                }
                // A manifest of the helper has one digit for the day of a tracker.
                _ if self.titles.len() < 9 => self.titles.push(format!("Release: n{}", self.minute)),
                _ => {}
            }
        }
        self.text()
    }

    fn text(&self) -> String {
        let titles: Vec<&str> = self.titles.iter().map(String::as_str).collect();
        let time = format!("T{:02}:{:02}:00Z", self.minute / 60, self.minute % 60);
        manifest(0, &titles).replacen("T00:00:00Z", &time, 1)
    }

    fn publish(&mut self, random: &mut Random) {
        let text = self.next(random);
        self.machine.commit(&text);
    }

    /// A push by force: the last versions are gone, and another follows.
    fn rewrite(&mut self, random: &mut Random) {
        let versions: usize = self.machine.git(&["rev-list", "--count", "--first-parent", "HEAD"]).parse().unwrap();
        let gone = 1 + random.below(2);
        if versions > gone + 1 {
            self.machine.git(&["reset", "-q", "--hard", &format!("HEAD~{gone}")]);
        }
        self.publish(random);
    }

    /// Two versions on a side branch: on the line of first parents there is one.
    fn merge(&mut self, random: &mut Random) {
        let branch = self.machine.git(&["symbolic-ref", "--short", "HEAD"]);
        self.machine.git(&["checkout", "-q", "-b", "side"]);
        self.publish(random);
        self.publish(random);
        self.machine.git(&["checkout", "-q", &branch]);
        self.machine.git(&["merge", "-q", "--no-ff", "-m", "m", "side"]);
        self.machine.git(&["branch", "-q", "-D", "side"]);
    }
}

fn pull(machine: &Machine) {
    machine.git(&["fetch", "-q"]);
    machine.git(&["checkout", "-q", "-f", "--detach", "origin/HEAD"]);
}

fn explicit(machine: &Machine) -> Synced {
    machine.try_sync(|options| (options.explain, options.history) = (true, History::Needed)).unwrap()
}

fn step(theirs: &mut Publisher, clones: &[Machine], random: &mut Random) {
    let clone = &clones[random.below(clones.len())];
    match random.below(13) {
        0..=2 => theirs.publish(random),
        3 => theirs.rewrite(random),
        4 => theirs.merge(random),
        5 | 6 => pull(clone),
        // A manifest that nobody committed: of GitHub's next state, or of another.
        7 => clone.write(&theirs.next(random)),
        8 => drop(clone.git(&["checkout", "-q", "-f", "--detach", "HEAD~0"])),
        9 => {
            let commits: usize = clone.git(&["rev-list", "--count", "HEAD"]).parse().unwrap();
            clone.git(&["checkout", "-q", "-f", "--detach", &format!("HEAD~{}", random.below(commits.min(3)))]);
        }
        10 => {
            let tracker = tracker(&format!("Release: of GitHub {}", theirs.minute));
            drop(clone.refresh("o/r", &[tracker], time("2024-12-24T00:00:00Z")));
        }
        11 => drop(clone.try_sync(|options| options.force = true)),
        _ => drop(explicit(clone)),
    }
    clone.sync();
}

/// Whole again, on the newest version; rebuilt, if history was rewritten.
fn settled(clone: &Machine) {
    if clone.root().join(".git/shallow").exists() {
        clone.git(&["fetch", "-q", "--unshallow"]);
    }
    pull(clone);
    let notes = explicit(clone).notes;
    if notes.iter().any(|note| matches!(note, Note::Rewritten { .. })) {
        let repo = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
        let rebuilding = Rebuilding { yes: true, import: None, limits: Limits::NONE, now: NOW };
        rebuild(&Disk, &clone.cache(), &clone.located(), (&repo, None, HOSTING), rebuilding).unwrap();
        explicit(clone);
    }
}

/// Every version that brought a change answers as it did when it was published.
fn assert_answers_as_of_every_version(machine: &Machine) {
    let store = machine.store("o/r");
    let history = store.history(&machine.view("o/r")).unwrap();
    let mut last = std::collections::BTreeMap::new();
    for span in 0..history.span_count() {
        for logged in history.span(span).unwrap().iter() {
            last.insert(logged.seq, logged.sync.commit.clone().unwrap());
        }
    }
    let ends = last.iter().filter(|(seq, commit)| last.get(&seq.next()) != Some(commit));
    for (seq, commit) in ends {
        let hex: String = commit.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = machine.git(&["show", &format!("{hex}:{PATH}")]);
        let expected = crate::manifest::parse(text.as_bytes()).unwrap().trackers;
        let expected: Vec<String> = expected.into_iter().map(|tracker| tracker.title.into_owned()).collect();
        assert_eq!(titles(&history.state_after(*seq).unwrap()), expected, "@{seq}");
    }
}

#[test]
fn clones_end_with_one_history_however_they_were_pulled_and_asked() {
    for seed in 1..=SCHEDULES {
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ seed);
        let mut theirs = Publisher { machine: Machine::new(), minute: 0, titles: vec!["Release: a".to_owned()] };
        (0..3).for_each(|_| theirs.publish(&mut random));
        let clones: Vec<Machine> = (0..CLONES)
            .map(|at| Machine::clone_of(&theirs.machine.url(), if at == 0 { &["--depth", "1"] } else { &[] }))
            .collect();
        for _ in 0..STEPS {
            step(&mut theirs, &clones, &mut random);
        }
        theirs.publish(&mut random);
        let fresh = Machine::clone_of(&theirs.machine.url(), &[]);
        fresh.sync();
        let (expected, view) = (fresh.events("o/r"), fresh.view("o/r"));
        assert_answers_as_of_every_version(&fresh);
        for (at, clone) in clones.iter().enumerate() {
            settled(clone);
            assert_eq!(clone.events("o/r"), expected, "seed {seed}, clone {at}");
            let ours = clone.view("o/r");
            let hashes = (ours.history_hash(), ours.state_hash());
            assert_eq!(hashes, (view.history_hash(), view.state_hash()), "seed {seed}, clone {at}");
            assert_answers_as_of_every_version(clone);
        }
    }
}
