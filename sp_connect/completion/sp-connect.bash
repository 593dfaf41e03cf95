# What bash offers for sp-connect when TAB is pressed. bash 3.2 will do, and bash-completion is not needed.

_sp_connect_completion() {
    local IFS=$'\n' found line at program="${1/#\~/$HOME}"
    found=$(env _SP_CONNECT_COMPLETE=complete_bash COMP_CWORD="$COMP_CWORD" \
        COMP_WORDS="${COMP_WORDS[*]:0:COMP_CWORD+1}" "$program" 2>/dev/null)
    COMPREPLY=()
    case "$found" in
    :files)
        compopt -o default 2>/dev/null ||
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$2")
        ;;
    :programs)
        for ((at = 1; at < COMP_CWORD; at++)); do
            [[ ${COMP_WORDS[at]} == -- ]] && break
        done
        if declare -F _comp_command_offset >/dev/null; then
            IFS=$' \t\n'
            _comp_command_offset $((at + 1))
        elif declare -F _command_offset >/dev/null; then
            IFS=$' \t\n'
            _command_offset $((at + 1))
        elif ((COMP_CWORD == at + 1)); then
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$2")
        else
            compopt -o default 2>/dev/null ||
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$2")
        fi
        ;;
    *)
        while read -r line; do
            [[ -n $line ]] && COMPREPLY+=("$line")
        done <<<"$found"
        ;;
    esac
}

complete -F _sp_connect_completion sp-connect
