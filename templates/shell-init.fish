# wt: lets `wt switch NAME` and `wt create --switch` change folder.
# In ~/.config/fish/config.fish: wt shell-init fish | source

function wt --description 'git worktrees with their own ports'
    set -l tmp /tmp
    set -q TMPDIR; and set tmp $TMPDIR
    set -l file (command mktemp $tmp/wt-directive.XXXXXX 2>/dev/null)
    if test -z "$file"
        command wt $argv
        return $status
    end
    set -lx WT_DIRECTIVE_FILE $file
    command wt $argv
    set -l code $status
    # Split at NUL, which no name holds, so that line breaks in a name survive.
    set -l folder (command cat -- $file 2>/dev/null | string split0)
    command rm -f -- $file
    if test -n "$folder"
        builtin cd -- $folder
        or return $status
    end
    return $code
end
