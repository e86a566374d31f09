#compdef gh-pmu
# zsh completion for gh-pmu, and for `gh pmu` within gh's own completion.

# $1: how many words stand before ours; the rest: the program.
__gh_pmu_words() {
    local skip=$1 line
    local -a found
    shift
    for line in "${(@f)$("$@" __complete "${(@)words[skip+1,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    _describe 'gh pmu' found
}

_gh-pmu() {
    __gh_pmu_words 1 "${words[1]}"
}

__gh_pmu_in_gh() {
    if [[ ${words[2]} == pmu ]] && (( CURRENT > 2 )); then
        __gh_pmu_words 2 gh pmu
    else
        (( $+functions[_gh] )) || eval "$(gh completion -s zsh 2>/dev/null)"
        compdef __gh_pmu_in_gh gh
        (( $+functions[_gh] )) && _gh "$@"
    fi
}

compdef _gh-pmu gh-pmu
compdef __gh_pmu_in_gh gh
