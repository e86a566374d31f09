use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config::CacheSection;

fn plainly(text: &str) -> Result<String, Refusal> {
    edit(text, Wanted::default())
}

fn on_branch<'w>(branch: &'w str) -> Wanted<'w> {
    Wanted { branch: Some(branch), ..Wanted::default() }
}

fn forced() -> Wanted<'static> {
    Wanted { force: true, ..Wanted::default() }
}

/// The section as it is written at the left margin.
fn whole() -> String {
    section::whole("", None).join("\n") + "\n"
}

/// What the program reads of it; the path is that of a home directory which is not there.
fn read(text: &str) -> CacheSection {
    crate::config::cache_section(Path::new("/w/f"), text.as_bytes(), Some(Path::new("/h")), &mut Vec::new()).unwrap()
}

/// Edits twice, and holds the second edit to change nothing.
fn edited(text: &str, wanted: Wanted<'_>) -> String {
    let new = edit(text, wanted).unwrap_or_else(|refusal| panic!("{refusal:?}: {text}"));
    assert_eq!(edit(&new, wanted).as_ref(), Ok(&new), "the second time");
    if !wanted.force {
        let section = read(&new);
        assert!(new.contains(": ~/.config/gh-pmu/cache") && section.path.is_none(), "{new}");
        assert_eq!(section.branch.as_deref(), wanted.branch);
    }
    new
}

#[test]
fn nothing_becomes_the_section_alone() {
    assert_eq!(edited("", Wanted::default()), whole());
    assert_eq!(edited("\u{feff}", Wanted::default()), format!("\u{feff}{}", whole()));
    assert_eq!(edited("\n\n", Wanted::default()), format!("\n\n{}", whole()));
    assert_eq!(edited("# only this", Wanted::default()), format!("# only this\n\n{}", whole()));
    assert_eq!(edited("---\n", Wanted::default()), format!("---\n\n{}", whole()));
    assert_eq!(edited("\r\n", Wanted::default()), format!("\r\n{}", whole().replace('\n', "\r\n")));
}

#[test]
fn the_section_follows_what_is_there() {
    for text in [
        "project: x\n",
        "project:\n    name: x   # odd\n    list:\n    - a\n",
        "# c\n\nx:\n- 1\n",
        "version: 1\nlast: |\n  text\n",
        "a: b\n# the end\n",
        "\"quoted key\": 1\n'x': 2\n? complex\n: value\n",
        "caches: {a: 1}\nx: {cache: 1}\n",
        "grün: \"Ω\"   # 日本語\n",
    ] {
        assert_eq!(edited(text, Wanted::default()), format!("{text}\n{}", whole()), "{text}");
        let marked = format!("\u{feff}{text}");
        assert_eq!(edited(&marked, Wanted::default()), format!("{marked}\n{}", whole()));
        let crlf = text.replace('\n', "\r\n");
        let expected = format!("{text}\n{}", whole()).replace('\n', "\r\n");
        assert_eq!(edited(&crlf, Wanted::default()), expected);
        let unfinished = text.trim_end();
        if !text.contains('|') {
            assert_eq!(edited(unfinished, Wanted::default()), format!("{unfinished}\n\n{}", whole()));
        }
    }
    assert_eq!(edited("a: 1\n\n\n", Wanted::default()), format!("a: 1\n\n\n{}", whole()));
}

#[test]
fn a_top_level_that_is_indented_gets_an_indented_section() {
    let text = "  project: x\n  list:\n  - a\n";
    assert_eq!(edited(text, Wanted::default()), format!("{text}\n{}\n", section::whole("  ", None).join("\n")));
}

#[test]
fn a_text_block_at_the_end_does_not_grow() {
    // A blank line, or a line break where the file has none, would belong to the text.
    let text = "a: 1\nb: |+\n  text\n";
    assert_eq!(edited(text, Wanted::default()), format!("{text}{}", whole()));
    let text = "# c\na: 1\nb: |\n  text";
    assert_eq!(edited(text, Wanted::default()), format!("# c\n{}a: 1\nb: |\n  text", whole()));
}

#[test]
fn a_section_that_is_whole_stays_as_it_is() {
    let atlas = include_str!("../../../../../../examples/atlas/.gh-pmu.yml");
    assert_eq!(plainly(atlas).as_deref(), Ok(atlas));
    assert_eq!(edit(atlas, on_branch("pmu-cache")), Ok(atlas.replace("branch: null    ", "branch: pmu-cache    ")));
    let own = whole().replace("auto_pull: false", "auto_pull: true").replace("backend: log", "backend: sqlite");
    assert_eq!(plainly(&own).as_deref(), Ok(&*own));
}

#[test]
fn missing_keys_join_those_that_are_there() {
    let text = "a: 1\ncache:   # ours\n    auto_pull: true # yes\n    max_age: 60\n\n# next\nb: 2\n";
    let new = edited(text, Wanted::default());
    let (head, rest) = new.split_once("    max_age: 60\n").unwrap();
    assert_eq!(head, "a: 1\ncache:   # ours\n    auto_pull: true # yes\n");
    assert!(rest.starts_with("    enabled: true                    # false: always ask the API\n    backend: log "));
    assert!(rest.ends_with("    microsprint_titles: [\"Microsprint: \"]\n\n# next\nb: 2\n"), "{rest}");
    assert_eq!((read(&new).auto_pull, read(&new).max_age), (true, Some(60)));

    let crlf = edited(&text.replace('\n', "\r\n"), Wanted::default());
    assert_eq!(crlf, new.replace('\n', "\r\n"));
    let unfinished = edited("cache:\n  max_age: 60", Wanted::default());
    assert!(unfinished.starts_with("cache:\n  max_age: 60\n  enabled: true "), "{unfinished}");
}

#[test]
fn lists_of_an_older_version_stay_beside_the_keys() {
    let text = "cache:\n  releases:\n    - number: 1\n      title: \"Release: x\"\n  microsprints: []\n  # end\nz: 1\n";
    let new = edited(text, Wanted::default());
    assert!(new.starts_with(&text[..text.find("  # end").unwrap()]), "{new}");
    assert!(new.ends_with("microsprint_titles: [\"Microsprint: \"]\n  # end\nz: 1\n"), "{new}");
}

#[test]
fn a_text_block_at_the_section_s_end_does_not_grow() {
    let text = "cache:\n  note: |+\n    # not a comment\n\nz: 1\n";
    let new = edited(text, Wanted::default());
    assert!(new.starts_with("cache:\n  enabled: true ") && new.ends_with(&text["cache:\n".len()..]), "{new}");
}

#[test]
fn a_section_without_a_value_gets_the_keys() {
    let lines = whole().replacen("cache:\n", "", 1);
    for (text, head) in [
        ("cache:\n", "cache:\n"),
        ("cache:", "cache:\n"),
        ("cache: null\n", "cache:\n"),
        ("cache: {}\n", "cache:\n"),
        ("cache: ~  # later\n", "cache:  # later\n"),
        ("cache: { }  # later\n", "cache:  # later\n"),
        ("cache: # later\n", "cache: # later\n"),
    ] {
        assert_eq!(edited(text, Wanted::default()), format!("{head}{lines}"), "{text}");
        let between = format!("a: 1\n{text}\n# c\nb: 2\n");
        assert_eq!(
            edited(&between, Wanted::default()),
            format!("a: 1\n{head}{lines}\n# c\nb: 2\n")
                .replace("\n\n# c", if text.ends_with('\n') { "\n\n# c" } else { "\n# c" })
        );
    }
}

#[test]
fn another_form_stays_unless_it_is_forced() {
    for text in [
        "a: 1\ncache: {releases: [{number: 1}], microsprints: []}\n\n# next\nb: 2\n",
        "a: 1\ncache: {auto_pull: true,\n  max_age: 5}\n\n# next\nb: 2\n",
        "a: 1\ncache:\n  - x\n\n# next\nb: 2\n",
        "a: 1\ncache: soon\n\n# next\nb: 2\n",
        "a: 1\ncache: !x\n\n# next\nb: 2\n",
        "a: 1\n\"cache\": &c\n  max_age: 1\n\n# next\nb: 2\n",
    ] {
        assert_eq!(plainly(text), Err(Refusal::OtherForm(2)), "{text}");
        assert_eq!(edited(text, forced()), format!("a: 1\n{}\n# next\nb: 2\n", whole()), "{text}");
    }
    assert_eq!(edited("cache: [1]", forced()), whole());
    let changed = format!("{}x: 1\n", whole().replace("true", "false"));
    assert_eq!(edited(&changed, forced()), format!("{}x: 1\n", whole()));
    let branch = Wanted { branch: Some("b"), force: true };
    assert_eq!(edited("cache: [1]\nx: 1\n", branch), format!("{}\nx: 1\n", section::whole("", Some("b")).join("\n")));
}

#[test]
fn an_anchor_that_others_need_is_not_lost() {
    let text = "cache:\n  - &a x\nother: *a\n";
    assert_eq!(edit(text, forced()), Err(Refusal::Unsafe));
    let text = "cache:\n  path: &a x\nother: *a\n";
    assert!(plainly(text).unwrap().starts_with("cache:\n  path: &a x\n  enabled: true"));
}

#[test]
fn a_branch_is_told_apart_from_the_one_that_is_there() {
    assert_eq!(read(&edited("a: 1\n", on_branch("pmu-cache"))).branch.as_deref(), Some("pmu-cache"));
    assert_eq!(read(&edited("", on_branch("null"))).branch.as_deref(), Some("null"));
    for there in ["branch: null # c", "branch: old # c", "branch: 'it''s' # c", "branch: \"x\" # c"] {
        let text = whole().replace("branch: null", there);
        assert_eq!(edit(&text, on_branch("b/1")), Ok(whole().replace("branch: null", "branch: b/1 # c")), "{there}");
    }
    let escaped = "cache:\n  branch: \"a\\\"b\" # \"\n";
    assert!(edited(escaped, on_branch("b")).starts_with("cache:\n  branch: b # \"\n"));
    for there in ["branch:\n", "branch:   # c\n"] {
        let text = format!("cache:\n  {there}  max_age: 1\n");
        let new = edited(&text, on_branch("b"));
        assert!(new.starts_with(&text.replace("branch:", "branch: b")), "{new}");
    }
    let kept = whole().replace("branch: null", "branch: old");
    assert_eq!(plainly(&kept).as_deref(), Ok(&*kept));
    assert_eq!(edit("cache:\n  branch: [x]\n", on_branch("b")), Err(Refusal::Unsafe));
}

#[test]
fn what_is_no_block_of_lines_is_refused() {
    for text in ["{project: 1}\n", "[1]\n", "- 1\n", "word\n", "null\n", "a: 1\n---\nb: 2\n", "---\n---\n"] {
        assert_eq!(plainly(text), Err(Refusal::NotBlock), "{text}");
        assert_eq!(edit(text, forced()), Err(Refusal::NotBlock), "{text}");
    }
    // Behind the end of the document there is no place for it.
    assert_eq!(plainly("a: 1\n...\n"), Ok(format!("{}a: 1\n...\n", whole())));
    assert_eq!(plainly("? cache\n: {max_age: 1}\n"), Err(Refusal::Unsafe));
    assert_eq!(edit("? cache\n: {max_age: 1}\n", forced()), Err(Refusal::Unsafe));
}

#[test]
fn what_is_not_yaml_is_refused_with_its_line() {
    assert!(matches!(plainly("a: 1\nb: [\n"), Err(Refusal::Malformed(Malformed { line: 2.., .. }))));
    assert!(matches!(plainly("a: 'x\n"), Err(Refusal::Malformed(_))));
    assert!(matches!(plainly("a: \"\\q\"\n"), Err(Refusal::Malformed(_))));
    let twice = plainly("cache:\n  path: x\ncache:\n  path: y\n");
    assert_eq!(twice, Err(Refusal::Malformed(Malformed { line: 3, reason: "cache is there twice".into() })));
}

/// Top-level entries of files as people write them.
fn entries() -> impl Strategy<Value = String> {
    let entry = prop::sample::select(vec![
        "project:\n  name: Grün # c\n",
        "project:\n      odd: 1\n      list:\n      - a\n\n      - b\n",
        "text: |\n  # not a comment\n  cache: x\n",
        "keep: |+\n  text\n\n\n",
        "folded: >-\n  a\n  b\n",
        "long: a\n  b\n  c\n",
        "flow: {a: [1, 2],\n  b: \"c: d\"}\n",
        "\"quoted \\u0061\": 'it''s'\n",
        "anchor: &x {a: 1}\n",
        "empty:\n",
        "# a comment\n",
        "  # an indented comment\n",
        "\n",
        "   \n",
        "? complex\n: - 1\n  - 2\n",
    ]);
    prop::collection::vec(entry, 0..6).prop_map(|entries| entries.concat())
}

/// A section, or none, or one that is whole.
fn sections() -> impl Strategy<Value = String> {
    let section = prop::sample::select(vec![
        "",
        "cache:\n",
        "cache: {}\n",
        "cache: {releases: [{number: 1}], microsprints: []}\n",
        "cache:\n    releases:\n    - number: 1\n    microsprints: []\n",
        "cache:\n  max_age: 5 # mine\n  # indented\n",
        "cache:\n  branch: old\n  note: |+\n    # text\n\n",
        "cache: 5\n",
        "'cache':\n   auto_pull: true\n",
    ]);
    prop_oneof![section.prop_map(str::to_owned), Just(whole())]
}

proptest! {
    /// Whatever is there, and wherever: lines are only added, and replaced only in the section and where that was asked.
    #[test]
    fn every_byte_outside_the_section_stays(
        before in entries(),
        section in sections(),
        after in entries(),
        unfinished in any::<bool>(),
        (crlf, mark) in any::<(bool, bool)>(),
        force in any::<bool>(),
        branch in prop::option::of(prop::sample::select(vec!["pmu-cache", "null"])),
    ) {
        let mut text = format!("{before}{section}{after}");
        if unfinished && text.ends_with('\n') {
            text.pop();
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let text = format!("{}{text}", if mark { "\u{feff}" } else { "" });
        let wanted = Wanted { branch, force };
        let new = match edit(&text, wanted) {
            Ok(new) => new,
            // "twice" where entries of the same name came together counts as well.
            Err(Refusal::OtherForm(_)) if !force => return Ok(()),
            Err(refusal) => panic!("{refusal:?}: {text:?}"),
        };
        let again = edit(&new, wanted);
        prop_assert_eq!(again.as_ref(), Ok(&new));
        let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let outside = |part: &str| part.replace('\n', eol);
        if section.is_empty() || (!force && branch.is_none()) {
            let unmarked = |text| str::strip_prefix(text, '\u{feff}').unwrap_or(text);
            let mut lines = unmarked(&new).split_inclusive('\n');
            let old_lines: Vec<&str> = unmarked(&text).split_inclusive('\n').collect();
            for (position, line) in old_lines.iter().enumerate() {
                let is_last = position + 1 == old_lines.len();
                let is_it = |new: &str| new == *line || (is_last && new.strip_suffix(eol) == Some(line)) || is_bare_head(new, line);
                prop_assert!(lines.any(is_it), "{:?} of {:?} is gone in {:?}", line, text, new);
            }
        }
        let tail = outside(&after);
        let tail = if unfinished { tail.strip_suffix(eol).unwrap_or(&tail) } else { &tail };
        if !section.is_empty() {
            prop_assert!(new.ends_with(tail) || tail.trim().starts_with('#') || tail.trim().is_empty(), "{:?} {:?}", new, tail);
            let head = outside(&before);
            prop_assert!(new.trim_start_matches('\u{feff}').starts_with(&head), "{:?} {:?}", new, head);
        }
    }
}

/// `cache:` as it is left of `cache: {}`.
fn is_bare_head(new: &str, old: &str) -> bool {
    new.trim_end() == "cache:" && old.trim_end() == "cache: {}"
}
