//! What needs more of a machine than Rust, git and a C compiler: `sshd`, `ssh` and `ssh-keygen` (openssh), `gpg` (gnupg), `man` (man-db), `groff`, `curl`,
//! and the shells bash (with bash-completion), zsh and fish.
//! `cargo test --features machine` runs it, and `.ci/run` sees to it that it did. Where such a program is missing these
//! tests fail.

mod completions;
mod dokku;
mod first_push;
mod install;
mod locale;
mod manual;
mod passphrase;
mod signed;
mod ssh;
mod trips;
