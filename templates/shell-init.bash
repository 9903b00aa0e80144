# wt: lets `wt switch NAME` and `wt create --switch` change folder.
# In ~/.bashrc: eval "$(wt shell-init bash)"

wt() {
    local file folder status
    if ! file=$(command mktemp "${TMPDIR:-/tmp}/wt-directive.XXXXXX" 2>/dev/null); then
        command wt "$@"
        return
    fi
    status=0
    WT_DIRECTIVE_FILE=$file command wt "$@" || status=$?
    # The final dot keeps line breaks at the end of a folder's name.
    folder=$(command cat -- "$file" 2>/dev/null; printf .)
    folder=${folder%.}
    command rm -f -- "$file"
    if [ -n "$folder" ]; then
        builtin cd -- "$folder" || return
    fi
    return "$status"
}
