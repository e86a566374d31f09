def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def ltrimstr($x): if type == "string" and ($x | type) == "string" and startswith($x) then .[($x | length):] end;
def rtrimstr($x):
  if type == "string" and ($x | type) == "string" and $x != "" and endswith($x) then .[:length - ($x | length)] end;
def tostream:
  path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
