# Sourced before git's own commands: answers those of Dokku, and lets all others pass.
set -- $SSH_ORIGINAL_COMMAND
app=$2
keeps() { cat "$own/$app.$1" 2>/dev/null || printf '%s' "$2"; }
fails() { echo " !     $1" >&2; exit 1; }
branch=$(keeps branch master)
sha=$(git -C "$repositories/$app.git" rev-parse -q --verify "refs/heads/$branch" 2>/dev/null)
sha=$(keeps sha "$sha")
deployed=true; [ -n "$sha" ] || deployed=false
running=$(keeps running "$deployed")
case "$1" in
*:*) [ -d "$repositories/$app.git" ] || { echo " !     App $app does not exist" >&2; exit 20; } ;;
esac
case "$kind $1 $3 $4" in
"new git:report --format json")
  printf '{"computed-deploy-branch":"%s","deploy-branch":"%s","global-deploy-branch":"","keep-git-dir":"","last-updated-at":"1777557000","rev-env-var":"GIT_REV","sha":"%s","source-image":""}\n' "$branch" "$branch" "$sha"
  exit 0 ;;
"new ps:report --format json")
  printf '{"can-scale":"true","deployed":"%s","processes":"1","ps-can-scale":"true","restore":"true","computed-skip-deploy":"%s","running":"%s","status-web-1":"running (CID: 0123456789a)"}\n' "$deployed" "$(keeps skip false)" "$running"
  exit 0 ;;
"new builds:list --format json")
  keeps builds '[]'; echo; exit 0 ;;
"old git:report --git-sha "*)
  [ -n "$sha" ] || fails "not deployed"
  printf '%.9s\n' "$sha"; exit 0 ;;
"old git:report --git-deploy-branch "*) echo "$branch"; exit 0 ;;
"old git:report --git-global-deploy-branch "*) echo master; exit 0 ;;
"old git:report "*) fails "Invalid flag passed, valid flags: --git-deploy-branch --git-global-deploy-branch --git-keep-git-dir --git-rev-env-var --git-sha --git-source-image --git-last-updated-at" ;;
"old ps:report --deployed "*) echo "$deployed"; exit 0 ;;
"old ps:report --running "*) echo "$running"; exit 0 ;;
"old ps:report "*) fails "Invalid flag passed, valid flags: --deployed, --processes, --running" ;;
*" apps:locked "*)
  [ "$(keeps locked)" != broken ] || fails "sudo: no tty present"
  [ -z "$(keeps locked)" ] || { echo "Deploy lock exists" >&2; exit 0; }
  fails "Deploy lock does not exist" ;;
*" "*:*" "*) fails "\`$1\` is not a dokku command" ;;
esac
