//! The terminal is a real one for its programs.

use crate::support::{Gate, World};

#[test]
fn a_program_sees_a_terminal_on_all_three_streams_and_can_open_it_by_name() {
    let world = World::new();
    let script = "test -t 0 && test -t 1 && test -t 2 && echo 'tty' >/dev/tty; exit 7";
    let run = world
        .runner()
        .terminal_program("sh", &["-c", script])
        .ends();
    run.exits(7).says("tty\r\n");
}

#[test]
fn without_a_terminal_a_program_sees_none() {
    World::new()
        .runner()
        .program("sh", &["-c", "test -t 0 || test -t 1 || test -t 2"])
        .exits(1);
}

#[test]
fn a_program_can_have_a_terminal_as_its_input_alone() {
    let world = World::new();
    let script = "test -t 0 && ! test -t 1 && ! test -t 2 && echo ready >&2 && read -r line && echo \"got $line\"";
    let mut terminal = world.runner().terminal_input_program("sh", &["-c", script]);
    terminal.hears("ready").enters("hello");
    terminal.ends().ok().prints("got hello\n").says("ready\n");
}

#[test]
fn what_is_typed_is_read_and_echoed() {
    let world = World::new();
    let script = "printf 'Name: '; read -r name; echo \"Hello $name\"";
    let mut terminal = world.runner().terminal_program("sh", &["-c", script]);
    terminal
        .sees("Name: ")
        .enters("Ada")
        .sees("Ada\r\n")
        .sees("Hello Ada");
    assert_eq!(terminal.ends().ok().stderr, "Name: Ada\r\nHello Ada\r\n");
}

#[test]
fn ctrl_c_interrupts_the_program() {
    let world = World::new();
    let mut terminal = world.runner().terminal_program(
        "sh",
        &["-c", "trap 'exit 42' INT; echo ready; read -r line"],
    );
    terminal.sees("ready").ctrl_c();
    terminal.ends().exits(42);
}

#[test]
fn ctrl_d_is_the_end_of_input() {
    let world = World::new();
    let mut terminal = world
        .runner()
        .terminal_program("sh", &["-c", "echo ready; read -r line || echo end"]);
    terminal.sees("ready").ctrl_d().sees("end");
    terminal.ends().ok();
}

#[test]
fn the_window_has_a_size_that_can_change() {
    let world = World::new();
    let script = "stty size; read -r line; stty size";
    let mut terminal = world.runner().terminal_program("sh", &["-c", script]);
    terminal
        .sees("40 100")
        .resizes(20, 5)
        .enters("")
        .sees("5 20");
    terminal.ends().ok();
}

#[test]
fn the_program_is_told_when_the_terminal_goes() {
    let world = World::new();
    let gate = Gate::new(&world, "hup");
    let script = format!(
        "trap '{}; exit 9' HUP; echo ready; read -r line; read -r line",
        gate.line().replace('\'', "\"")
    );
    let mut terminal = world.runner().terminal_program("sh", &["-c", &script]);
    terminal.sees("ready").closes();
    gate.reached();
    gate.open();
    terminal.ends().exits(9);
}

#[test]
fn git_smp_runs_on_it() {
    let world = World::new();
    let run = world.runner().terminal(&["-V"]).ends();
    assert_ne!(run.code, 127, "git does not find the binary: {run}");
    assert!(!run.stderr.contains("is not a git command"), "{run}");
}

#[test]
#[should_panic(expected = "never shows")]
fn what_is_never_shown_fails_the_test() {
    let world = World::new();
    world
        .runner()
        .terminal_program("true", &[])
        .sees("a miracle");
}
