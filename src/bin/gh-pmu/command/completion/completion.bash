# bash completion for gh-pmu, and for `gh pmu` within gh's own completion.

# $1: how many words stand before ours; the rest: the program.
__gh_pmu_words() {
    # bash breaks words at = : @ too; ours are between spaces. What it completes is what follows the break.
    local skip=$1 line=${COMP_LINE:0:COMP_POINT} part=${COMP_WORDS[COMP_CWORD]} cur word
    local -a typed
    shift
    read -ra typed <<<"$line"
    [[ $line == *[[:space:]] ]] && typed+=("")
    cur=${typed[${#typed[@]} - 1]}
    [[ $part == [=:@] ]] && part=
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        [[ $word == "$cur"* ]] || continue
        word=${word#"${cur%"$part"}"}
        [[ $word == *[!a-zA-Z0-9_.,/@:=+%-]* ]] && printf -v word %q "$word"
        COMPREPLY+=("$word")
    done < <("$@" __complete "${typed[@]:skip}" 2>/dev/null)
}

__gh_pmu_direct() {
    __gh_pmu_words 1 "${COMP_WORDS[0]}"
}

__gh_pmu_in_gh() {
    if [[ ${COMP_WORDS[1]} == pmu && $COMP_CWORD -gt 1 ]]; then
        __gh_pmu_words 2 gh pmu
    else
        declare -F __start_gh >/dev/null || eval "$(gh completion -s bash 2>/dev/null)"
        declare -F __start_gh >/dev/null && __start_gh "$@"
        complete -o default -F __gh_pmu_in_gh gh
    fi
}

complete -o default -F __gh_pmu_direct gh-pmu
complete -o default -F __gh_pmu_in_gh gh
