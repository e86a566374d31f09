# GitHub's answer to the GraphQL request $1; sometimes it has to be asked again.
answer() {
  local tries=1 text
  until text="$(GH_TOKEN="$read_token" GH_ENTERPRISE_TOKEN="$read_token" gh api graphql --input - <<<"$1")"; do
    if [ "$tries" -ge 3 ]; then
      echo "::error title=pmu-cache::GitHub did not list the trackers. The next run tries again." >&2
      return 1
    fi
    sleep $((tries * 5))
    tries=$((tries + 1))
  done
  printf '%s\n' "$text"
}

# Every page of the issues of the repository $1 with one of the labels of the kind $2.
issues() {
  local labels label after text
  mapfile -t labels < <(jq -r --arg kind "$2" '.[$kind].labels[]' "$work/settings")
  for label in "${labels[@]}"; do
    after=null
    while [ -n "$after" ]; do
      text="$(jq -n --arg query "$PMU_QUERY" --arg repo "$1" --arg word "$label" --argjson after "$after" \
        '($repo / "/") as [$owner, $name] | {$query, variables: {$owner, $name, label: $word, $after}}')"
      text="$(answer "$text")"
      printf '%s\n' "$text"
      after="$(jq '.data.repository.issues.pageInfo | select(.hasNextPage).endCursor' <<<"$text")"
    done
  done
}

# The trackers of the repository $1 into $work/releases and $work/microsprints, and the time before that into $now.
read_trackers() {
  now="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  issues "$1" releases >"$work/releases"
  issues "$1" microsprints >"$work/microsprints"
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
