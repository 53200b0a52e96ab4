//! Makes the unwinder part of the program, as zlib is: one library less to load at each start.
#![expect(clippy::disallowed_types, reason = "a build has no door")]

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|own| own == value);
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    let linker = env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    let asked = Command::new(linker)
        .arg("-print-file-name=libgcc_eh.a")
        .output();
    // Where there is none, the name alone comes back, and the program loads it at each start, as others do.
    if asked.is_ok_and(|output| output.stdout.contains(&b'/')) {
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
