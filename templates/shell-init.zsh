# wt: lets `wt switch NAME` and `wt create --switch` change folder.
# In ~/.zshrc: eval "$(wt shell-init zsh)"

wt() {
    local file folder code
    if ! file=$(command mktemp "${TMPDIR:-/tmp}/wt-directive.XXXXXX" 2>/dev/null); then
        command wt "$@"
        return
    fi
    code=0
    WT_DIRECTIVE_FILE=$file command wt "$@" || code=$?
    # The final dot keeps line breaks at the end of a folder's name.
    folder=$(command cat -- "$file" 2>/dev/null; printf .)
    folder=${folder%.}
    command rm -f -- "$file"
    if [ -n "$folder" ]; then
        builtin cd -- "$folder" || return
    fi
    return "$code"
}
