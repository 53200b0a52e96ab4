//! The first-parent history of a branch, and where on it the merge of a pull request belongs.

use git2::{Odb, Oid};
use gix_commitgraph::{Graph, Position};

use crate::core::words::CommitId;
use crate::git::history::{Library, commit_id, oid};
use crate::git::{Repo, Unreadable, object, walk};

/// How many commits a merge may be away from the place where its number belongs.
const AROUND: usize = 256;
/// How many commits in a row are read to see which numbers were merged there.
const TOLD: usize = 16;
/// How many milestones the search begins after the place of a number: more than `AROUND` commits in most teams.
const LATER: usize = 8;

impl Repo {
    /// Returns the newest and the oldest commit between which a pull request was merged: numbers grow with time. If
    /// there is no oldest one, all older ones are meant. `named` reads a subject's number. `milestones` are commits of
    /// the branch, oldest first, if the last one is. `None`: search every commit.
    pub fn around(
        &self,
        (tip, milestones): (&CommitId, &[CommitId]),
        number: u64,
        named: impl Fn(&str) -> Option<u64>,
    ) -> Option<(CommitId, Option<CommitId>)> {
        let library = self.reader.as_ref()?;
        let later = library.later(milestones, number, &named);
        // The way from the tip to the last milestone is short.
        let later = later.filter(|_| {
            let last = milestones.last();
            last.is_some_and(|last| library.is_ancestor(last, tip) == Ok(true))
        });
        library.around(later.unwrap_or(tip), number, named).ok()
    }
}

impl Library {
    /// Returns a milestone after the merge of a pull request.
    fn later<'m>(
        &self,
        milestones: &'m [CommitId],
        number: u64,
        named: impl Fn(&str) -> Option<u64>,
    ) -> Option<&'m CommitId> {
        let repository = self.lock();
        let odb = repository.odb().ok()?;
        let told = |one: &CommitId| {
            let mut line = self.first_parents(&odb, one)?;
            line.reaches(TOLD)?;
            line.told(0, &named)
        };
        let place = milestones.partition_point(|one| told(one).is_ok_and(|told| told <= number));
        milestones.get(place + LATER)
    }

    fn first_parents<'o>(
        &self,
        odb: &'o Odb<'o>,
        tip: &CommitId,
    ) -> Result<FirstParents<'o>, Unreadable> {
        Ok(FirstParents {
            odb,
            graph: walk::graph(&self.objects),
            ids: vec![oid(tip)?],
            last: None,
        })
    }

    fn around(
        &self,
        tip: &CommitId,
        number: u64,
        named: impl Fn(&str) -> Option<u64>,
    ) -> Result<(CommitId, Option<CommitId>), Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let mut line = self.first_parents(&odb, tip)?;
        let (mut newer, mut older) = (0, AROUND);
        while line.reaches(older + TOLD)? && line.told(older, &named)? > number {
            (newer, older) = (older, older * 2);
        }
        older = older.min(line.ids.len());
        while older - newer > AROUND {
            let middle = newer.midpoint(older);
            match line.told(middle, &named)? > number {
                true => newer = middle,
                false => older = middle,
            }
        }
        let newest = line.ids[newer.saturating_sub(AROUND)];
        let oldest = match line.reaches(older + AROUND)? {
            true => line.ids.get(older + AROUND).copied(),
            false => None,
        };
        Ok((commit_id(newest)?, oldest.map(commit_id).transpose()?))
    }
}

struct FirstParents<'o> {
    odb: &'o Odb<'o>,
    graph: Option<Graph>,
    /// The commits that are known so far, newest first.
    ids: Vec<Oid>,
    /// The position of the oldest of them in the graph, once it is known.
    last: Option<Position>,
}

impl FirstParents<'_> {
    /// Returns whether there is a commit at this place. Reads all commits down to it.
    fn reaches(&mut self, place: usize) -> Result<bool, Unreadable> {
        while let Some(last) = self.ids.last().filter(|_| self.ids.len() <= place) {
            let graph = self.graph.as_ref();
            let at = graph.and_then(|graph| {
                let at = self.last.or_else(|| walk::position(graph, *last))?;
                Some((graph, at))
            });
            let parent = match at {
                Some((graph, at)) => {
                    let parent = graph.commit_at(at).parent1().map_err(|_| Unreadable)?;
                    self.last = parent;
                    parent.map(|at| Oid::from_bytes(graph.id_at(at).as_bytes()))
                }
                None => {
                    let (parents, _) = object::links(walk::read(self.odb, *last)?.data())?;
                    parents.first().copied().map(Ok)
                }
            };
            let Some(parent) = parent.transpose()? else {
                return Ok(false);
            };
            self.ids.push(parent);
        }
        Ok(true)
    }

    /// Returns the median of the numbers that were merged from this place on; 0 if there is none.
    fn told(&self, place: usize, named: &impl Fn(&str) -> Option<u64>) -> Result<u64, Unreadable> {
        let mut all = Vec::new();
        for id in self.ids.iter().skip(place).take(TOLD) {
            let object = walk::read(self.odb, *id)?;
            let subject = object::shown(object.data())?.subject;
            all.extend(named(&String::from_utf8_lossy(&subject)));
        }
        all.sort_unstable();
        Ok(all.get(all.len() / 2).copied().unwrap_or(0))
    }
}
