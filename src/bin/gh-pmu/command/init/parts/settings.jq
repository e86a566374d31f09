def item:
  "(?:\"(?:[^\"\\\\\\n]|\\\\.)*\"|'(?:[^'\\n]|'')*'|[^-\\s,:?\\[\\]{}#&*!|>%@`'\"]"
    + "(?:[^,:\\[\\]{}#\\n]|:(?![\\s,\\]]))*)";
def text:
  if startswith("\"") then fromjson
  elif startswith("'") then .[1:-1] | gsub("''"; "'")
  else sub("\\s+$"; "") end;
# The section without comments and empty lines; nothing where there is none.
def section:
  ltrimstr("\ufeff") | gsub("\r"; "") | [split("\n")[] | select(test("^ *(#|$)") | not)] | "\n" + join("\n")
    | capture("\n[\"']?cache[\"']? *:(?<body>[^\n]*(?:\n [^\n]*)*)").body;
def unreadable($key):
  "::error title=pmu-cache::The configuration's \($key) cannot be read here: write it as [\"a\", \"b\"].\n"
    | halt_error(1);
def list($key; $default):
  "[\"']?\($key)[\"']? *:" as $start
  | def is($value): test("(?:^|[\n{,]) *" + $start + $value);
  def inside($form): [capture("\n +" + $start + $form + " *(?:#[^\n]*)?(?:\n|$)").inside][0];
  if is("") | not then if test("(?:^|[\n{,]) *[\"']?<<[\"']? *:") then unreadable($key) else $default end
  elif is(" *(?:null|~)? *(?:#[^\n]*)?(?:\n(?! *-)|$)") then $default
  else
    (inside("\\s*\\[(?<inside>\\s*(?:" + item + "\\s*(?:,\\s*" + item + "\\s*)*,?\\s*)?)\\]")
      | values | [scan(item)]),
    (inside(" *(?:#[^\n]*)?(?<inside>(?:\n *- +" + item + " *(?:#[^\n]*)?)+)")
      | values | [scan("\n *- +(" + item + ")")[0]]),
    unreadable($key)
    | map(text)
  end;
first(($own, $shared | section), "")
  | {
      releases: {
        labels: first(list("release_labels"; ["release", "branch", "patch"])),
        titles: first(list("release_titles"; ["Release: ", "Branch: ", "Patch: "]))
      },
      microsprints: {
        labels: first(list("microsprint_labels"; ["microsprint"])),
        titles: first(list("microsprint_titles"; ["Microsprint: "]))
      }
    }
