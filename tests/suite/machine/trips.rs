//! The cost over ssh: the number of connections, and of git commands over them.

use crate::posts::with_webhooks;
use crate::support::World;
use crate::trips::{Before, Trip, allowed};

#[test]
fn over_ssh_no_more_connections_are_made_than_the_table_allows() {
    let mut more = Vec::new();
    for (command, before) in [
        ("`diff`", Before::Nothing),
        ("`promote -n`", Before::SignedOff),
        ("`status`, nothing new", Before::Nothing),
        ("`status`, main moved", Before::MainMoved),
        ("`status`, record moved", Before::RecordMoved),
        ("`stage --yes`", Before::Nothing),
        ("`propose --yes`", Before::Nothing),
        ("`signoff`", Before::Proposed),
        ("`signoff --block it_hangs`", Before::Proposed),
        ("`postpone --yes --reason bug`", Before::Proposed),
        ("`promote --yes --commit COMMIT`", Before::SignedOff),
        ("`rollback --yes --to OLDER`", Before::Promoted),
        ("`setup --yes`, first", Before::New),
    ] {
        let trip = Trip {
            command,
            record: true,
            before,
        };
        let deploy = trip.world(World::deploy_like().main_over_ssh());
        let asked = || [deploy.ssh().connected(), deploy.ssh().asked().len()];
        let first = asked();
        let words = trip.words(&deploy);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        with_webhooks(&deploy).smp(&words).ok();
        let is: Vec<usize> = asked()
            .iter()
            .zip(first)
            .map(|(is, was)| is - was)
            .collect();
        let most = &allowed(trip)[3..];
        eprintln!("| {command} | {is:?}, allowed {most:?}");
        if is.iter().zip(most).any(|(is, most)| Some(*is) > *most) {
            more.push(format!(
                "{command}: {is:?}, and docs/trips.md allows {most:?}"
            ));
        }
    }
    assert!(more.is_empty(), "{more:#?}");
}
