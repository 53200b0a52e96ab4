#!/bin/sh
# The guard of git-smp. It stops a plain push to a production, and to a place that is frozen.
# Past it, once: git push --no-verify. Take it away for good: git smp setup --no-hook
# The hook that stood here before is pre-push.before-smp, beside this file; it runs after the guard.
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
        *) echo 'warning: git-smp could not tell whether this push may go, so it goes on' >&2 ;;
    esac
else
    echo 'warning: git-smp is not on PATH any more, so nobody looked whether this push may go; it goes on' >&2
    echo "hint: install it again, or undo what it left: $0" >&2
fi

if [ -f "$before" ] && [ -x "$before" ]; then
    tell | "$before" "$@"
fi
