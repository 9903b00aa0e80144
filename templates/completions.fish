# wt: completions that ask the program for names, branches, purposes and services.
# In ~/.config/fish/config.fish: wt completions fish | source

function __wt_complete
    set --local before (commandline --current-process --tokenize --cut-at-cursor)
    set --local found (command wt __complete --shell fish --index (count $before) -- $before (commandline --current-token --cut-at-cursor) 2>/dev/null)
    # Where the program is missing, its commands are known all the same.
    if test (count $found) -eq 0 -a (count $before) -eq 1
        set found WT_COMMANDS
    end
    test (count $found) -gt 0; and printf '%s\n' $found
end
complete --command wt --no-files --keep-order --arguments '(__wt_complete)'
