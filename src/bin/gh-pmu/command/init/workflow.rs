//! The workflow that keeps the manifest. Owns its template and what differs between repositories; must not know where
//! the file goes.

use super::section::scalar;

/// A whole workflow, for the default branch and the default manifest.
const TEMPLATE: &str = include_str!("pmu-cache.yml");
const MANIFEST: &str = "      PMU_MANIFEST: ";
const BRANCH: &str = "      PMU_BRANCH: ";

/// The workflow that keeps `manifest` on `branch`, or on the default branch.
///
/// # Errors
/// A name that GitHub would take for an expression.
pub fn text(manifest: &str, branch: Option<&str>) -> Result<String, String> {
    for name in [manifest, branch.unwrap_or_default()] {
        if name.contains("${{") {
            return Err(format!("{name:?} cannot stand in a workflow: GitHub evaluates what begins with ${{{{"));
        }
    }
    Ok(replaced(TEMPLATE, &scalar(manifest), &scalar(branch.unwrap_or_default())))
}

/// Whether the text is a workflow as [`text`] writes it, for whichever manifest and branch and with either line ending.
pub fn is_own(existing: &str) -> bool {
    let existing = existing.replace("\r\n", "\n");
    replaced(&existing, "", "") == replaced(TEMPLATE, "", "")
}

fn replaced(text: &str, manifest: &str, branch: &str) -> String {
    let line = |line: &str| match line {
        _ if line.starts_with(MANIFEST) => format!("{MANIFEST}{manifest}\n"),
        _ if line.starts_with(BRANCH) => format!("{BRANCH}{branch}\n"),
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_the_workflow_of_the_defaults() {
        assert_eq!(text(".github/pmu-cache.json", None).as_deref(), Ok(TEMPLATE));
        for start in [MANIFEST, BRANCH] {
            assert_eq!(TEMPLATE.lines().filter(|line| line.starts_with(start)).count(), 1, "{start}");
        }
    }

    #[test]
    fn manifest_and_branch_are_all_that_differs() {
        let other = text("ci/it's.json", Some("pmu-cache")).unwrap();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let pairs = lines(&other).into_iter().zip(lines(TEMPLATE));
        let different: Vec<String> = pairs.filter(|(new, old)| new != old).map(|(new, _)| new).collect();
        assert_eq!(different, ["      PMU_MANIFEST: 'ci/it''s.json'", "      PMU_BRANCH: pmu-cache"]);
        assert!(is_own(&other) && is_own(&other.replace('\n', "\r\n")) && !is_own(&format!("{other}# more\n")));
    }

    #[test]
    fn an_expression_of_github_is_no_name() {
        assert!(text("a${{b}}.json", None).is_err());
        assert!(text("a.json", Some("${{github.ref}}")).unwrap_err().contains("evaluates what begins with ${{"));
    }
}
