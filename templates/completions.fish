# wt: completions that ask the program for names, branches, purposes and services.
# In ~/.config/fish/config.fish: wt completions fish | source

function __wt_complete
    set --local before (commandline --current-process --tokenize --cut-at-cursor)
    command wt __complete --shell fish --index (count $before) -- $before (commandline --current-token --cut-at-cursor) 2>/dev/null
end
complete --command wt --no-files --keep-order --arguments '(__wt_complete)'
