//! The workflows that keep manifests. Owns their templates and what differs between repositories; must not know where
//! the files go.

use super::section::scalar;

const MANIFEST: &str = "      PMU_MANIFEST: ";
const BRANCH: &str = "      PMU_BRANCH: ";
/// What only users set, in the file.
const KEPT: [&str; 2] = ["      PMU_OWNER: ", "      PMU_OTHER_BRANCH: "];
const LABELS: &str = "      PMU_LABELS: ";
/// The part of a job's condition that is about one label.
const CONDITION: &str = "      || github.event.label.name == ";
/// A line that stands for a part, at the indentation of all its lines.
const PART: &str = "#= ";

/// What several templates are made of.
const PARTS: [(&str, &str); 7] = [
    ("collect.jq", include_str!("parts/collect.jq")),
    ("git.sh", include_str!("parts/git.sh")),
    ("github.sh", include_str!("parts/github.sh")),
    ("issues.graphql", include_str!("parts/issues.graphql")),
    ("manifest.jq", include_str!("parts/manifest.jq")),
    ("repositories.graphql", include_str!("parts/repositories.graphql")),
    ("settings.jq", include_str!("parts/settings.jq")),
];

/// One of the workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workflow {
    /// Keeps the manifest of the repository that it stands in.
    Manifest,
    /// Gathers the manifests of an organisation.
    Collector,
}

/// What differs between repositories.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'s> {
    /// The manifest's path in a repository.
    pub manifest: &'s str,
    /// The branch that holds what is written; `None` for the one that was kept, or the default branch.
    pub branch: Option<&'s str>,
    /// The labels that make an issue a tracker, of either kind.
    pub labels: &'s [&'s str],
    /// The same workflow as it is there, for what is set in it alone.
    pub kept: Option<&'s str>,
}

impl Workflow {
    /// Returns where GitHub looks for it.
    pub fn path(self) -> &'static str {
        match self {
            Self::Manifest => ".github/workflows/pmu-cache.yml",
            Self::Collector => ".github/workflows/pmu-collector.yml",
        }
    }

    /// Returns the workflow for a repository.
    ///
    /// # Errors
    /// A name that GitHub would take for an expression, or that does not fit on a line.
    pub fn text(self, settings: Settings<'_>) -> Result<String, String> {
        for name in [settings.manifest, settings.branch.unwrap_or_default()].iter().chain(settings.labels) {
            if name.contains("${{") {
                return Err(format!("{name:?} cannot stand in a workflow: GitHub evaluates what begins with ${{{{"));
            }
            if name.contains(char::is_control) {
                return Err(format!("{name:?} cannot stand in a workflow: it has a control character"));
            }
        }
        Ok(replaced(&self.whole(), Some(settings)))
    }

    /// Returns whether a text is this workflow, for whichever settings and with either line ending.
    pub fn is_own(self, existing: &str) -> bool {
        let existing = existing.replace("\r\n", "\n");
        replaced(&existing, None) == replaced(&self.whole(), None)
    }

    /// Returns whether a text was this workflow once, before it was changed by hand.
    pub fn is_made_from(self, existing: &str) -> bool {
        let starts = |start: &&str| existing.lines().any(|line| line.starts_with(*start));
        [MANIFEST, BRANCH].iter().all(starts) && existing.contains("# Written by `gh pmu init")
    }

    /// Returns the template with all its parts: for the default branch, the default manifest and the default labels.
    fn whole(self) -> String {
        let template = match self {
            Self::Manifest => include_str!("pmu-cache.yml"),
            Self::Collector => include_str!("pmu-collector.yml"),
        };
        template.split_inclusive('\n').fold(String::with_capacity(24 << 10), |mut text, line| {
            let part = line.trim().strip_prefix(PART).and_then(|name| PARTS.iter().find(|part| part.0 == name));
            match part {
                Some((_, part)) => indented(part, &line[..line.len() - line.trim_start().len()], &mut text),
                None => text.push_str(line),
            }
            text
        })
    }
}

/// Adds the lines of a part.
fn indented(part: &str, indent: &str, text: &mut String) {
    for line in part.split_inclusive('\n') {
        text.push_str(if line.trim().is_empty() { "" } else { indent });
        text.push_str(line);
    }
}

/// Returns the text with its settings replaced, or with none.
fn replaced(text: &str, settings: Option<Settings<'_>>) -> String {
    let mut lines = String::with_capacity(text.len());
    let mut has_condition = false;
    let starts = || [MANIFEST, BRANCH, LABELS, CONDITION].into_iter().chain(KEPT);
    for line in text.split_inclusive('\n') {
        let start = starts().find(|start| line.starts_with(start));
        match (start, settings) {
            (None, _) => lines.push_str(line),
            (Some(CONDITION), _) if has_condition => {}
            (Some(start), None) => lines.push_str(start),
            (Some(start), Some(settings)) => lines.push_str(&setting(start, line, settings)),
        }
        has_condition |= start == Some(CONDITION);
    }
    lines
}

/// Returns the line, or lines, of one setting; `line` is what the template says.
fn setting(start: &str, line: &str, settings: Settings<'_>) -> String {
    let kept = || settings.kept.and_then(|kept| kept.split_inclusive('\n').find(|line| line.starts_with(start)));
    match (start, settings.branch) {
        (MANIFEST, _) if settings.kept.is_none() => format!("{start}{}\n", scalar(settings.manifest)),
        (BRANCH, Some(branch)) => format!("{start}{}\n", scalar(branch)),
        (CONDITION, _) => settings.labels.iter().map(|label| condition(label)).collect(),
        (LABELS, _) => {
            // OK: a list of texts is always JSON.
            let list = serde_json::to_string(settings.labels).unwrap_or_default();
            format!("{start}'{}'\n", list.replace('\'', "''"))
        }
        _ => kept().unwrap_or(line).to_owned(),
    }
}

/// Returns the line of a job's condition for one label. GitHub compares without regard to case, as it does labels.
fn condition(label: &str) -> String {
    let label = label.replace('\'', "''");
    format!("{CONDITION}'{label}' || contains(github.event.issue.labels.*.name, '{label}')\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Settings<'_> = Settings {
        manifest: ".github/pmu-cache.json",
        branch: None,
        labels: &["release", "branch", "patch", "microsprint"],
        kept: None,
    };

    #[test]
    fn the_templates_are_the_workflows_of_the_defaults() {
        for (workflow, counts) in [(Workflow::Manifest, [1, 1, 1, 4]), (Workflow::Collector, [1, 1, 0, 0])] {
            let whole = workflow.whole();
            assert_eq!(workflow.text(DEFAULTS).as_ref(), Ok(&whole));
            for (start, count) in [MANIFEST, BRANCH, LABELS, CONDITION].into_iter().zip(counts) {
                assert_eq!(whole.lines().filter(|line| line.starts_with(start)).count(), count, "{start}");
            }
            assert!(!whole.contains(PART), "a part is missing");
            assert!(whole.lines().all(|line| line.trim_end() == line && line.len() <= 130));
        }
    }

    #[test]
    fn the_settings_are_all_that_differs() {
        let settings =
            Settings { manifest: "ci/it's.json", branch: Some("pmu-cache"), labels: &["it's", "a b"], kept: None };
        let (whole, other) = (Workflow::Manifest.whole(), Workflow::Manifest.text(settings).unwrap());
        let different: Vec<&str> = other.lines().filter(|line| !whole.contains(line)).collect();
        let expected = [
            "      || github.event.label.name == 'it''s' || contains(github.event.issue.labels.*.name, 'it''s')",
            "      || github.event.label.name == 'a b' || contains(github.event.issue.labels.*.name, 'a b')",
            "      PMU_MANIFEST: 'ci/it''s.json'",
            "      PMU_BRANCH: pmu-cache",
            "      PMU_LABELS: '[\"it''s\",\"a b\"]'",
        ];
        assert_eq!(different, expected);
        let is_own = |text: &str| Workflow::Manifest.is_own(text);
        assert!(is_own(&other) && is_own(&other.replace('\n', "\r\n")) && !is_own(&format!("{other}# more\n")));
        assert!(!Workflow::Collector.is_own(&other));
    }

    #[test]
    fn what_users_set_in_the_collector_stays() {
        let changed = Workflow::Collector.text(Settings { branch: Some("all"), ..DEFAULTS }).unwrap();
        let changed = changed
            .replace("PMU_OWNER: ''", "PMU_OWNER: octo-org")
            .replace("OTHER_BRANCH: pmu-cache", "OTHER_BRANCH: bots");
        assert!(Workflow::Collector.is_own(&changed));
        let again = |branch| Workflow::Collector.text(Settings { branch, kept: Some(&changed), ..DEFAULTS }).unwrap();
        assert_eq!(again(None), changed);
        assert_eq!(again(Some("main")), changed.replace("PMU_BRANCH: all", "PMU_BRANCH: main"));
    }

    #[test]
    fn what_github_or_yaml_would_read_otherwise_is_no_name() {
        let text = |settings| Workflow::Manifest.text(settings);
        assert!(text(Settings { manifest: "a${{b}}.json", ..DEFAULTS }).is_err());
        let error = text(Settings { branch: Some("${{github.ref}}"), ..DEFAULTS }).unwrap_err();
        assert!(error.contains("evaluates what begins with ${{"));
        assert!(text(Settings { labels: &["${{ secrets.x }}"], ..DEFAULTS }).is_err());
        assert!(text(Settings { labels: &["a\nb"], ..DEFAULTS }).unwrap_err().contains("control character"));
    }
}
