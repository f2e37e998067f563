//! Two times, both derived from the `now` that every event carries.
//!
//! *Elapsed* time runs deadlines: it never goes back, stands still while the app is hidden (JS
//! stops about 5 s after hide, §1.8), and takes no clock jump for a wait. *Server* time judges
//! tokens: the phone's clock plus the offset learnt from replies.

/// A point in elapsed time, in milliseconds since launch.
pub(crate) type Instant = u64;

/// The longest step in the foreground that is still a wait. While anything is outstanding the
/// host wakes the machine well within it, so a longer step is the phone's clock being set.
const LONGEST_STEP_MS: u64 = 120_000;

#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    elapsed: Instant,
    last_now: Option<u64>,
    hidden: bool,
    offset: i64,
}

impl Clock {
    /// Takes in an event's `now`: the phone's clock, in milliseconds since 1970.
    pub(crate) fn advance(&mut self, now: u64) {
        let step = now.saturating_sub(self.last_now.unwrap_or(now));
        if !self.hidden && step <= LONGEST_STEP_MS {
            self.elapsed = self.elapsed.saturating_add(step);
        }
        self.last_now = Some(now);
    }

    /// The phone's clock, in milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.last_now.unwrap_or_default()
    }

    pub(crate) fn elapsed(&self) -> Instant {
        self.elapsed
    }

    pub(crate) fn hide(&mut self) {
        self.hidden = true;
    }

    pub(crate) fn show(&mut self) {
        self.hidden = false;
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Server time in milliseconds, as well as the phone can know it.
    pub(crate) fn server_now(&self) -> u64 {
        self.now().saturating_add_signed(self.offset)
    }

    /// Learns the offset from a reply that said what time it was.
    pub(crate) fn learn(&mut self, server_now: u64) {
        self.offset = server_now.cast_signed().wrapping_sub(self.now().cast_signed());
    }

    pub(crate) fn offset(&self) -> i64 {
        self.offset
    }

    pub(crate) fn restore_offset(&mut self, offset: i64) {
        self.offset = offset;
    }
}
