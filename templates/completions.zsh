#compdef wt
# wt: completions that ask the program for names, branches, purposes and services.
# In ~/.zshrc, after compinit: eval "$(wt completions zsh)"

_wt() {
    local -a found
    found=("${(@f)$(command wt __complete --shell zsh --index $((CURRENT - 1)) -- "${(@)words}" 2>/dev/null)}")
    # Where the program is missing, its commands are known all the same.
    [[ -z ${found[1]-} && $CURRENT -eq 2 ]] && found=(WT_COMMANDS)
    [[ -n ${found[1]-} ]] && _describe -V 'wt' found
}
if (( ${+functions[compdef]} )); then
    compdef _wt wt
fi
