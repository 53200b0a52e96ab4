//! Tests that need more programs than Rust, git and a C compiler: `sshd`, `ssh` and `ssh-keygen` (openssh), `gpg`
//! (gnupg), `man` (man-db), `groff`, `curl`, and the shells bash (with bash-completion), zsh and fish. `cargo test
//! --features machine` runs them, and `.ci/run` checks that they ran. Without such a program these tests fail.

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
