//! `record.ref` was changed: this clone's copy of the old ref says nothing about the new one, and is not forgotten.

use crate::record::{bens_clone, proposed};
use crate::support::Deploy;

const OLD: &str = "refs/smp/record";
const NEW: &str = "refs/heads/smp-record";

fn use_ref(deploy: &Deploy, name: &str) {
    let text = deploy
        .toml()
        .replace("ref = \"refs/heads/smp-record\"\n", "");
    let set = format!("[record]\nref = \"{name}\"\n");
    deploy.write_toml(&text.replace("[record]\n", if name == OLD { "[record]\n" } else { &set }));
}

#[test]
fn a_record_that_is_moved_on_purpose_is_taken_along() {
    let deploy = proposed();
    let before = deploy.refs(&deploy.main)[OLD].clone();
    let ben = bens_clone(&deploy);
    use_ref(&deploy, NEW);
    let take = format!("git push upstream refs/smp/seen-on/smp/record:{NEW}");
    deploy
        .smp(&["setup", "--yes", "--hook"])
        .exits(1)
        .prints_among("FAIL  record      the record was not moved to its new ref")
        .says(&format!("move it to the new ref: {take}"));
    deploy.smp(&["stage", "--yes"]).exits(1).says(&take);
    deploy.runner().program("sh", &["-c", &take]).ok();
    deploy.smp(&["setup"]).ok();
    assert_eq!(deploy.refs(&deploy.main)[NEW], before);
    deploy.smp(&["status"]).ok().prints_among("proposed by");
    // A clone that last saw the old ref accepts the new one.
    std::fs::write(ben.join("smp.toml"), deploy.toml()).unwrap();
    let ben = deploy.runner().cwd(&ben);
    ben.smp(&["setup", "--yes"]).ok();
    ben.smp(&["postpone", "--yes", "--reason", "later"]).ok();
    deploy.smp(&["propose", "--yes"]).ok();
}

#[test]
fn what_was_seen_on_a_ref_counts_again_once_that_is_the_record() {
    let deploy = proposed();
    use_ref(&deploy, NEW);
    deploy.smp(&["setup", "--yes"]).exits(1);
    let forget = ["update-ref", "-d", "refs/smp/seen-on/smp/record"];
    let saw = deploy.git(&deploy.work, &["rev-parse", forget[2]]);
    deploy.git(&deploy.work, &forget);
    deploy.smp(&["setup"]).ok().prints_among("created just now");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.git(&deploy.work, &["update-ref", forget[2], saw.trim()]);
    // The old ref is rewound meanwhile.
    deploy.git(&deploy.main, &["update-ref", OLD, &format!("{OLD}~1")]);
    use_ref(&deploy, OLD);
    deploy
        .smp(&["setup", "--yes"])
        .exits(1)
        .prints_among("FAIL  record      upstream answers with older states of the record");
    deploy.git(&deploy.main, &["update-ref", OLD, saw.trim()]);
    deploy.smp(&["setup"]).ok();
    // A rewind of the new one is found too.
    deploy.git(&deploy.main, &["update-ref", "-d", NEW]);
    use_ref(&deploy, NEW);
    deploy
        .smp(&["setup", "--yes"])
        .exits(1)
        .prints_among("FAIL  record      the record is gone")
        .says(&format!("git push upstream refs/smp/seen:{NEW}"));
}
