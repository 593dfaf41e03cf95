# What PowerShell offers for sp-connect when TAB is pressed.

Register-ArgumentCompleter -Native -CommandName sp-connect -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $program = $commandAst.GetCommandName()
    $line = $commandAst.Extent.Text
    $typed = $cursorPosition - $commandAst.Extent.StartOffset
    if ($typed -lt $line.Length) { $line = $line.Substring(0, $typed) }
    $code = $global:LASTEXITCODE
    try {
        $Env:_SP_CONNECT_COMPLETE = 'complete_powershell'
        $Env:_TYPER_COMPLETE_ARGS = $line
        $Env:_TYPER_COMPLETE_WORD_TO_COMPLETE = $wordToComplete
        & $program 2>$null | Where-Object { $_ -and -not $_.StartsWith(':') } | ForEach-Object {
            $value, $help = $_ -split ':::', 2
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
        }
    } finally {
        $Env:_SP_CONNECT_COMPLETE = $null
        $Env:_TYPER_COMPLETE_ARGS = $null
        $Env:_TYPER_COMPLETE_WORD_TO_COMPLETE = $null
        $global:LASTEXITCODE = $code
    }
}
