//! The standing oracle: after every command that exits 0 the cache says what its source says, whatever was damaged, in
//! whatever order commands came, whatever the manifests' dates. Seeded: a failure names its seed and tells its story.

mod harm;
mod version;
mod world;

use crate::random::Random;
use world::World;

/// Seeds of one run of the suite. `GH_PMU_ORACLE=FROM..TO` tries those instead, for as long as that takes.
const SEEDS: std::ops::Range<u64> = 0..10;
const STEPS: usize = 24;

fn seeds() -> std::ops::Range<u64> {
    let Ok(given) = std::env::var("GH_PMU_ORACLE") else { return SEEDS };
    let (from, to) = given.split_once("..").expect("FROM..TO");
    from.parse().unwrap()..to.parse().unwrap()
}

#[test]
fn after_every_command_that_ends_well_the_cache_says_what_its_source_says() {
    let mut tried = [0; 4];
    for seed in seeds() {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        for (sum, count) in tried.iter_mut().zip(world.tried()) {
            *sum += count;
        }
    }
    let [commands, harms, judged, rows] = tried;
    println!("{commands} commands, {harms} harms, {judged} answers judged, {rows} rows compared");
    assert!(seeds() != SEEDS || (harms > 20 && judged > 60), "too little was tried: {tried:?}");
}

/// The smallest stories of faults that this oracle has to see, whatever the seeds do.
#[test]
fn the_oracle_sees_the_faults_that_it_was_made_for() {
    // A byte is flipped in any commit; what stays last names the newest manifest's hash. A repair in
    // the checkout takes the manifest in again; one from elsewhere must not leave the state for fresh.
    for (sixteenth, elsewhere) in (1..16).flat_map(|at| [(at, false), (at, true)]) {
        World::tell(1, |world| {
            world.edits(3);
            world.flips_the_log_at(sixteenth);
            if elsewhere {
                world.repairs_elsewhere();
            } else {
                world.runs(&["cache", "repair"]);
            }
            world.runs(&["release", "list"]);
            world.runs(&["cache", "sync"]);
        });
    }
    // A byte of the log's header is flipped, and the manifest changed; once more where an index answers without the log.
    let first: [&[&str]; 2] = [&["release", "list"], &["cache", "sync"]];
    for (at, compacted) in [0, 9, 41, 60, 125].into_iter().flat_map(|at| [(at, false), (at, true)]) {
        for args in first {
            World::tell(2, |world| {
                world.edits(1);
                if compacted {
                    world.runs(&["cache", "compact"]);
                }
                world.flips("log-", at);
                world.edits(1);
                world.runs(args);
                world.runs(&["release", "list"]);
                world.runs(&["cache", "repair"]);
                world.runs(&["cache", "sync"]);
            });
        }
    }
    // A manifest of 2099, then today's; and the same by force.
    for args in [&["cache", "sync"][..], &["release", "list"], &["cache", "sync", "--force"]] {
        World::tell(3, |world| {
            world.edits(1);
            world.edits_for_2099();
            world.runs(args);
            world.edits(1);
            world.runs(&["cache", "sync"]);
            world.runs(&["release", "list"]);
        });
    }
}
