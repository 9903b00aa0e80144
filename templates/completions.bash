# wt: completions that ask the program for names, branches, purposes and services.
# In ~/.bashrc: eval "$(wt completions bash)"

_wt() {
    local IFS=$'\n' words=("${COMP_WORDS[@]}")
    # The word at the cursor without what stands behind the cursor; bash makes a word of each `=`.
    case ${COMP_WORDS[COMP_CWORD]} in
        = | :) ;;
        *) words[COMP_CWORD]=$2 ;;
    esac
    # shellcheck disable=SC2207 # a line is a word: IFS is the line break, and no line has a sign that globs
    COMPREPLY=($(command wt __complete --shell bash --index "$COMP_CWORD" -- "${words[@]}" 2>/dev/null))
    case ${COMPREPLY[0]-} in
        */ | *=) compopt -o nospace 2>/dev/null ;;
    esac
}
complete -o nosort -F _wt wt 2>/dev/null || complete -F _wt wt
