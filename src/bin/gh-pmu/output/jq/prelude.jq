# The formats and with_entries of jaq are bound to its own tostring and to_entries.
def tostring: if type == "string" then . else tojson end;
def @text: tostring;
def @html: tostring | escape_html;
def @base64: tostring | encode_base64;
def @uri: __uri;
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def to_entries: [keys[] as $key | {$key, value: .[$key]}];
def with_entries(f): to_entries | map(f) | from_entries;
def leaf_paths: paths(scalars);
def halt_error: error("error: " + if type == "string" then . else tojson end);
def halt_error($code): halt_error;
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def ltrimstr($x): if type == "string" and ($x | type) == "string" and startswith($x) then .[($x | length):] end;
def rtrimstr($x):
  if type == "string" and ($x | type) == "string" and $x != "" and endswith($x) then .[:length - ($x | length)] end;
def tostream:
  path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def join($x):
  reduce .[] as $i (null;
    (if . == null then "" else . + $x end)
    + ($i | if . == null then "" elif type == "number" or type == "boolean" then tojson end))
  // "";
