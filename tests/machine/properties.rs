//! Properties that hold in every history.

use crate::device::{Device, Storage, Stored, tokens};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use wxauth::machine::{
    AuthSetting, EdgeFailure, Effect, Event, LoginCode, LoginMode, Machine, Outcome, PhoneCode, PrivacyMode,
    SessionState,
};
use wxauth::wechat::Failure;

/// Three scopes with a dialog, one with its own picker, one that is withdrawn.
const SCOPES: [&str; 5] = ["scope.camera", "scope.record", "scope.bluetooth", "scope.address", "scope.userInfo"];

/// One step of a history: a call, an answer to an effect (also a repeated or late one), a change of the app's
/// visibility, of its clock or of its storage.
#[derive(Debug, Clone)]
enum Step {
    Request {
        guest: bool,
    },
    Ready,
    Login,
    Token,
    Logout,
    /// One of [`SCOPES`].
    Ensure(usize),
    OpenData,
    KeyReady,
    /// A phone code out of a few, so that some are submitted twice.
    Phone(u8),
    Scopes,
    OpenSetting,
    UseFails,
    Cancel(u32),
    /// Answers the nth effect so far, with success or failure.
    Answer {
        nth: usize,
        well: bool,
        status: u16,
    },
    Reply {
        nth: usize,
        status: u16,
    },
    Wait(u64),
    /// Milliseconds without JavaScript, followed by a tick.
    Sleep(u64),
    ClockSet(i64),
    Hidden,
    Shown,
    /// Changes the behaviour of storage.
    Storage(Storage),
    /// Answers the nth effect of storage or lock again, with these entries.
    StorageAnswer {
        nth: usize,
        entries: [Option<String>; 2],
    },
    StorageChanged,
}

/// Text that resembles a stored entry: words of one, complete or cut at any length.
fn entry() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("0".to_owned()),
        any::<u32>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string())
    ];
    let token = prop_oneof![Just("-".to_owned()), "[a-z*]{1,12}"];
    let numbers = prop::collection::vec(number.clone(), 6);
    let version = prop::sample::select(vec!["wxauth3", "wxauth2", "wxauth9"]);
    let record = (version, numbers, token.clone(), token.clone(), any::<bool>()).prop_map(
        |(version, numbers, access, refresh, ended)| {
            format!("{version} {} {access} {refresh}{}", numbers.join(" "), if ended { " ." } else { "" })
        },
    );
    let status = (number, prop::sample::select(vec!["in", "out", "?"]), prop::collection::vec(token, 0..3))
        .prop_map(|(stamp, word, revocations)| format!("wxauth3 {stamp} {word} {} .", revocations.join(" ")));
    let whole = prop_oneof![4 => record, 4 => status, 1 => Just(String::new()), 1 => "\\PC{0,200}"];
    (whole, 0..300_usize).prop_map(|(text, cut)| text.chars().take(cut).collect())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => any::<bool>().prop_map(|guest| Step::Request { guest }),
        1 => Just(Step::Ready),
        1 => Just(Step::Login),
        1 => Just(Step::Token),
        1 => Just(Step::Logout),
        2 => (0..SCOPES.len()).prop_map(Step::Ensure),
        2 => Just(Step::OpenData),
        1 => Just(Step::KeyReady),
        2 => (0..4_u8).prop_map(Step::Phone),
        1 => Just(Step::Scopes),
        1 => Just(Step::OpenSetting),
        1 => Just(Step::UseFails),
        1 => (0..20_u32).prop_map(Step::Cancel),
        8 => (any::<usize>(), any::<bool>(), prop::sample::select(vec![400_u16, 401, 403, 429, 500, 503]))
            .prop_map(|(nth, well, status)| Step::Answer { nth, well, status }),
        4 => (any::<usize>(), prop::sample::select(vec![200_u16, 401, 500]))
            .prop_map(|(nth, status)| Step::Reply { nth, status }),
        4 => (0..30_000_u64).prop_map(Step::Wait),
        1 => (0..600_000_u64).prop_map(Step::Sleep),
        1 => (-172_800_000..172_800_000_i64).prop_map(Step::ClockSet),
        1 => Just(Step::Hidden),
        1 => Just(Step::Shown),
        1 => prop::sample::select(vec![Storage::Works, Storage::Fails, Storage::Unreadable, Storage::Full, Storage::Silent])
            .prop_map(Step::Storage),
        1 => (any::<usize>(), prop::option::of(entry()), prop::option::of(entry()))
            .prop_map(|(nth, record, status)| Step::StorageAnswer { nth, entries: [record, status] }),
        1 => Just(Step::StorageChanged),
    ];
    prop::collection::vec(step, 1..120)
}

fn answer(device: &mut Device, effect: &Effect, well: bool, status: u16) {
    let retry_after_s = [None, Some(300), Some(u32::MAX)][device.effects.len() % 3];
    let failure = EdgeFailure::Refused { status, code: String::new(), retry_after_s };
    let event = match (effect.clone(), well) {
        (Effect::CallLogin { op, .. }, true) => {
            // A callback that is called twice has the same code.
            Event::CodeIssued { op, code: LoginCode::parse(format!("code{op}")).unwrap() }
        }
        (Effect::CallLogin { op, .. }, false) => Event::LoginFailed { op, failure: Failure::Transient },
        (Effect::Exchange { op, .. } | Effect::Refresh { op, .. }, true) => {
            Event::TokensArrived { op, tokens: tokens(op), server_now: Some(device.now) }
        }
        (Effect::Revoke { op, .. }, true) => Event::Revoked { op },
        (Effect::Exchange { op, .. } | Effect::Refresh { op, .. } | Effect::Revoke { op, .. }, false) => {
            Event::EdgeFailed { op, failure }
        }
        (Effect::ReadSetting { op }, true) => Event::SettingRead { op, setting: AuthSetting::default() },
        (Effect::CheckSession { op }, alive) => Event::SessionChecked { op, alive },
        (Effect::ReadSystem { op }, _) => {
            let denied = if well { vec![] } else { vec!["cameraAuthorized".to_owned()] };
            Event::SystemRead { op, denied, off: vec![] }
        }
        (Effect::ReadPrivacy { op }, true) => Event::PrivacyRead { op, needed: true },
        (Effect::ShowPrivacy { op }, agreed) => Event::PrivacyAnswered { op, agreed },
        (Effect::Authorize { op, .. }, true) => Event::Authorized { op },
        (Effect::ReadSetting { op } | Effect::ReadPrivacy { op } | Effect::Authorize { op, .. }, false) => {
            Event::PermissionFailed { op, failure: Failure::Denied }
        }
        _ => return,
    };
    device.dispatch(event);
}

fn play(device: &mut Device, steps: &[Step]) -> u32 {
    play_after(device, steps, 0)
}

/// Like [`play`], with callers numbered after `last`; returns the last number.
fn play_after(device: &mut Device, steps: &[Step], last: u32) -> u32 {
    let mut waiters = last;
    let mut next = || {
        waiters += 1;
        waiters
    };
    for step in steps {
        match step.clone() {
            Step::Request { guest } => {
                let waiter = next();
                device.dispatch(Event::Request { waiter, guest });
            }
            Step::Ready => {
                let waiter = next();
                device.dispatch(Event::Ready(waiter));
            }
            Step::Login => {
                let waiter = next();
                device.dispatch(Event::Login(waiter));
            }
            Step::Token => {
                let waiter = next();
                device.dispatch(Event::Token(waiter));
            }
            Step::Logout => {
                let waiter = next();
                device.dispatch(Event::Logout { waiter, everywhere: false });
            }
            Step::Ensure(nth) => {
                let waiter = next();
                device.dispatch(Event::Ensure { waiter, scope: SCOPES[nth].into() });
            }
            Step::OpenData => {
                let waiter = next();
                device.dispatch(Event::OpenData(waiter));
            }
            Step::KeyReady => {
                let waiter = next();
                device.dispatch(Event::KeyReady(waiter));
            }
            Step::Phone(code) => {
                let waiter = next();
                device.dispatch(Event::Phone { waiter, code: PhoneCode::parse(format!("phone{code}")).unwrap() });
            }
            Step::Scopes => {
                let waiter = next();
                device.dispatch(Event::Scopes(waiter));
            }
            Step::OpenSetting => {
                let waiter = next();
                device.dispatch(Event::SettingOpening(waiter));
            }
            Step::UseFails => {
                let waiter = next();
                device.dispatch(Event::UseFailed { waiter, scope: "scope.camera".into(), failure: Failure::Denied });
            }
            Step::Cancel(waiter) => {
                device.dispatch(Event::Cancelled(waiter));
            }
            Step::Answer { nth, well, status } => {
                let answerable: Vec<_> =
                    device.effects.iter().filter(|effect| effect.op().is_some()).cloned().collect();
                if let Some(effect) = answerable.get(nth % answerable.len().max(1)) {
                    answer(device, effect, well, status);
                }
            }
            Step::Reply { nth, status } => {
                let codes = ["", "session_key_stale", "decrypt_failed", "signature_mismatch", "code_invalid"];
                device.reply_with((nth % 40) as u32, status, codes[nth % codes.len()]);
            }
            Step::Wait(ms) => {
                device.wait(ms);
            }
            Step::Sleep(ms) => {
                device.now += ms;
                device.dispatch(Event::Tick);
            }
            Step::ClockSet(by) => device.set_clock(by),
            Step::Hidden => {
                device.dispatch(Event::Hidden);
            }
            Step::Shown => {
                device.dispatch(Event::Shown);
            }
            Step::Storage(storage) => device.storage = storage,
            Step::StorageAnswer { nth, entries: [record, status] } if !device.effects.is_empty() => {
                let event = match device.effects[nth % device.effects.len()] {
                    Effect::ReadRecord { op, .. } => Event::RecordRead { op, record, status },
                    Effect::Save { op, .. } if record.is_some() => Event::Stored { op },
                    Effect::Save { op, .. } => Event::StorageFailed { op },
                    Effect::AcquireLock { op, .. } => Event::LockAcquired { op, exclusive: record.is_some() },
                    _ => continue,
                };
                device.dispatch(event);
            }
            Step::StorageAnswer { .. } => {}
            Step::StorageChanged => {
                device.dispatch(Event::StorageChanged);
            }
        }
    }
    waiters
}

fn modes() -> impl Strategy<Value = (LoginMode, PrivacyMode)> {
    let login =
        prop::sample::select(vec![LoginMode::Silent, LoginMode::OnDemand, LoginMode::Explicit, LoginMode::Never]);
    (login, prop::sample::select(vec![PrivacyMode::Official, PrivacyMode::Handler]))
}

/// 500 cases, or `PROPTEST_CASES`.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(500), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_waiter_settles_exactly_once(steps in steps(), (login, privacy) in modes()) {
        let mut device = Device::new(login, privacy);
        device.launch(None);
        let waiters = play(&mut device, &steps);
        // No effect is answered any more; only time passes.
        device.idle(1_200_000);
        for waiter in 1..=waiters {
            prop_assert!(device.outcome(waiter).is_some(), "waiter {} hangs", waiter);
        }
    }

    #[test]
    fn ready_resolves_only_when_no_login_is_in_progress(steps in steps(), (login, privacy) in modes()) {
        const FIRST_READY: u32 = 100_000;
        let mut device = Device::new(login, privacy);
        // A quarter of the steps happens before the launch.
        let (early, late) = steps.split_at(steps.len() / 4);
        let before = play(&mut device, early);
        device.launch(None);
        let mut last = before;
        for (ready, step) in (FIRST_READY..).zip(late) {
            device.dispatch(Event::Ready(ready));
            last = play_after(&mut device, core::slice::from_ref(step), last);
        }
        let mut state = SessionState::Starting;
        for effect in &device.effects {
            match effect {
                Effect::State { state: shown } => state = shown.session,
                Effect::Settle { waiter, outcome: Outcome::Done } if *waiter >= FIRST_READY => {
                    prop_assert!(!matches!(state, SessionState::LoggingIn | SessionState::Starting), "{:?}", state);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn no_code_is_sent_twice(steps in steps(), (login, privacy) in modes()) {
        let mut device = Device::new(login, privacy);
        device.launch(None);
        play(&mut device, &steps);
        let mut codes = BTreeSet::new();
        for effect in &device.effects {
            if let Effect::Exchange { code, .. } = effect {
                prop_assert!(codes.insert(code.reveal().to_owned()), "code sent twice");
            }
        }
        if login == LoginMode::Never {
            prop_assert_eq!(device.count("CallLogin"), 0);
        }
    }

    #[test]
    fn no_phone_code_is_sent_twice_unless_the_token_was_refused(steps in steps()) {
        let mut device = Device::logged_in();
        let refused = |step: &Step| matches!(step, Step::Reply { status: 401, .. });
        let steps: Vec<_> = steps.into_iter().filter(|step| !refused(step)).collect();
        play(&mut device, &steps);
        let mut sent = BTreeMap::<&str, usize>::new();
        for (waiter, code) in &device.submitted {
            *sent.entry(code.reveal()).or_default() += device.sent(*waiter).len();
        }
        prop_assert!(sent.values().all(|times| *times <= 1), "{:?}", sent);
    }

    #[test]
    fn never_more_than_four_rated_calls_in_a_second(steps in steps(), shows in 0..12_usize) {
        let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
        device.launch(None);
        // Each show reads the setting once.
        device.dispatch(Event::Scopes(1000));
        for _ in 0..shows {
            device.dispatch(Event::Hidden).dispatch(Event::Shown);
        }
        // After a change of the clock, the times of two calls cannot be compared.
        let steps: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::ClockSet(_))).collect();
        play(&mut device, &steps);
        for window in device.rate_limited_at.windows(5) {
            prop_assert!(window[4] - window[0] >= 1_000, "five calls within a second");
        }
    }

    #[test]
    fn no_scope_is_prompted_for_after_a_refusal(steps in steps()) {
        let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
        device.launch(None);
        device.ensure(1000).setting(&[], &["scope.camera"]);
        let quiet: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::Answer { .. } | Step::Shown | Step::OpenSetting)).collect();
        play(&mut device, &quiet);
        let camera = |effect: &&Effect| matches!(effect, Effect::Authorize { scope, .. } if scope == "scope.camera");
        prop_assert_eq!(device.effects.iter().filter(camera).count(), 0);
    }

    #[test]
    fn a_launch_with_any_stored_text_allows_a_login_that_is_remembered(record in entry(), status in entry()) {
        let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
        device.launch(Some(Stored { record: record.clone(), status: status.clone() }));
        Machine::redacted_record(&record);
        Machine::redacted_record(&status);
        // The user can log in, and the next launch finds that login.
        device.dispatch(Event::Login(1)).wait(1_000);
        if device.outcome(1).is_none() {
            if device.count("Refresh") > 0 { device.tokens("Refresh") } else { device.log_in() };
        }
        prop_assert!(matches!(device.outcome(1), Some(Outcome::Done)), "{record:?} {status:?}");
        prop_assert_eq!(device.restarted().state(), SessionState::LoggedIn);
    }
}
