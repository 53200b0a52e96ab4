#!/bin/sh
# Installs git-smp @VERSION@ for you alone: the program, the man pages and the completions, without root.
#
# It downloads the archive for this machine and SHA256SUMS from the release. Nothing of the archive is unpacked or run before
# its checksum is right. GIT_SMP_BIN names another folder for the program, GIT_SMP_DOWNLOADS another place of the release.
set -eu

version=@VERSION@
downloads=${GIT_SMP_DOWNLOADS:-@REPOSITORY@/releases/download/$version}

fails() { printf 'install git-smp: %s\n' "$@" >&2; exit 1; }

platform() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64 | Linux-amd64) echo "x86_64-unknown-linux-$(libc)" ;;
    Linux-aarch64 | Linux-arm64) echo "aarch64-unknown-linux-$(libc)" ;;
    Darwin-x86_64) echo x86_64-apple-darwin ;;
    Darwin-arm64) echo aarch64-apple-darwin ;;
    *) return 1 ;;
  esac
}

# The gnu archives need glibc 2.35; the musl archives need none.
libc() {
  found=$(getconf GNU_LIBC_VERSION 2>/dev/null) || found=
  found=${found#glibc 2.}
  case $found in
    '' | *[!0-9]*) echo musl ;;
    *) if [ "$found" -ge 35 ]; then echo gnu; else echo musl; fi ;;
  esac
}

# wget follows a redirect of https anywhere, so each step is looked at before it is taken.
by_wget() {
  address=$1
  for _ in 1 2 3 4 5; do
    wget -q -S --max-redirect=0 -O "$2" "$address" 2>"$2.told" && return
    address=$(awk 'tolower($1) == "location:" { to = $2 } END { sub(/\r$/, "", to); print to }' "$2.told")
    case $address in "${downloads%%:*}"://* | https://*) ;; *) return 1 ;; esac
  done
  return 1
}

# A redirect of https leads to https.
download() {
  case $downloads in https://*) allowed='=https' ;; *) allowed='=https,http' ;; esac
  if command -v curl >/dev/null; then
    curl --proto "$allowed" -fsSL -o "$2" "$downloads/$1"
  elif command -v wget >/dev/null; then
    by_wget "$downloads/$1" "$2"
  else
    fails "curl or wget is needed to download it"
  fi || fails "could not download $downloads/$1"
}

digest() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  elif command -v shasum >/dev/null; then
    shasum -a 256 "$1"
  else
    fails "sha256sum or shasum is needed to check the download"
  fi | cut -c 1-64
}

# Puts a file into its place at once: a program that runs is never half overwritten.
put() {
  mkdir -p "$(dirname "$3")"
  cp "$2" "$3.new.$$"
  chmod "$1" "$3.new.$$"
  mv -f "$3.new.$$" "$3"
}

main() {
  [ -n "${HOME:-}" ] || fails "HOME is not set"
  platform=$(platform) || fails "there is no archive for $(uname -s) on $(uname -m)" \
    "build it instead: cargo install --locked git-smp"
  name=git-smp-$version-$platform
  bin=${GIT_SMP_BIN:-$HOME/.local/bin}
  data=${XDG_DATA_HOME:-$HOME/.local/share}

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
  download SHA256SUMS "$work/SHA256SUMS"
  download "$name.tgz" "$work/$name.tgz"
  expected=$(awk -v name="$name.tgz" '$2 == name { print $1 }' "$work/SHA256SUMS")
  [ -n "$expected" ] || fails "SHA256SUMS of the release does not name $name.tgz; nothing was installed"
  found=$(digest "$work/$name.tgz")
  [ "$found" = "$expected" ] || fails "the checksum of $name.tgz is wrong; nothing was installed" \
    "expected $expected" "received $found"

  tar -xzf "$work/$name.tgz" -C "$work"
  from=$work/$name
  for page in "$from"/man/*.1; do put 644 "$page" "$data/man/man1/${page##*/}"; done
  put 644 "$from/completions/git-smp.bash" "$data/bash-completion/completions/git-smp"
  put 644 "$from/completions/_git-smp" "$data/zsh/site-functions/_git-smp"
  put 644 "$from/completions/git-smp.fish" "$data/fish/vendor_conf.d/git-smp.fish"
  put 755 "$from/git-smp" "$bin/git-smp"

  echo "git-smp $version is installed: $bin/git-smp"
  case :${PATH:-}: in
    *":$bin:"*) ;;
    *) echo "git finds it when PATH has that folder; add this line to your shell's profile: export PATH=\"$bin:\$PATH\"" ;;
  esac
  echo "next, in your repository: git smp setup"
}

# At the end, so that half of this file does nothing.
main
