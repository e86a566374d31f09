# GitHub's answer to the GraphQL request $1; sometimes it has to be asked again. With a second word, also an answer that
# leaves out what this token may not see: `errors` says where.
answer() {
  local tries=1 text
  until text="$(GH_TOKEN="$read_token" GH_ENTERPRISE_TOKEN="$read_token" gh api graphql --input - <<<"$1")"; do
    if [ -n "${2:-}" ] && jq -e '(.data | type) == "object" and all(.errors[]; .path | type == "array" and . != [])' \
      <<<"$text" >/dev/null 2>&1; then
      jq -r '[.errors[].message] | unique | join(" ")
        | "::warning title=pmu-cache::GitHub withheld a part of its answer: \(.)"' <<<"$text" >&2
      break
    fi
    if [ "$tries" -ge 3 ]; then
      echo "::error title=pmu-cache::GitHub did not list the trackers. The next run tries again." >&2
      return 1
    fi
    sleep $((tries * 5))
    tries=$((tries + 1))
  done
  printf '%s\n' "$text"
}

# Where the page after that of the cursor $1 begins; nothing where there is none. A cursor that stays ends it, too.
next() {
  jq --argjson before "$1" 'first(.data[] | (.repositories? // .issues?) | values).pageInfo
    | select(.hasNextPage).endCursor | select(. != null and . != $before)'
}

# Every page of the issues of the repository $1 with the label $2.
pages() {
  local after=null text
  while [ -n "$after" ]; do
    text="$(jq -n --arg query "$PMU_QUERY" --arg repo "$1" --arg word "$2" --argjson after "$after" \
      '($repo / "/") as [$owner, $name] | {$query, variables: {$owner, $name, label: $word, $after}}')"
    text="$(answer "$text")" || return 1
    printf '%s\n' "$text"
    after="$(next "$after" <<<"$text")"
  done
}

# Every page of the issues of the repository $1 with one of the labels of the kind $2.
issues() {
  local labels label tries
  mapfile -t labels < <(jq -r --arg kind "$2" '.[$kind].labels[]' "$work/settings")
  for label in "${labels[@]}"; do
    for tries in 1 2 3; do
      pages "$1" "$label" >"$work/pages" || return 1
      # An issue that came or went between two pages moves others from one to the next.
      if jq -es '[.[].data.repository.issues] | [.[].nodes[].number] as $numbers | ($numbers | length) as $count
        | ($numbers | unique | length) == $count and all(.[]; (.totalCount // $count) == $count)' \
        "$work/pages" >/dev/null; then
        cat "$work/pages"
        continue 2
      fi
    done
    echo "::error title=pmu-cache::GitHub did not list all issues labelled $label. The next run tries again." >&2
    return 1
  done
}

# The trackers of the repository $1 into $work/releases and $work/microsprints, and the time before that into $now.
read_trackers() {
  now="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  issues "$1" releases >"$work/releases" && issues "$1" microsprints >"$work/microsprints"
}

# The manifest of the repository $1 into $work/new, from what was read; nothing where it would say what $work/old says.
compose() {
  local behind
  # Readers keep the newer of two manifests: this one must not be older than the last, whose clock may differ a little.
  behind="$(jq -nr --rawfile old "$work/old" --arg now "$now" \
    '$old | fromjson? | .updated_at? | fromdateiso8601? - ($now | fromdateiso8601) | select(. > 0 and . <= 60)')"
  if [ -n "$behind" ]; then
    sleep "$behind"
    now="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  fi
  jq -nr --arg now "$now" --arg repo "$1" --rawfile old "$work/old" --slurpfile settings "$work/settings" \
    --slurpfile releases "$work/releases" --slurpfile microsprints "$work/microsprints" "$PMU_JQ" >"$work/new"
}

# The file $1, or an empty one.
readable() {
  if [ -f "$1" ]; then echo "$1"; else echo /dev/null; fi
}

# What makes an issue a tracker, into $work/settings.
settings() {
  jq -n --rawfile own "$(readable .github/pmu.yml)" --rawfile shared "$(readable .gh-pmu.yml)" \
    "$PMU_SETTINGS" >"$work/settings"
  if jq -e '[.[].labels[]] == []' "$work/settings" >/dev/null; then
    echo "::error title=pmu-cache::The configuration names no label that makes an issue a tracker."
    exit 1
  fi
}
