//! The blocks of a Go template: whether each has its end. The engine ends a template in silence at an `{{end}}` too
//! many, and takes one too few. Owns that check; must not know what the actions in the blocks do.

/// Where a template is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Misplaced {
    pub line: usize,
    pub column: usize,
    pub what: String,
}

/// Checks that blocks and their ends match. Actions that cannot be read are left to the engine.
///
/// # Errors
/// The first end or `else` without a block, or the last block without an end.
pub fn check(source: &str) -> Result<(), Misplaced> {
    let mut open = Vec::new();
    let mut from = 0;
    while let Some(at) = source[from..].find("{{").map(|at| from + at) {
        let Some((word, end)) = action(source, at + 2) else { return Ok(()) };
        match word {
            "if" | "range" | "with" | "define" | "block" => open.push((word, at)),
            "end" if open.pop().is_none() => return Err(misplaced(source, at, "unexpected {{end}}".to_owned())),
            "else" if !matches!(open.last(), Some(("if" | "range" | "with", _))) => {
                return Err(misplaced(source, at, "unexpected {{else}}".to_owned()));
            }
            _ => {}
        }
        from = end;
    }
    match open.last() {
        Some((word, at)) => Err(misplaced(source, *at, format!("{{{{{word}}}}} without {{{{end}}}}"))),
        None => Ok(()),
    }
}

/// The first word of the action whose content begins at `from`, and the place behind its braces; `None` where it has no
/// end.
fn action(source: &str, from: usize) -> Option<(&str, usize)> {
    let content = source[from..].strip_prefix('-').unwrap_or(&source[from..]).trim_start();
    if let Some(comment) = content.strip_prefix("/*") {
        let behind = &comment[comment.find("*/")?..];
        return Some(("", source.len() - behind.len() + behind.find("}}")? + 2));
    }
    let len = content.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(content.len());
    let mut quote = None;
    let mut chars = content.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, '"' | '\'' | '`') => quote = Some(c),
            (Some('"' | '\''), '\\') => drop(chars.next()),
            (Some(open), _) if c == open => quote = None,
            (None, '}') if content[at..].starts_with("}}") => {
                return Some((&content[..len], source.len() - content.len() + at + 2));
            }
            _ => {}
        }
    }
    None
}

fn misplaced(source: &str, at: usize, what: String) -> Misplaced {
    let before = &source[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Misplaced { line, column, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_end_are_fine_whatever_stands_in_them() {
        for source in [
            "",
            "text }} {",
            "{{range .}}{{if .a}}x{{else if .b}}y{{else}}z{{end}}{{end}}",
            "{{- range $i, $x := . -}} {{ .end }} {{$end}} {{endless}} {{- end -}}",
            "{{/* {{if}} */}}{{with .}}{{- /* {{end}} */ -}}{{end}}",
            r#"{{if eq "}}{{end}}" `{{else}}\` '"' "\"}}{{end}}"}}x{{end}}"#,
            r#"{{define "T"}}a{{end}}{{block "B" .}}b{{end}}"#,
            "{{range",
            "{{end",
        ] {
            assert_eq!(check(source), Ok(()), "{source}");
        }
    }

    #[test]
    fn what_is_open_or_closed_too_often_is_found_where_it_stands() {
        for (source, line, column, what) in [
            ("{{end}}", 1, 1, "unexpected {{end}}"),
            ("{{range .}}{{end}}\né{{- end}} lost", 2, 2, "unexpected {{end}}"),
            ("a{{else}}b", 1, 2, "unexpected {{else}}"),
            ("{{define \"T\"}}{{else}}{{end}}", 1, 15, "unexpected {{else}}"),
            ("{{if .}}{{range .}}{{end}}", 1, 1, "{{if}} without {{end}}"),
            ("{{range .}}", 1, 1, "{{range}} without {{end}}"),
        ] {
            assert_eq!(check(source), Err(Misplaced { line, column, what: what.to_owned() }), "{source}");
        }
    }
}
