#!/bin/sh
# The guard of git-smp. It stops a plain push to production, and to an environment that is frozen.
# Bypass it once: git push --no-verify. Remove it: git smp setup --no-hook
# The hook that was here before is pre-push.before-smp, next to this file; it runs after the guard.
config=
before=${0%/*}/pre-push.before-smp

# A tool that keeps this hook as its own former one would otherwise run the two in a circle.
[ "$GIT_SMP_GUARDED" = "$1 $2" ] && exit 0
GIT_SMP_GUARDED="$1 $2"
export GIT_SMP_GUARDED

# What is pushed; both are told.
lines=$(cat)
tell() {
    [ -z "$lines" ] || printf '%s\n' "$lines" 2>/dev/null
}

if command -v git-smp >/dev/null 2>&1; then
    tell | git-smp ${config:+--config "$config"} pre-push "$@" >&2
    case $? in
        0) ;;
        1) exit 1 ;;
        *) echo 'warning: git-smp could not check this push; the push continues' >&2 ;;
    esac
else
    echo 'warning: git-smp is not on PATH, so this push was not checked; it continues' >&2
    hook=$(cd "${0%/*}" && pwd)/pre-push
    remove="rm '$hook'"
    [ -e "$before" ] && remove="mv '$hook.before-smp' '$hook'"
    printf '%s\n' "hint: install git-smp again, or remove its hook: $remove" >&2
fi

if [ -f "$before" ] && [ -x "$before" ]; then
    tell | "$before" "$@"
fi
