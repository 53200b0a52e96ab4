//! What a person waits for who is far from the host: each command's time in multiples of the time that an answer takes.
//! Whatever a client says arrives a fifth of a second later. So a request over HTTP takes that much longer, and each turn of
//! a handshake as well; there is no TLS, which would add one or two for each connection.

mod host;
mod proxy;
mod world;

use std::time::Duration;

use crate::time;
use world::World;

/// So much longer each answer takes.
pub const LATENCY: Duration = Duration::from_millis(200);

/// How the host is reached.
#[derive(Clone, Copy)]
pub struct Way {
    pub record: bool,
    pub login: bool,
    pub ssh: bool,
}

/// A command, and whether the main repository moves before it.
const WEEK: [(&str, bool); 10] = [
    ("setup --yes", false),
    ("diff", false),
    ("status", false),
    ("stage --yes", true),
    ("propose --yes", false),
    ("signoff", false),
    ("promote -n", false),
    ("promote --yes --commit NEWEST", false),
    ("status", true),
    ("rollback --yes --to OLDEST", false),
];

/// The same week over each kind of connection, with a record and without.
pub fn a_week() {
    let ways = ["http", "login", "http, rec.", "login, rec.", "ssh, rec."];
    println!(
        "\nmultiples of {} ms, which each answer takes",
        LATENCY.as_millis()
    );
    let heads = ways.map(|way| format!(" {way:>11}"));
    println!("{:<40}{}", "", heads.concat());
    let columns: Vec<Vec<String>> = ways
        .iter()
        .map(|way| {
            week(Way {
                record: way.ends_with("rec."),
                login: way.starts_with("login"),
                ssh: way.starts_with("ssh"),
            })
        })
        .collect();
    for (row, (command, moves)) in WEEK.iter().enumerate() {
        let what = format!("{command}{}", if *moves { ", main moved" } else { "" });
        let cells = columns.iter().map(|column| format!(" {:>11}", column[row]));
        println!("{what:<40}{}", cells.collect::<String>());
    }
}

/// The times of a week, a cell a command.
fn week(way: Way) -> Vec<String> {
    let Some(mut world) = World::new(way) else {
        return vec!["no sshd".to_owned(); WEEK.len()];
    };
    let cells = WEEK.map(|(command, moves)| {
        if !way.record && (command.starts_with("propose") || command == "signoff") {
            return "-".to_owned();
        }
        if moves {
            world.main_moves();
        }
        let took = time(world.smp(command));
        format!("{:.1}", took.as_secs_f64() / LATENCY.as_secs_f64())
    });
    cells.to_vec()
}
