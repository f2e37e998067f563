//! Three times, all derived from the `now` that every event carries.
//!
//! *Elapsed* time runs deadlines: it never goes back, does not count time in which JavaScript was
//! stopped (a phone stops it about 5 s after hide, §1.8), and takes no clock jump for a wait.
//! *Wall* time runs a [`Cooldown`], which also passes while the app is hidden or idle. *Server*
//! time judges tokens: the phone's clock plus the offset learnt from replies.

/// A point in elapsed time, in milliseconds since launch.
pub(crate) type Instant = u64;

/// The longest step in the foreground that is still a wait. While anything is outstanding the
/// host wakes the machine well within it, so a longer step is the phone's clock being set.
const LONGEST_STEP_MS: u64 = 120_000;
/// How late a timer of a hidden app may be without JavaScript having been stopped: a browser runs
/// the timers of a background tab once a second.
const LATE_MS: u64 = 2_000;

#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    elapsed: Instant,
    last_now: Option<u64>,
    hidden: bool,
    /// The last step of the hidden app was longer than the wake-up it had asked for.
    late: bool,
    offset: i64,
}

impl Clock {
    /// Takes in an event's `now`: the phone's clock, in milliseconds since 1970. `wake_at` is when
    /// the host was to report at the latest. Returns whether JavaScript was stopped meanwhile: then
    /// answers that came in that time have not been delivered yet.
    ///
    /// A hidden app may go on running (background audio, a browser tab), so its time counts as
    /// long as its timers are punctual. A step that is too long is not counted, once: where the
    /// next one is too long as well, the host slows timers down (a browser runs those of an old
    /// background tab once a minute), and each step counts as the wait that was asked for.
    pub(crate) fn advance(&mut self, now: u64, wake_at: Option<Instant>) -> bool {
        let step = now.saturating_sub(self.last_now.unwrap_or(now));
        self.last_now = Some(now);
        if !self.hidden {
            let stopped = step > LONGEST_STEP_MS;
            self.elapsed = self.elapsed.saturating_add(if stopped { 0 } else { step });
            return stopped;
        }
        let asked = wake_at.map_or(0, |at| at.saturating_sub(self.elapsed));
        let late = step > asked.saturating_add(LATE_MS);
        let stopped = late && !self.late;
        let counted = match late {
            false => step,
            true if stopped => 0,
            true => asked,
        };
        self.late = late;
        self.elapsed = self.elapsed.saturating_add(counted);
        stopped
    }

    /// The phone's clock, in milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.last_now.unwrap_or_default()
    }

    pub(crate) fn elapsed(&self) -> Instant {
        self.elapsed
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden
    }

    pub(crate) fn hide(&mut self) {
        self.hidden = true;
        self.late = false;
    }

    pub(crate) fn show(&mut self) {
        self.hidden = false;
        self.late = false;
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

/// How early a caller's own timer may be.
const EARLY_MS: u64 = 100;

/// A wait that WeChat or the edge asked for. It is over by the wall clock, however the time was
/// spent, and also where the clock was set back: then the other side says again what it wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cooldown {
    since: u64,
    wait_ms: u64,
}

impl Cooldown {
    pub(crate) fn start(clock: &Clock, wait_ms: u64) -> Self {
        Self { since: clock.now(), wait_ms }
    }

    /// Milliseconds that are left; `None` when it is over.
    pub(crate) fn left(self, clock: &Clock) -> Option<u64> {
        let passed = clock.now().checked_sub(self.since)?;
        self.wait_ms.checked_sub(passed).filter(|left| *left > EARLY_MS)
    }
}
