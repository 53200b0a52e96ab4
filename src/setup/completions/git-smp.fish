# Completion of `git smp` and `git-smp` in fish. It belongs in a folder conf.d: before 3.7 the completion of git finds no
# other one for its subcommands.

function __git_smp_offer
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program git-smp
    set -l at 1
    if test "$words[1]" = git
        set at (contains -i -- smp $words)
        or return
        set program $words[1..$at]
    end
    set -e words[1..$at]
    set -l offered (command $program complete fish -- $words "$current" 2>/dev/null </dev/null)
    if test $status -eq 0
        string join -- \n $offered
    else
        # A file is asked for.
        __fish_complete_path "$current"
    end
end

function __git_smp_is_typed
    functions -q __fish_git_using_command
    and __fish_git_using_command smp
end

complete -c git-smp -f -k -a '(__git_smp_offer)'
complete -c git -n __git_smp_is_typed -f -k -a '(__git_smp_offer)'
