//! `git smp <TAB>` in the real shells, with the files that setup installs.

use crate::completions::candidate;
use crate::support::{Deploy, Terminal, World};

const BASH: &str = ". /usr/share/bash-completion/bash_completion
PS1='$ '
bind 'set show-all-if-ambiguous on'
bind 'set enable-bracketed-paste off'
";
const ZSH: &str = "PS1='$ '
fpath=(~/.local/share/zsh/site-functions $fpath)
autoload -Uz compinit
compinit -u
";
const FISH: &str = "set -g fish_greeting
function fish_prompt
    echo -n '$ '
end
";

/// Returns a world with a candidate and the completions of this program.
fn world() -> Deploy {
    let deploy = World::deploy_like()
        .toml("[record]\nsignoff = false\n")
        .build();
    let setup = deploy.trust();
    setup.prints_among("installed for bash, zsh, fish");
    setup.prints_among("add this line to ~/.zshrc, before compinit: fpath=(");
    deploy
        .smp(&["setup"])
        .ok()
        .prints_among("is installed for bash, zsh, fish");
    deploy.smp(&["stage", "--yes"]).ok();
    deploy.smp(&["propose", "--yes"]).ok();
    std::fs::create_dir_all(deploy.path("home/.config/fish")).unwrap();
    for (file, text) in [
        ("home/.bashrc", BASH),
        ("home/.zshrc", ZSH),
        ("home/.config/fish/config.fish", FISH),
    ] {
        std::fs::write(deploy.path(file), text).unwrap();
    }
    deploy
}

fn shell(deploy: &Deploy, name: &str, folder: &str) -> Terminal {
    let args: &[&str] = match name {
        "bash" => &["--noprofile", "-i"],
        _ => &["-i"],
    };
    let runner = deploy.runner().cwd(folder).env("TERM", "xterm");
    let mut terminal = runner.terminal_program(name, args);
    terminal.sees("$ ");
    terminal
}

/// Types a line and TAB, and asserts how the shell completes it.
#[track_caller]
fn becomes(terminal: &mut Terminal, line: &str, expected: &str) {
    // The screen also shows the typed text, so it is spelled differently from the output.
    terminal.types(&format!("{line}\t\u{1}echo G''OT: \r"));
    terminal.sees(&format!("GOT: {expected}"));
}

/// Returns the screen without colours: a shell may colour a part of a word.
fn plain(screen: &str) -> String {
    let mut pieces = screen.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let end = piece.find(|c: char| c.is_ascii_alphabetic());
        text + end.map_or("", |end| &piece[end + 1..])
    })
}

#[test]
fn tab_completes_in_every_shell() {
    let deploy = world();
    let candidate = candidate(&deploy);
    let (head, short) = (&candidate[..6], &candidate[..12]);
    for name in ["bash", "zsh", "fish"] {
        let mut terminal = shell(&deploy, name, "work");
        for program in ["git smp", "git-smp"] {
            for (typed, whole) in [
                ("prom", "promote"),
                ("promote prod", "promote production"),
                ("promote ", "promote production"),
                ("stage --pi", "stage --pick"),
                ("status --color=al", "status --color=always"),
                (
                    &format!("rollback --to {head}"),
                    &format!("rollback --to {short}"),
                ),
                (
                    &format!("promote --commit {head}"),
                    &format!("promote --commit {short}"),
                ),
                ("--config smp.t", "--config smp.toml"),
            ] {
                let (typed, whole) = (format!("{program} {typed}"), format!("{program} {whole}"));
                becomes(&mut terminal, &typed, &whole);
            }
        }
        for (line, first, second) in [
            ("git smp pro", "promote", "propose"),
            ("git smp stage --", "--pick", "--take-over"),
            ("git smp rollback --to ", short, &deploy.nth(2)[..12]),
        ] {
            let mut terminal = shell(&deploy, name, "work");
            terminal.types(&format!("{line}\t\t"));
            let shows = |screen: &str| screen.contains(first) && screen.contains(second);
            let begun = std::time::Instant::now();
            while !shows(&plain(&terminal.screen())) {
                let screen = terminal.screen();
                assert!(begun.elapsed().as_secs() < 20, "{name}: {line}: {screen}");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }
}

#[test]
fn tab_completes_for_the_clone_that_git_is_told_of() {
    let deploy = world();
    for name in ["bash", "zsh", "fish"] {
        let mut terminal = shell(&deploy, name, "");
        let line = "git -C work smp promote ";
        becomes(&mut terminal, line, "git -C work smp promote production");
    }
}
