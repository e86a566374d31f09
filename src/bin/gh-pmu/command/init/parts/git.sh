# The branch that holds what this workflow writes: that of PMU_BRANCH, or the default branch.
branch() {
  if [ -n "$PMU_BRANCH" ]; then
    echo "$PMU_BRANCH"
  else
    git ls-remote --symref origin HEAD | sed -n 's,^ref: refs/heads/\(.*\)\tHEAD$,\1,p'
  fi
}

# The remote branch $1 into refs/pmu/base; no such ref where there is no such branch.
fetch() {
  local found
  git update-ref -d refs/pmu/base
  found="$(git ls-remote origin "refs/heads/$1")"
  if [ -n "$found" ]; then
    git fetch --quiet --no-tags --depth=1 origin "+refs/heads/$1:refs/pmu/base"
  fi
}

# The files of refs/pmu/base into an index of their own; the working tree is not touched.
begin() {
  export GIT_INDEX_FILE="$work/index"
  rm -f "$GIT_INDEX_FILE"
  if git rev-parse --verify --quiet refs/pmu/base >/dev/null; then
    git read-tree refs/pmu/base
  fi
}

# The file $1 into the index, as $2.
put() {
  local blob
  blob="$(git hash-object -w --no-filters -- "$1")"
  git update-index --add --cacheinfo "100644,$blob,$2"
}

# The index as a commit with the message $1.
commit() {
  local base tree
  base="$(git rev-parse --verify --quiet refs/pmu/base || :)"
  tree="$(git write-tree)"
  git commit-tree "$tree" ${base:+-p "$base"} -m "$1"
}

# Pushes the commit $1 to the branch $2, and says why that was refused for good, if it was: then $3 would find its place
# on another branch by init with the flag $4. Fails where somebody else was faster.
push() {
  local next="Take $2 out of the rule."
  if git push origin "$1:refs/heads/$2" 2>"$work/push"; then
    return 0
  fi
  cat "$work/push" >&2
  if grep -qE 'GH006|GH013' "$work/push"; then
    if [ -z "$PMU_BRANCH" ]; then
      next="Keep $3 on a branch of its own: run 'gh pmu init $4 --branch pmu-cache' and commit what it changes."
    fi
    echo "::error title=pmu-cache::The branch $2 is protected: this workflow may not push to it. $next"
    exit 1
  fi
  return 1
}
