# What fish offers for sp-connect when TAB is pressed.

function __sp_connect_completion
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    while set -q words[2]; and not string match -qr '(^|/)sp-connect$' -- $words[1]
        set -e words[1] # sudo, env
    end
    set -l program (string replace -r -- '^~' $HOME $words[1])
    set -l line (string join ' ' -- (string escape -- $words) $current)
    set -l found (env _SP_CONNECT_COMPLETE=complete_fish _TYPER_COMPLETE_ARGS="$line" $program 2>/dev/null)
    switch "$found[1]"
        case :files
            set -l flag (string match -r -- '^--[^=]*=' $current; or echo)
            for path in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' $current))
                echo $flag$path
            end
        case :programs
            set -l at (contains -i -- -- $words)
            complete -C (string join ' ' -- (string escape -- $words[(math $at + 1)..-1]) $current)
        case '?*'
            printf '%s\n' $found
    end
end

complete -c sp-connect -k -f -a '(__sp_connect_completion)'
