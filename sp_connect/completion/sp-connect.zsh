#compdef sp-connect
# What zsh offers for sp-connect when TAB is pressed: sourced, or as _sp-connect in a folder of $fpath.

_sp-connect() {
    local found line
    local -a values
    local -i at
    found=$(env _SP_CONNECT_COMPLETE=complete_zsh _TYPER_COMPLETE_ARGS="${(j: :)words[1,CURRENT-1]} $PREFIX" \
        ${(Q)~words[1]} 2>/dev/null)
    case $found in
    '') return 1 ;;
    :files)
        compset -P "--*="
        _files
        ;;
    :programs)
        at=${words[(i)--]}
        shift $at words
        ((CURRENT -= at))
        _normal
        ;;
    *)
        for line in ${(f)found}; do
            line=${line//:/\\:}
            values+=("${line/$'\t'/:}")
        done
        _describe -V 'sp-connect' values
        ;;
    esac
}

if [[ $funcstack[1] == _sp-connect ]]; then
    _sp-connect "$@"
else
    ((${+functions[compdef]})) || { autoload -Uz compinit && compinit -i }
    compdef _sp-connect sp-connect
fi
