//! A team at work: A changes issues, the workflow publishes, and the others list and ask what changed after a pull, all
//! of them with nothing but git between their machine and the repository.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::fake::Issue;
use super::runner::{MANIFEST, Run, World, ended};
use crate::shared::network::without_network;

/// How many of the histories' events came before the others joined.
const FIRST: usize = DOINGS[0].1.len();

/// Everything of an event that is the same on every machine; `syncedAt` is not.
const FIELDS: &str = "seq,event,repo,kind,number,title,before,after,changedAt,source,manifest,commit";

/// What A does before a run of the workflow, and the events that come of it.
type Doing = (fn(&mut Vec<Issue>), &'static [&'static str]);

const DOINGS: [Doing; 14] = [
    (
        |issues| issues.extend([release(1, "v1.0.0"), microsprint(2, "kick-off")]),
        &["added release #1 Release: v1.0.0", "added microsprint #2 Microsprint: kick-off"],
    ),
    (|issues| issues.push(release(3, "v1.1.0 (Merlin)")), &["added release #3 Release: v1.1.0 (Merlin)"]),
    (|issues| issues[0].closed = true, &["closed release #1 Release: v1.0.0"]),
    (
        |issues| issues[1].title = "Microsprint: map tiles".to_owned(),
        &["retitled microsprint #2 Microsprint: map tiles"],
    ),
    (|issues| issues[2].labels.clear(), &["removed release #3 Release: v1.1.0 (Merlin)"]),
    (|issues| issues[0].closed = false, &["reopened release #1 Release: v1.0.0"]),
    (
        |issues| {
            issues[1].closed = true;
            issues.push(release(4, "v2.0.0"));
        },
        &["added release #4 Release: v2.0.0", "closed microsprint #2 Microsprint: map tiles"],
    ),
    (|issues| issues.push(Issue { labels: vec![], ..release(5, "not one") }), &[]),
    (|issues| issues[2].labels.push("release"), &["added release #3 Release: v1.1.0 (Merlin)"]),
    (
        |issues| {
            issues[3].closed = true;
            issues[3].title = "Release: v2.0.0 (Osprey)".to_owned();
        },
        &["closed release #4 Release: v2.0.0", "retitled release #4 Release: v2.0.0 (Osprey)"],
    ),
    (|issues| drop(issues.remove(1)), &["removed microsprint #2 Microsprint: map tiles"]),
    (|issues| issues[0].closed = true, &["closed release #1 Release: v1.0.0"]),
    // The label gets another name, and new trackers other titles: nothing that was a tracker ceases to be one.
    (|issues| issues.iter_mut().flat_map(|issue| &mut issue.labels).for_each(|label| *label = "branch"), &[]),
    (
        |issues| {
            issues.push(Issue { title: "Branch: release/v3.0.0".to_owned(), labels: vec!["branch"], ..release(6, "") })
        },
        &["added release #6 Branch: release/v3.0.0"],
    ),
];

/// What A does last, when the others have made their histories anew.
const AFTERWARDS: Doing = (|issues| issues[1].closed = true, &["closed release #3 Release: v1.1.0 (Merlin)"]);

fn release(number: u64, name: &str) -> Issue {
    Issue { number, title: format!("Release: {name}"), labels: vec!["release"], closed: false }
}

fn microsprint(number: u64, name: &str) -> Issue {
    Issue { number, title: format!("Microsprint: {name}"), labels: vec!["microsprint"], closed: false }
}

/// When A does it.
fn time(step: usize) -> String {
    format!("2024-12-24T10:{:02}:00Z", step * 4)
}

/// A does it, and the workflow runs.
fn act(world: &World, step: usize, (change, events): Doing) {
    let (time, before) = (time(step), world.commits("--all"));
    // The default branch moves by more than manifests.
    world.git("team", &["pull", "-q", "--ff-only", "origin", "main"]);
    world.git("team", &["commit", "-q", "--allow-empty", "-m", "Code"]);
    world.git("team", &["push", "-q", "origin", "main"]);
    world.fake.change(change);
    world.script("date", &format!("echo {time}"));
    let dir = format!("runner-{step}");
    world.check_out(&dir);
    for mut command in world.steps(&dir) {
        let run = ended(&command.env("GIT_AUTHOR_DATE", &time).env("GIT_COMMITTER_DATE", &time).output().unwrap());
        let said = if events.is_empty() { "up to date" } else { "Updated" };
        assert!(run.ok && run.log.contains(said), "{}", run.log);
    }
    assert_eq!(world.commits("--all"), before + 1 + usize::from(!events.is_empty()), "{time}");
}

/// Somebody's machine: a home, a clone, `gh` with the extension and neither token nor configuration, and no network.
struct Member {
    home: PathBuf,
    /// How this member gets what was published.
    update: &'static [&'static str],
}

impl Member {
    fn join(world: &World, name: &str, branch: &str) -> Self {
        let update: &[&str] = if branch == "main" { &["pull", "-q", "--ff-only"] } else { &["fetch", "-q"] };
        let member = Self { home: world.path(name), update };
        let extension = member.home.join(".local/share/gh/extensions/gh-pmu");
        fs::create_dir_all(&extension).unwrap();
        let program = std::env::var_os("CARGO_BIN_EXE_gh-pmu").unwrap();
        std::os::unix::fs::symlink(program, extension.join("gh-pmu")).unwrap();
        world.git(name, &["clone", "-q", world.path("origin.git").to_str().unwrap(), "atlas"]);
        member
    }

    fn run(&self, program: &str, args: &[&str]) -> Run {
        let words = [without_network(), &[program], args].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().current_dir(self.home.join("atlas")).stdin(Stdio::null());
        command.env("HOME", &self.home).env("PATH", std::env::var_os("PATH").unwrap());
        ended(&command.output().unwrap())
    }

    fn update(&self) {
        let run = self.run("git", self.update);
        assert!(run.ok, "{}", run.log);
    }

    /// What `gh pmu` prints; it must have nothing to complain of.
    fn gh_pmu(&self, line: &str) -> String {
        let run = self.run("gh", &[&["pmu"], &*line.split(' ').collect::<Vec<_>>()].concat());
        assert!(run.ok && !run.log.contains('!'), "{line}: {}", run.log);
        run.log
    }

    fn releases(&self) -> String {
        self.gh_pmu("release list")
    }

    /// Events, oldest first.
    fn history(&self, flags: &str) -> Vec<Value> {
        let text = self.gh_pmu(&format!("cache history --order asc --json {FIELDS}{flags}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn state_hash(&self) -> String {
        let status: Value = serde_json::from_str(&self.gh_pmu("cache status --json")).unwrap();
        status["repos"][0]["stateHash"].as_str().unwrap().to_owned()
    }
}

/// Events with their times, as [`DOINGS`] has them.
fn told(events: &[Value]) -> Vec<String> {
    let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
    let line = |event: &Value| {
        let [time, word, kind, title] = ["changedAt", "event", "kind", "title"].map(|field| text(event, field));
        format!("{time} {word} {kind} #{} {title}", event["number"])
    };
    events.iter().map(line).collect()
}

/// What A did from a step on, as [`told`].
fn done(from: usize) -> Vec<String> {
    let steps = DOINGS.iter().enumerate().skip(from);
    steps.flat_map(|(step, (_, events))| events.iter().map(move |event| format!("{} {event}", time(step)))).collect()
}

/// Every event names the commit that brought it, with its time and its manifest.
fn assert_of_commits(world: &World, events: &[Value]) {
    for event in events {
        assert_eq!(event["source"], "git");
        let commit = event["commit"].as_str().unwrap();
        let committed =
            world.git("origin.git", &["show", "-s", "--date=format:%Y-%m-%dT%H:%M:%SZ", "--format=%cd", commit]);
        assert_eq!(event["changedAt"], committed.trim());
        let manifest = world.git("origin.git", &["cat-file", "blob", &format!("{commit}:{MANIFEST}")]);
        assert_eq!(event["manifest"], blake3::hash(manifest.as_bytes()).to_string());
    }
}

/// A works; B looks after every run, C only at the first and the last, D comes last. What B's list was after each run.
fn work(world: &World, branch: &str) -> ([Member; 3], Vec<String>) {
    act(world, 0, DOINGS[0]);
    let [b, c] = ["b", "c"].map(|name| Member::join(world, name, branch));
    let mut lists = vec![b.releases()];
    assert_eq!(c.releases(), lists[0]);
    assert_eq!(told(&b.history(" --since last")), done(0)[..FIRST]);
    for (step, doing) in DOINGS.iter().enumerate().skip(1) {
        act(world, step, *doing);
        b.update();
        let expected: Vec<String> = doing.1.iter().map(|event| format!("{} {event}", time(step))).collect();
        assert_eq!(told(&b.history(" --since last")), expected);
        lists.push(b.releases());
    }
    c.update();
    assert_eq!(c.releases(), lists[DOINGS.len() - 1]);
    let d = Member::join(world, "d", branch);
    assert_eq!(d.releases(), lists[DOINGS.len() - 1]);
    ([b, c, d], lists)
}

fn a_team_has_one_history(args: &[&str], branch: &str) {
    let Some(world) = World::new(args) else { return };
    let (members @ [b, c, d], lists) = &work(&world, branch);
    assert!(lists[1].contains("1\tOPEN\tRelease: v1.0.0\t") && lists[2].contains("1\tCLOSED\tRelease: v1.0.0\t"));

    // Offline: there is neither a remote nor a GitHub.
    for name in ["origin.git", "gh.sock"] {
        fs::rename(world.path(name), world.path("gone").with_extension(name)).unwrap();
    }
    assert!(!b.run("git", b.update).ok);
    assert_eq!(b.releases(), lists[DOINGS.len() - 1]);
    let history = b.history("");
    assert_eq!(told(&history), done(0));
    assert_eq!(told(&b.history(&format!(" --since {}", time(6)))), done(7));
    assert_eq!(c.history(""), history, "one pull of ten versions, and ten pulls");
    assert_eq!(d.history(""), history, "a new clone has everybody's past");

    let hash = b.state_hash();
    for member in members {
        assert_eq!(member.state_hash(), hash);
        let said = member.gh_pmu("cache rebuild --yes");
        assert!(said.contains("12 versions") && said.contains("15 events"), "{said}");
        assert_eq!(member.state_hash(), hash);
        assert_eq!(member.history(""), history);
        for (step, list) in lists.iter().enumerate() {
            assert_eq!(member.gh_pmu(&format!("release list --as-of {}", time(step))), *list);
        }
    }

    for name in ["origin.git", "gh.sock"] {
        fs::rename(world.path("gone").with_extension(name), world.path(name)).unwrap();
    }
    assert_of_commits(&world, &b.history(""));
    act(&world, DOINGS.len(), AFTERWARDS);
    members.iter().for_each(Member::update);
    let history = b.history("");
    assert_eq!(told(&history[15..]), [format!("{} {}", time(DOINGS.len()), AFTERWARDS.1[0])]);
    assert!(c.history("") == history && d.history("") == history);
}

#[test]
fn a_team_has_one_history_out_of_its_default_branch() {
    a_team_has_one_history(&[], "main");
}

#[test]
fn a_team_has_one_history_out_of_a_branch_of_its_own() {
    a_team_has_one_history(&["--branch", "pmu-cache"], "pmu-cache");
}
