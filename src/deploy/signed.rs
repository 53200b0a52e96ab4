//! The events of a record that do not count, as plans and refusals name them.

use crate::core::record::counted;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::Typed;
use crate::deploy::Deploy;

const ABOUT_EVENTS: [RefusalCode; 4] = [
    RefusalCode::NotProposed,
    RefusalCode::NotSignedOff,
    RefusalCode::SamePerson,
    RefusalCode::CandidateMoved,
];

impl Deploy<'_> {
    /// Returns the events that do not count, as a plan names them.
    pub fn ignored(&self) -> Vec<String> {
        let reading = self.seen.record.reading();
        reading.map_or_else(Vec::new, counted::told)
    }

    /// Refuses a promotion while it is unknown here whose an event is: it may be a block.
    pub(super) fn is_all_checked(&self) -> Result<(), Refusal> {
        let reading = self.seen.record.reading();
        let signed = reading.and_then(|reading| reading.signed.as_ref());
        let unchecked = signed.and_then(|signed| Some((signed, signed.unchecked.as_ref()?)));
        let Some((signed, event)) = unchecked else {
            return Ok(());
        };
        let error = "an event of the record cannot be checked on this machine";
        let refusal = Refusal::new(RefusalCode::NotVerified, error).because(event.named());
        let show = Typed::other("git show --show-signature").arg(event.commit.as_str());
        let mut refusal = refusal.run("see what git says about its signature", show);
        if !signed.openpgp.is_empty() {
            let import = Typed::other("gpg --recv-keys").plain(&signed.openpgp.join(" "));
            let say =
                "if a key is missing, import those that the signers file names, then try again";
            refusal = refusal.run(say, import);
        }
        let closed = "or close the candidate, which drops its verdicts";
        Err(refusal.run(closed, Typed::smp("postpone")))
    }

    /// Adds to a refusal the ignored events that might have changed it.
    pub(super) fn with_ignored(&self, refusal: Refusal) -> Refusal {
        match ABOUT_EVENTS.contains(&refusal.code) {
            true => (self.ignored().into_iter()).fold(refusal, Refusal::because),
            false => refusal,
        }
    }
}
