
# git: lets `git wt switch NAME` and `git wt create --switch` change folder; all else is git's.
function git --wraps git
    if test (count $argv) -ge 2; and test $argv[1] = wt; and contains -- $argv[2] switch create
        git-wt $argv[2..]
    else
        command git $argv
    end
end
