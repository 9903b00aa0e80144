
# git: lets `git wt switch NAME` and `git wt create --switch` change folder; all else is git's.
git() {
    if [ "${1-}" = wt ] && { [ "${2-}" = switch ] || [ "${2-}" = create ]; }; then
        shift
        git-wt "$@"
    else
        command git "$@"
    fi
}
