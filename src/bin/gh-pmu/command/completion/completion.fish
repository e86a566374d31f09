# fish completion for gh-pmu, and for `gh pmu` beside gh's own completion.

function __gh_pmu_words
    set -l words (commandline -opc) (commandline -ct)
    if test $words[1] = gh
        gh pmu __complete $words[3..-1] 2>/dev/null
    else
        $words[1] __complete $words[2..-1] 2>/dev/null
    end
end

function __gh_pmu_in_gh
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = pmu
end

# fish loads gh's own completion at its first use, which takes away what is there by then: it is loaded now.
complete -C "gh " >/dev/null 2>&1

complete -c gh-pmu -f -a '(__gh_pmu_words)'
complete -c gh -n __gh_pmu_in_gh -f -a '(__gh_pmu_words)'
