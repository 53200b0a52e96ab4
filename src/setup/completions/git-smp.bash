# Completion of `git smp` and `git-smp` in bash. The completion of git calls _git_smp; bash-completion loads this file,
# which it looks for under the name git-smp.

# Fills COMPREPLY with what the program offers. Where that is a file, bash itself completes its name.
__git_smp_offer() {
    local offered line lead=
    COMPREPLY=()
    offered=$("$@" 2>/dev/null </dev/null) || return 0
    compopt +o default +o bashdefault 2>/dev/null
    # bash replaces only what stands behind the =.
    [[ $COMP_WORDBREAKS == *=* && $cur == --*=* ]] && lead=${cur%%=*}=
    while IFS= read -r line; do
        [[ -n $line ]] && COMPREPLY+=("${line#"$lead"}")
    done <<<"$offered"
    return 0
}

_git_smp() {
    local first=$((${__git_cmd_idx:-1} + 1))
    __git_smp_offer __git smp complete bash -- "${words[@]:first:cword-first}" "$cur"
}

_git_smp_alone() {
    local cur prev words cword
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n =: cur prev words cword
    else
        cur=$2 cword=$COMP_CWORD words=("${COMP_WORDS[@]}")
    fi
    __git_smp_offer git-smp complete bash -- "${words[@]:1:cword-1}" "$cur"
}

complete -o bashdefault -o default -o nospace -F _git_smp_alone git-smp
