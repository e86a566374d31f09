//! Help topics. Owns their texts, wrapped at 80 columns; must not know who prints them.

/// One topic of `gh pmu help`.
pub struct Topic {
    pub name: &'static str,
    pub short: &'static str,
    pub text: &'static str,
}

/// In alphabetical order.
pub const TOPICS: &[Topic] = &[
    Topic { name: "dates", short: "Times and ranges of time, as flags take them", text: DATES },
    Topic { name: "delegate", short: "Using this program beside the other gh-pmu", text: DELEGATE },
    Topic { name: "environment", short: "Environment variables that are read", text: ENVIRONMENT },
    Topic { name: "exit-codes", short: "How the program ends", text: EXIT_CODES },
    Topic { name: "manifest", short: "The file that holds a repository's trackers", text: MANIFEST },
];

const DATES: &str = "\
The flags --as-of, --since, --until and --prune-before take a moment:

  2024-12-24T10:00:00Z    a time with its zone (RFC 3339)
  2024-12-24T10:00        a time of the local zone
  2024-12-24, 2024-12     a day or a month: its start, in the local zone
  90m 1h30m 36h 3d 2w     so long ago; 5mo are months, 1y is a year
  now today yesterday     today and yesterday: the start of the day
  last week               the start of last week; last month, last year
  3 days ago              also \"about 2 months ago\", as lists print it
  @412                    right after event 412

--since also takes \"last\", which is where the last answer to --since last
ended, and \"last:NAME\" for a mark of that name. Nothing is ever skipped.

--since leaves its moment out and --until takes it in: --since X and then
--since Y never show an event twice.

--created and --closed take ranges of such times, in GitHub's syntax:

  2024-12-24              the whole of that day; also \"yesterday\", \"2024-12\"
  >=2024-12-01            from that day on; >, <= and < as well
  2024-12-01..2024-12-31  from the first to the last day; * for an open end

TZ names the local zone.
";

const MANIFEST: &str = "\
The manifest is the file .github/pmu-cache.json in a repository:

  {\"version\": 1, \"updated_at\": \"2024-12-24T10:00:00Z\", \"repo\": \"owner/name\",
   \"releases\": [{\"number\": 430, \"title\": \"Release: v0.9.0\", \"state\": \"OPEN\",
                 \"createdAt\": \"2024-12-20T08:00:00Z\", \"closedAt\": null}],
   \"microsprints\": []}

An issue is a tracker if it has one of the labels (release, branch or patch;
microsprint), and its title begins with \"Release: \", \"Branch: \", \"Patch: \" or
\"Microsprint: \". The `cache:` section of .gh-pmu.yml can name others.

A workflow writes it whenever a tracker changes: `gh pmu init --workflow` sets
it up. Lists and history commands sync from it first, which takes no network.

A manifest that is older than what is cached changes nothing: switching to an
old branch does not take the cache back in time. `gh pmu cache sync --force`
applies it all the same. A manifest that cannot be read changes nothing either.
";

const ENVIRONMENT: &str = "\
GH_PMU_CACHE_DIR   the directory of the cache; goes before `path` of the file
GH_PMU_DELEGATE    the program that gets commands that are not ours
GH_PMU_TIMEOUT     seconds that one request to GitHub may take (30)
XDG_CONFIG_HOME    else ~/.config (HOME), on Windows APPDATA: the cache is in
                   gh-pmu/cache below it
TZ                 the local time zone, for dates without one

These mean what they mean to gh: GH_REPO, GH_HOST, GH_TOKEN, GH_CONFIG_DIR,
GH_PATH, GH_BROWSER and BROWSER, GH_PAGER and PAGER, GH_PROMPT_DISABLED,
GH_FORCE_TTY, GH_DEBUG, NO_COLOR, CLICOLOR, CLICOLOR_FORCE.
";

const EXIT_CODES: &str = "\
0   done
1   failed; also wrong flags, `cache status --check` of a stale cache, damage
    that `cache verify` found, `cache history --exit-code` with something to
    show, and a `view` that several trackers match
2   cancelled
4   not signed in to GitHub: run `gh auth login`

The exit code is 0 only if the answer is whole. A command that was handed to a
delegate ends as the delegate ends.
";

const DELEGATE: &str = "\
gh takes only one extension named `pmu`. If your team also uses the other gh-pmu
(https://github.com/rubrical-works/gh-pmu), install that program elsewhere and
name it, in the environment:

  export GH_PMU_DELEGATE=~/bin/gh-pmu-classic

or in your own ~/.config/gh-pmu/config.yml:

  delegate: ~/bin/gh-pmu-classic

It gets every command that is not ours, with the terminal, and its exit code is
ours. After one of its release, microsprint, patch and branch commands that
ended with 0, GitHub is asked about the repository, so that you see at once what
you did. A repository's own files cannot name a delegate.
";
