//! `record.ref` changes together with `signed`: the signed record begins anew, and no clone puts unsigned events on its
//! ref.

use super::{SIGNED, by, git, keyed, merged, promote, proposed, tip};
use crate::support::World;

const UNSIGNED: &str = "[record]\nsignoff = true\n";
const NEW: &str = "refs/smp/signed";

#[test]
fn a_signed_record_begins_on_a_new_ref_and_older_clones_take_it() {
    let world = World::deploy_like().without_pages();
    let deploy = world.toml(UNSIGNED).build();
    deploy.trust();
    deploy.smp(&["propose", "--yes"]).ok();
    let older = deploy.path("older");
    let [from, to] = [&deploy.work, &older].map(|path| path.to_str().unwrap());
    deploy.runner().program("cp", &["-R", from, to]).ok();
    let signed = SIGNED.replace("[policy]", &format!("ref = \"{NEW}\"\n[policy]"));
    deploy.write_toml(&deploy.toml().replace(UNSIGNED, &signed));
    let deploy = keyed(deploy);
    by(&deploy, "ada").smp(&["propose", "--yes"]).ok();
    deploy.smp(&["history", "--verify"]).ok();
    let tip = deploy.refs(&deploy.main)[NEW].clone();
    // The older clone saw another record, on another ref.
    std::fs::write(older.join("smp.toml"), deploy.toml()).unwrap();
    let rosi = by(&deploy, "rosi").cwd(&older);
    let setup = rosi.smp(&["setup", "--yes"]);
    setup.ok().never_shows("refs/smp/seen");
    assert_eq!(deploy.refs(&deploy.main)[NEW], tip);
    rosi.smp(&["signoff"]).ok();
    rosi.smp(&["history", "--verify"]).ok();
    // The clone's copy of this ref still counts.
    let rewound = ["update-ref", NEW, tip.as_str()];
    git(&deploy, ("rosi", "rosi"), &[], &rewound);
    rosi.smp(&["status"])
        .ok()
        .prints_among("older states of the record");
    git(&deploy, ("rosi", "rosi"), &[], &["update-ref", "-d", NEW]);
    rosi.smp(&["status"])
        .ok()
        .prints_among("the record is gone");
}

#[test]
fn a_record_counts_on_no_other_ref() {
    let deploy = proposed();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    let yes = tip(&deploy);
    let blocks = ["signoff", "--block", "it loses orders"];
    by(&deploy, "rosi").smp(&blocks).ok();
    let moved = format!("signed = true\nref = \"{NEW}\"\n");
    deploy.write_toml(&deploy.toml().replace("signed = true\n", &moved));
    let files = [("smp.toml", deploy.toml())];
    merged(&deploy, "Another record", &[(files[0].0, &files[0].1)]);
    // Before the first event on the new ref, ada points it at the old record up to the sign-off.
    git(&deploy, ("ada", "ada"), &[], &["update-ref", NEW, &yes]);
    let ada = by(&deploy, "ada");
    ada.smp(&["setup", "--yes"]);
    promote(&deploy, &ada)
        .exits(1)
        .says("its first event does not say that it is the record of refs/smp/signed");
    let verify = ada.smp(&["history", "--verify"]);
    verify.exits(1);
}
