# Of YAML only what people write here: whatever else stands there stops the run, and is not taken for something else.
def stop($what; $cure):
  "::error title=pmu-cache::The configuration's \($what) cannot be read here: \($cure).\n" | halt_error(1);
def stop_at($key): stop($key; "write it as [\"a\", \"b\"]");
def stop_at_section: stop("section cache:"; "write it as gh pmu init does, one key a line");
# Text in quotes, or without in a list of either form.
def quoted: "\"(?:[^\"\\\\\\n]|\\\\.)*\"|'(?:[^'\\n]|'')*'";
def plain($inside):
  "(?:[^-?:,\\[\\]{}#&*!|>%@`\"'\\s]|[-?:](?=[^\\s\($inside)]))(?:[^:#\\n\($inside)]|:(?=[^\\s\($inside)])|(?<=\\S)#)*";
def item: "(?:" + quoted + "|" + plain("") + ")";
def flow_item: "(?:" + quoted + "|" + plain(",\\[\\]{}") + ")";
def flow_list: "^ *\\[\\s*(?:" + flow_item + "\\s*(?:,\\s*" + flow_item + "\\s*)*,?\\s*)?\\] *";
def comment: "(?:(?:^| +)#[^\\n]*)?";
def text($key):
  if startswith("\"") then (try fromjson catch stop_at($key))
  elif startswith("'") then .[1:-1] | gsub("''"; "'")
  else sub("\\s+$"; "") | if test("^(?:~|[nN]ull|NULL)$") then stop_at($key) else . end end;
# Lines with their indentation, without comments and empty ones.
def rows:
  ltrimstr("\ufeff") | gsub("\r\n?"; "\n")
  | [split("\n")[] | select(test("^ *(?:#|$)") | not) | {at: (match("^ *").length), text: sub("^ *"; "")}];
# Keys of the outermost mapping, each with the lines that belong to it.
def entries:
  .[0].at as $at
  | reduce .[] as $row ([];
      if $row.at == $at and ($row.text | test("^(?:-(?: |$)|[]},])") | not) then . + [$row + {rows: []}]
      elif . == [] or $row.at < $at then stop_at_section
      else .[length - 1].rows += [$row] end);
# What stands after a key on its line.
def value($key): capture("^[\"']?" + $key + "[\"']? *:(?<value>(?:\\s.*)?)$") | .value;
def has($key): .text | [value($key)] != [];
def whole: .text + "\n" + ([.rows[].text] | join("\n"));
def is_ours: whole | test("labels|titles|<<");
# The keys of the section; nothing where there is none.
def section:
  rows | if .[0].text // "" | test("^---(?: *#.*)?$") then .[1:] else . end
  | if any(.[]; .text | test("^(?:---|\\.\\.\\.)(?: |$)")) and any(.[]; .text | test("cache")) then stop_at_section
    elif . == [] then empty else entries end
  | if any(.[].text; test("^(?:[?{\\[&*!%]|[\"']?<<|--- )")) and any(.[]; whole | test("cache")) then stop_at_section
    else . end
  | map(select(has("cache")))
  | if length > 1 then stop_at_section else .[] end
  | (.text | value("cache")) as $value
  | if $value | test("^ *" + comment + "$") then if .rows == [] then [] else .rows | entries end
    elif is_ours then stop_at_section
    else [] end;
def list($key; $default):
  map(select(has($key))) as $found
  | if $found == [] then if any(.[]; .text | test("^(?:[?*&!]|[\"']?<<)")) then stop_at($key) else $default end
    elif $found | length > 1 then stop_at($key)
    else $found[0] | (.text | value($key)) as $value | ($value + "\n" + ([.rows[].text] | join("\n"))) as $all
      | if $all | test("^ *(?:null|~)? *" + comment + "\\n*$") then $default
        elif $all | test(flow_list + comment + "\\n*$")
        then [$all | capture("^ *\\[(?<inside>(?:" + quoted + "|[^\\]])*)\\]").inside | match(flow_item; "g").string]
        elif $all | test("^ +" + item + " *" + comment + "\\n*$") then [$all | match(item).string]
        elif ($value | test("^ *" + comment + "$")) and (.rows | map(.at) | unique | length) == 1
          and all(.rows[].text; test("^- +" + item + " *" + comment + "$"))
        then [.rows[].text | sub("^- +"; "") | match("^" + item).string]
        else stop_at($key) end
      | map(text($key))
    end;
first(($own, $shared | section), [])
  | {
      releases: {
        labels: list("release_labels"; ["release", "branch", "patch"]),
        titles: list("release_titles"; ["Release: ", "Branch: ", "Patch: "])
      },
      microsprints: {
        labels: list("microsprint_labels"; ["microsprint"]),
        titles: list("microsprint_titles"; ["Microsprint: "])
      }
    }
