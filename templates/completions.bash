# wt: completions that ask the program for names, branches, purposes and services.
# In ~/.bashrc: eval "$(wt completions bash)"

_wt() {
    local line words=("${COMP_WORDS[@]}")
    # The word at the cursor without what stands behind the cursor; bash makes a word of each `=`. An open quote stays: it
    # tells that nothing needs another one.
    case ${COMP_WORDS[COMP_CWORD]} in
        = | : | \'* | \"*) ;;
        *) words[COMP_CWORD]=$2 ;;
    esac
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(command wt __complete --shell bash --index "$COMP_CWORD" -- "${words[@]}" 2>/dev/null)
    # Where the program is missing, its commands are known all the same.
    if [ "${#COMPREPLY[@]}" -eq 0 ] && [ "$COMP_CWORD" -eq 1 ]; then
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <(compgen -W "WT_COMMANDS" -- "$2")
    fi
    case ${COMPREPLY[0]-} in
        */ | *=) compopt -o nospace 2>/dev/null ;;
    esac
}
complete -o nosort -F _wt wt 2>/dev/null || complete -F _wt wt
