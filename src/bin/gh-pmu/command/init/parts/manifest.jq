# An issue may have several of the labels; what was read last counts.
def trackers($kind):
  $settings[0][$kind].titles as $titles
  | [.[].data.repository.issues.nodes[]
      | select(.title as $title | any($titles[]; . as $start | $title | startswith($start)))
      | {number, title, state, createdAt, closedAt}]
  | group_by(.number) | map(last);
def lines:
  if . == [] then "[]" else "[\n    " + (map(tojson) | join(",\n    ")) + "\n  ]" end;
# Whether a time is one that this workflow wrote, under a clock that was right.
def is_past: type == "string" and . <= $now and (try (fromdateiso8601 | todateiso8601) catch null) == .;
([$old | fromjson?][0] | if type == "object" then . else {} end) as $before
| {
    version: 1,
    repo: $repo,
    releases: ($releases | trackers("releases")),
    microsprints: ($microsprints | trackers("microsprints"))
  }
| if . == ($before | del(.updated_at)) and ($before.updated_at | is_past) then empty
  else
    "{\n  \"version\": 1,\n  \"updated_at\": \($now | tojson),\n  \"repo\": \(.repo | tojson),"
      + "\n  \"releases\": \(.releases | lines),\n  \"microsprints\": \(.microsprints | lines)\n}"
  end
