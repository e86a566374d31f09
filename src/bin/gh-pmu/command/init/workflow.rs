//! The workflow that keeps the manifest. Owns its template and what differs between repositories; must not know where
//! the file goes.

use super::section::scalar;

/// A whole workflow, for the default branch, the default manifest and the default labels.
const TEMPLATE: &str = include_str!("pmu-cache.yml");
const MANIFEST: &str = "      PMU_MANIFEST: ";
const BRANCH: &str = "      PMU_BRANCH: ";
const LABELS: &str = "      PMU_LABELS: ";
/// The part of the job's condition that is about one label.
const CONDITION: &str = "      || github.event.label.name == ";

/// What differs between repositories.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'s> {
    /// The manifest's path in the repository.
    pub manifest: &'s str,
    /// The branch that holds it; `None` for the default branch.
    pub branch: Option<&'s str>,
    /// The labels that make an issue a tracker, of either kind.
    pub labels: &'s [&'s str],
}

/// Returns the workflow for a repository.
///
/// # Errors
/// A name that GitHub would take for an expression, or that does not fit on a line.
pub fn text(settings: Settings<'_>) -> Result<String, String> {
    for name in [settings.manifest, settings.branch.unwrap_or_default()].iter().chain(settings.labels) {
        if name.contains("${{") {
            return Err(format!("{name:?} cannot stand in a workflow: GitHub evaluates what begins with ${{{{"));
        }
        if name.contains(char::is_control) {
            return Err(format!("{name:?} cannot stand in a workflow: it has a control character"));
        }
    }
    Ok(replaced(TEMPLATE, Some(settings)))
}

/// Returns whether the text is a workflow as [`text`] writes it, for whichever settings and with either line ending.
pub fn is_own(existing: &str) -> bool {
    let existing = existing.replace("\r\n", "\n");
    replaced(&existing, None) == replaced(TEMPLATE, None)
}

/// Returns the text with its settings replaced, or with none.
fn replaced(text: &str, settings: Option<Settings<'_>>) -> String {
    let mut lines = String::with_capacity(text.len());
    let mut has_condition = false;
    for line in text.split_inclusive('\n') {
        let Some(start) = [MANIFEST, BRANCH, LABELS, CONDITION].into_iter().find(|start| line.starts_with(start))
        else {
            lines.push_str(line);
            continue;
        };
        match settings {
            _ if start == CONDITION && has_condition => {}
            None => lines.push_str(start),
            Some(settings) if start == MANIFEST => lines.push_str(&format!("{start}{}\n", scalar(settings.manifest))),
            Some(settings) if start == BRANCH => {
                lines.push_str(&format!("{start}{}\n", scalar(settings.branch.unwrap_or_default())));
            }
            Some(settings) if start == LABELS => {
                let list = serde_json::to_string(settings.labels).unwrap_or_default();
                lines.push_str(&format!("{start}'{}'\n", list.replace('\'', "''")));
            }
            Some(settings) => settings.labels.iter().for_each(|label| lines.push_str(&condition(label))),
        }
        has_condition |= start == CONDITION;
    }
    lines
}

/// Returns the line of the job's condition for one label. GitHub compares without regard to case, as it does labels.
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
    };

    #[test]
    fn the_template_is_the_workflow_of_the_defaults() {
        assert_eq!(text(DEFAULTS).as_deref(), Ok(TEMPLATE));
        for (start, count) in [(MANIFEST, 1), (BRANCH, 1), (LABELS, 1), (CONDITION, 4)] {
            assert_eq!(TEMPLATE.lines().filter(|line| line.starts_with(start)).count(), count, "{start}");
        }
    }

    #[test]
    fn the_settings_are_all_that_differs() {
        let settings = Settings { manifest: "ci/it's.json", branch: Some("pmu-cache"), labels: &["it's", "a b"] };
        let other = text(settings).unwrap();
        let different: Vec<&str> = other.lines().filter(|line| !TEMPLATE.contains(line)).collect();
        let expected = [
            "      || github.event.label.name == 'it''s' || contains(github.event.issue.labels.*.name, 'it''s')",
            "      || github.event.label.name == 'a b' || contains(github.event.issue.labels.*.name, 'a b')",
            "      PMU_MANIFEST: 'ci/it''s.json'",
            "      PMU_BRANCH: pmu-cache",
            "      PMU_LABELS: '[\"it''s\",\"a b\"]'",
        ];
        assert_eq!(different, expected);
        assert!(is_own(&other) && is_own(&other.replace('\n', "\r\n")) && !is_own(&format!("{other}# more\n")));
    }

    #[test]
    fn what_github_or_yaml_would_read_otherwise_is_no_name() {
        assert!(text(Settings { manifest: "a${{b}}.json", ..DEFAULTS }).is_err());
        let error = text(Settings { branch: Some("${{github.ref}}"), ..DEFAULTS }).unwrap_err();
        assert!(error.contains("evaluates what begins with ${{"));
        assert!(text(Settings { labels: &["${{ secrets.x }}"], ..DEFAULTS }).is_err());
        assert!(text(Settings { labels: &["a\nb"], ..DEFAULTS }).unwrap_err().contains("control character"));
    }
}
