//! Where repositories can be, and kinds that the library does not open.

use super::*;
use crate::model::Relation;

#[test]
fn a_commit_ships() {
    let world = World::new();
    let (old, new) = (world.commit("One"), world.commit("Two"));
    let repo = world.repo();
    assert!(repo.library.is_some());
    let changes = world.checked(&repo, Some(&old), &new);
    assert_eq!(changes.relation, Relation::Ahead);
    assert_eq!(changes.ships.len(), 1);
}
