//! Signed runs that are killed at any step and repeated: one deploy, one event each, and all signatures hold.

use super::{asking, by, world_on};
use crate::interrupted::{
    Asked, EACH, FIXES, HEARS, Lab, POSTPONES, PROMOTES, PROPOSES, ROLLS_BACK, promoted_once,
    promotion, words,
};
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

/// Kills the command in a world whose proposals open issues and whose sign-off is a comment.
fn survives(asked: &Asked, offset: usize) {
    let verified = |deploy: &Deploy| {
        deploy.smp(&["history", "--verify"]).ok();
    };
    asked.survives(asking(), verified, (offset, 30));
}

#[test]
fn signed_verdicts_from_comments_survive_a_kill_at_each_step() {
    survives(&PROPOSES, 9);
    survives(&HEARS, 5);
    survives(&POSTPONES, 12);
}

#[test]
fn signed_deploys_with_verdicts_from_comments_survive_a_kill_at_each_step() {
    survives(&FIXES, 7);
    survives(&PROMOTES, 14);
    survives(&ROLLS_BACK, 3);
}
