//! `--template`: what the program prints is what the real `gh` prints for the same template and JSON.

use super::beside_gh::Beside;

const FIELDS: &str = "closedAt,codename,createdAt,number,title,version";
const TITLES: [&str; 2] = ["Release: v1.0.0-日本語 (Ünïcode \"&\" <more>)", "Release:  v2 (Phoenix)"];

/// Templates of all sorts: the language, Go's functions, gh's.
const TEMPLATES: &[&str] = &[
    "{{range .}}{{.number}} {{.title}} {{.closedAt}} {{.missing}}\n{{end}}",
    "{{range $i, $t := .}}{{if $i}}, {{end}}#{{$t.number}}{{else}}none{{end}}",
    "{{range .}}{{if .closedAt}}{{.version}}{{else if eq .number 1.0}}first{{else}}{{continue}}{{end}} {{end}}",
    "{{define \"T\"}}<{{.}}>{{end}}{{range .}}{{template \"T\" .title}}{{end}}",
    "{{with index . 0}}{{.title | printf \"%-30s|%q|%8s\" .version | html}}{{end}}",
    "{{/* said aside */ -}}   x {{- \" y\" }} {{len .}} {{(index . 0).number | printf \"%.0f %v %5.1f\"}}",
    "{{index . 0}}{{slice \"abcdef\" 1 3}}{{not true}}{{and 1 0}}{{or 0 2}}{{print \"a\" 1 2 \"b\"}}{{println 1 \"x\"}}",
    "{{range .}}{{lt .number 3.0}} {{urlquery .title}} {{js .title}}\n{{end}}",
    "{{range .}}{{tablerow (printf \"#%v\" .number) .title .codename (timefmt \"Mon Jan 2, 2006\" .createdAt)}}{{end}}",
    "{{range .}}{{tablerow .number .title .closedAt}}{{end}}{{tablerender}}\nend\n{{tablerow \"a\" \"b\" nil true}}",
    "{{range .}}{{tablerow (autocolor \"green+b\" .title) (color \"200:blue+h\" .version) .createdAt}}{{end}}",
    "{{range .}}{{timeago .createdAt}} {{timefmt \"3:04PM .000 2/1/06 Z07:00\" .createdAt}} {{end}}",
    "{{range .}}{{truncate 12 .title}}|{{truncate 3 .title}}|{{truncate 9 .codename}}\n{{end}}",
    "{{pluck \"number\" . | join \", \"}} {{join \"\\t\" (pluck \"codename\" .)}} {{pluck \"version\" .}}",
    "{{range .}}{{hyperlink \"https://example.com\" .title}}{{hyperlink \"https://example.com\" \"\"}}{{end}}",
    "{{range .}}{{autocolor \"magenta\" .title}}{{color \"red+bu:white\" .number}}{{color \"off\" .codename}}{{end}}",
];

#[test]
fn templates_print_what_gh_prints() {
    let Some(mut beside) = Beside::new(FIELDS, TITLES) else { return };
    for (name, value) in [("CLICOLOR", "1"), ("CLICOLOR_FORCE", "1"), ("GH_FORCE_TTY", "60"), ("NO_COLOR", "1")] {
        beside.lab.set(name, value);
        for template in TEMPLATES {
            let own = beside.listed(&["--template", template]);
            let of_gh = beside.of_gh(&["--template", template]);
            assert_eq!((own.stdout, own.code), (of_gh.stdout, of_gh.code), "{name}: {template}\n{}", own.stderr);
        }
    }
}

#[test]
fn a_template_that_gh_refuses_is_refused_with_a_sentence() {
    let Some(beside) = Beside::new(FIELDS, TITLES) else { return };
    for (template, expected) in [
        ("{{range .}", "failed to parse template (line 1, column 10): unexpected character: '}'"),
        ("{{range .}}{{end}}{{end}}lost", "failed to parse template (line 1, column 19): unexpected {{end}}"),
        ("x{{else}}y", "failed to parse template (line 1, column 2): unexpected {{else}}"),
        ("{{if true}}x", "failed to parse template (line 1, column 1): {{if}} without {{end}}"),
        ("{{nonsense 1}}", "failed to execute template: undefined function: nonsense"),
        ("a\n{{if}}{{end}}", "failed to parse template (line 2, column 7): empty command"),
        ("{{.title}}", "failed to execute template: can't evaluate field title in type list"),
        ("{{timeago \"x\"}}", "failed to execute template: timeago: \"x\" is not a time such as 2024-12-24T10:00:00Z"),
        ("{{timeago nil}}", "failed to execute template: timeago: expected a string, got null"),
        ("{{join \",\" .}}", "failed to execute template: join: cannot write an object as text"),
        ("{{join \",\" 1}}", "failed to execute template: join: expected a list, got 1"),
        (
            "{{pluck \"x\" (pluck \"y\" .)}}",
            "failed to execute template: pluck: expected a list of objects, got null in it",
        ),
        ("{{tablerow .}}", "failed to execute template: tablerow: cannot write a list as text"),
        ("{{truncate \"a\" \"b\"}}", "failed to execute template: truncate: the first argument must be a width"),
        ("{{color \"red\"}}", "failed to execute template: color: wrong number of arguments: want 2, got 1"),
        (
            "{{range .}}{{eq .number 1}}{{end}}",
            "failed to execute template: incompatible types for comparison: float64 and int",
        ),
    ] {
        let own = beside.listed(&["-t", template]);
        let of_gh = beside.of_gh(&["-t", template]);
        assert_ne!(of_gh.code, Some(0), "{template}: {of_gh:?}");
        assert_eq!((own.stderr.trim_end(), own.code), (expected, Some(1)), "{template}: {}", of_gh.stderr);
        assert_eq!(own.stdout, "", "{template}");
    }
}
