# PowerShell completion for gh-pmu, and for `gh pmu`.

$ghPmuWords = {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | ForEach-Object { "$_" })
    $program, $skip = if ($words[0] -eq 'gh') { @('gh', 'pmu'), 2 } else { @($words[0]), 1 }
    if ($words[0] -eq 'gh' -and $words[1] -ne 'pmu') { return }
    $ours = @($words | Select-Object -Skip $skip)
    if ($wordToComplete -eq '') { $ours += '""' }
    $rest = @($program | Select-Object -Skip 1) + '__complete' + $ours
    & $program[0] @rest 2>$null | ForEach-Object {
        $word, $help = $_ -split "`t", 2
        if ($word -like "$wordToComplete*") {
            if (-not $help) { $help = $word }
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
        }
    }
}
Register-ArgumentCompleter -Native -CommandName 'gh-pmu', 'gh' -ScriptBlock $ghPmuWords
