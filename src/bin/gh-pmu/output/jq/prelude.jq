def @uri: __uri;
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def to_entries: [keys[] as $key | {$key, value: .[$key]}];
def from_entries: reduce .[] as $entry ({};
  . + ($entry | {(.key // .Key // .name // .Name): (if has("value") then .value else .Value end)}));
def with_entries(f): to_entries | map(f) | from_entries;
def leaf_paths: paths(scalars);
def halt_error: if type == "string" then error else error(tojson) end;
def halt_error($code): halt_error;
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def del(f): delpaths([path(f)]);
def match($re; $flags): __matches($re; $flags)[];
def match($re): match($re; null);
def test($re; $flags): __matches($re; $flags) != [];
def test($re): test($re; null);
def capture($re; $flags):
  match($re; $flags) | [.captures[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def capture($re): capture($re; null);
def scan($re; $flags): match($re; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
def scan($re): scan($re; null);
def ltrimstr($x): if type == "string" and ($x | type) == "string" and startswith($x) then .[($x | length):] end;
def rtrimstr($x):
  if type == "string" and ($x | type) == "string" and $x != "" and endswith($x) then .[:length - ($x | length)] end;
def tostream:
  path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def truncate_stream(stream):
  . as $depth | stream | if (.[0] | length) > $depth then setpath([0]; .[0][$depth:]) else empty end;
def fromstream(stream):
  foreach stream as $event ({};
    (if .ends then {} end)
    | .ends = (($event[0] | length) == 2 - ($event | length))
    | if ($event | length) == 2 then setpath(["whole"] + $event[0]; $event[1]) end;
    if .ends then .whole else empty end);
def flatten($depth):
  if $depth < 0 then error("flatten depth must not be negative: \($depth)") end
  | reduce .[] as $item ([]; . + if ($item | type) == "array" and $depth > 0 then $item | flatten($depth - 1) else [$item] end);
def flatten: flatten(infinite);
def __range($from; $to; $by): range($from; $to; $by);
def range($from; $to; $by): if $by == 0 then empty else __range($from; $to; $by) end;
def __strftime($form): strftime($form);
def __strflocaltime($form): strflocaltime($form);
def __form: if type == "string" then split("%%") | map(split("%c") | join("%a %b %e %H:%M:%S %Y")) | join("%%") end;
def strftime($form): __strftime($form | __form);
def strflocaltime($form): __strflocaltime($form | __form);
def __base64d: @base64d;
def @base64d: if type == "string" and length % 4 > 0 then . + "===="[length % 4:] end | __base64d;
def join($x):
  reduce .[] as $i (null;
    (if . == null then "" else . + $x end)
    + ($i | if . == null then "" elif type == "number" or type == "boolean" then tojson end))
  // "";
