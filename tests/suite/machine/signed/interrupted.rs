//! Cut off anywhere with signatures on, and begun again: one deploy, one event each, and all of them hold.

use super::{by, world_on};
use crate::interrupted::{EACH, Lab, promoted_once, promotion, words};
use crate::support::{Chain, Deploy, TOPOLOGIES};

fn promoted_and_verified(deploy: &Deploy, chain: &Chain) {
    promoted_once(deploy, chain);
    deploy.smp(&["history", "--verify"]).ok();
}

#[test]
fn a_signed_promotion_survives_a_kill_at_each_step() {
    for (nth, topology) in TOPOLOGIES.into_iter().enumerate() {
        let deploy = world_on(topology);
        deploy.smp(&["propose", "--yes"]).ok();
        by(&deploy, "rosi").smp(&["signoff"]).ok();
        let command = promotion(&deploy);
        Lab::new(deploy, &words(&command), &promoted_and_verified)
            .survives_steps(3 + nth * EACH, TOPOLOGIES.len() * EACH);
    }
}
