//! The machine's three times, all derived from the `now` that every event carries.
//!
//! - *Elapsed* time runs deadlines. It is monotonic, excludes time in which JavaScript was stopped
//!   (a phone stops it about 5 s after hide, §1.8), and ignores jumps of the phone's clock.
//! - *Wall* time runs a [`Cooldown`]; it also passes while the app is hidden or idle.
//! - *Server* time judges tokens: the phone's clock plus the offset learnt from replies.

/// A point in elapsed time, in milliseconds since launch.
pub(super) type Instant = u64;

/// Longest step, in the foreground, that counts as waiting. While anything is outstanding the host
/// wakes the machine well within it, so a longer step is a change of the phone's clock.
const LONGEST_STEP_MS: u64 = 120_000;
/// Delay of a hidden app's timer that does not yet mean that JavaScript was stopped: a browser runs
/// the timers of a background tab once a second.
const LATE_MS: u64 = 2_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    elapsed: Instant,
    last_now: Option<u64>,
    hidden: bool,
    /// While hidden, the last step was longer than the requested wake-up.
    late: bool,
    /// Server time minus phone time, in milliseconds.
    offset: i64,
}

impl Clock {
    /// Advances to an event's `now`: the phone's clock, in milliseconds since 1970. `wake_at` is the
    /// requested wake-up. Returns whether JavaScript was stopped meanwhile; in that case answers
    /// that arrived in that time are not delivered yet.
    ///
    /// A hidden app may keep running (background audio, a browser tab), so its time counts while
    /// its timers are punctual. The first step that is too long does not count. If the next step is
    /// too long as well, the host throttles timers (a browser runs those of an old background tab
    /// once a minute), and each step counts as the requested wait.
    pub(super) fn advance(&mut self, now: u64, wake_at: Option<Instant>) -> bool {
        let step = now.saturating_sub(self.last_now.unwrap_or(now));
        self.last_now = Some(now);
        if !self.hidden {
            let stopped = step > LONGEST_STEP_MS;
            self.elapsed = self.elapsed.saturating_add(if stopped { 0 } else { step });
            return stopped;
        }
        let requested = wake_at.map_or(0, |at| at.saturating_sub(self.elapsed));
        let late = step > requested.saturating_add(LATE_MS);
        let stopped = late && !self.late;
        let counted = match late {
            false => step,
            true if stopped => 0,
            true => requested,
        };
        self.late = late;
        self.elapsed = self.elapsed.saturating_add(counted);
        stopped
    }

    /// The phone's clock, in milliseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.last_now.unwrap_or_default()
    }

    pub(super) fn elapsed(&self) -> Instant {
        self.elapsed
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    pub(super) fn hide(&mut self) {
        self.hidden = true;
        self.late = false;
    }

    pub(super) fn show(&mut self) {
        self.hidden = false;
        self.late = false;
    }

    /// Estimated server time, in milliseconds since 1970.
    pub(super) fn server_now(&self) -> u64 {
        self.now().saturating_add_signed(self.offset)
    }

    /// Sets the offset from a reply's `Date`, in milliseconds since 1970.
    pub(super) fn learn_offset(&mut self, server_now: u64) {
        self.offset = server_now.cast_signed().wrapping_sub(self.now().cast_signed());
    }

    pub(super) fn offset(&self) -> i64 {
        self.offset
    }

    pub(super) fn restore_offset(&mut self, offset: i64) {
        self.offset = offset;
    }
}

/// Tolerance for a caller whose own timer fires early.
const EARLY_MS: u64 = 100;

/// A wait that WeChat or the edge requested, in wall time. It also ends when the phone's clock is
/// set back: the next call then learns the remaining wait from the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cooldown {
    since: u64,
    wait_ms: u64,
}

impl Cooldown {
    pub(super) fn start(clock: &Clock, wait_ms: u64) -> Self {
        Self { since: clock.now(), wait_ms }
    }

    /// The remaining milliseconds; `None` after the end.
    pub(super) fn left(self, clock: &Clock) -> Option<u64> {
        let passed = clock.now().checked_sub(self.since)?;
        self.wait_ms.checked_sub(passed).filter(|left| *left > EARLY_MS)
    }
}
