//! What holds in any history.

use crate::phone::{Phone, Storage, Stored, tokens};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use wxauth::machine::{
    AuthSetting, EdgeFailure, Effect, Event, LoginCode, LoginMode, Machine, Outcome, PhoneCode, PrivacyMode,
    SessionState,
};
use wxauth::wechat::Failure;

/// One with a dialog in the rig's answers, two more, one with its own picker, one that means nothing.
const SCOPES: [&str; 5] = ["scope.camera", "scope.record", "scope.bluetooth", "scope.address", "scope.userInfo"];

/// What may happen next: a caller comes, the host answers something outstanding (or answers
/// twice, or late), the app is hidden, the clock is set.
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
    /// One of a few codes, so that some come twice.
    Phone(u8),
    Scopes,
    OpenSetting,
    UseFails,
    Cancel(u32),
    /// Answer the nth effect ever emitted, well or badly.
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
    /// Time without JavaScript, hidden or idle, after which a timer runs.
    Sleep(u64),
    ClockSet(i64),
    Hidden,
    Shown,
    /// Storage begins to behave otherwise.
    Storage(Storage),
    /// The nth effect that storage or the lock answers is answered, again or late, and with this.
    StorageAnswer {
        nth: usize,
        entries: [Option<String>; 2],
    },
    StorageChanged,
}

/// Something like an entry: words of one, in its order or not, cut or whole.
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
        .prop_map(|(stamp, word, debts)| format!("wxauth3 {stamp} {word} {} .", debts.join(" ")));
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

fn answer(phone: &mut Phone, effect: &Effect, well: bool, status: u16) {
    let retry_after_s = [None, Some(300), Some(u32::MAX)][phone.asked.len() % 3];
    let failure = EdgeFailure::Refused { status, code: String::new(), retry_after_s };
    let event = match (effect.clone(), well) {
        (Effect::CallLogin { op, .. }, true) => {
            // A callback that comes twice brings the same code.
            Event::CodeIssued { op, code: LoginCode::parse(format!("code{op}")).unwrap() }
        }
        (Effect::CallLogin { op, .. }, false) => Event::LoginFailed { op, failure: Failure::Transient },
        (Effect::Exchange { op, .. } | Effect::Refresh { op, .. }, true) => {
            Event::TokensArrived { op, tokens: tokens(op), server_now: Some(phone.now) }
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
    phone.tell(event);
}

fn play(phone: &mut Phone, steps: &[Step]) -> u32 {
    play_after(phone, steps, 0)
}

/// The same with callers numbered from the next number on; gives the last.
fn play_after(phone: &mut Phone, steps: &[Step], last: u32) -> u32 {
    let mut waiters = last;
    let mut next = || {
        waiters += 1;
        waiters
    };
    for step in steps {
        match step.clone() {
            Step::Request { guest } => {
                let waiter = next();
                phone.tell(Event::Request { waiter, guest });
            }
            Step::Ready => {
                let waiter = next();
                phone.tell(Event::Ready(waiter));
            }
            Step::Login => {
                let waiter = next();
                phone.tell(Event::Login(waiter));
            }
            Step::Token => {
                let waiter = next();
                phone.tell(Event::Token(waiter));
            }
            Step::Logout => {
                let waiter = next();
                phone.tell(Event::Logout { waiter, everywhere: false });
            }
            Step::Ensure(nth) => {
                let waiter = next();
                phone.tell(Event::Ensure { waiter, scope: SCOPES[nth].into() });
            }
            Step::OpenData => {
                let waiter = next();
                phone.tell(Event::OpenData(waiter));
            }
            Step::KeyReady => {
                let waiter = next();
                phone.tell(Event::KeyReady(waiter));
            }
            Step::Phone(code) => {
                let waiter = next();
                phone.tell(Event::Phone { waiter, code: PhoneCode::parse(format!("phone{code}")).unwrap() });
            }
            Step::Scopes => {
                let waiter = next();
                phone.tell(Event::Scopes(waiter));
            }
            Step::OpenSetting => {
                let waiter = next();
                phone.tell(Event::SettingOpening(waiter));
            }
            Step::UseFails => {
                let waiter = next();
                phone.tell(Event::UseFailed { waiter, scope: "scope.camera".into(), failure: Failure::Denied });
            }
            Step::Cancel(waiter) => {
                phone.tell(Event::Cancelled(waiter));
            }
            Step::Answer { nth, well, status } => {
                let answerable: Vec<_> = phone.asked.iter().filter(|effect| effect.op().is_some()).cloned().collect();
                if let Some(effect) = answerable.get(nth % answerable.len().max(1)) {
                    answer(phone, effect, well, status);
                }
            }
            Step::Reply { nth, status } => {
                let codes = ["", "session_key_stale", "decrypt_failed", "signature_mismatch", "code_invalid"];
                phone.reply_with((nth % 40) as u32, status, codes[nth % codes.len()]);
            }
            Step::Wait(ms) => {
                phone.wait(ms);
            }
            Step::Sleep(ms) => {
                phone.now += ms;
                phone.tell(Event::Tick);
            }
            Step::ClockSet(by) => phone.set_clock(by),
            Step::Hidden => {
                phone.tell(Event::Hidden);
            }
            Step::Shown => {
                phone.tell(Event::Shown);
            }
            Step::Storage(storage) => phone.storage = storage,
            Step::StorageAnswer { nth, entries: [record, status] } if !phone.asked.is_empty() => {
                let event = match phone.asked[nth % phone.asked.len()] {
                    Effect::ReadRecord { op, .. } => Event::RecordRead { op, record, status },
                    Effect::Save { op, .. } if record.is_some() => Event::Stored { op },
                    Effect::Save { op, .. } => Event::StorageFailed { op },
                    Effect::AcquireLock { op, .. } => Event::LockAcquired { op, exclusive: record.is_some() },
                    _ => continue,
                };
                phone.tell(event);
            }
            Step::StorageAnswer { .. } => {}
            Step::StorageChanged => {
                phone.tell(Event::StorageChanged);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_waiter_settles_exactly_once(steps in steps(), (login, privacy) in modes()) {
        let mut phone = Phone::new(login, privacy);
        phone.launch(None);
        let waiters = play(&mut phone, &steps);
        // The host goes silent, shown or hidden, and dialogs stay open. Nothing else than time is needed.
        phone.idle(1_200_000);
        for waiter in 1..=waiters {
            prop_assert!(phone.outcome(waiter).is_some(), "waiter {} hangs", waiter);
        }
    }

    #[test]
    fn ready_resolves_when_no_login_is_under_way(steps in steps(), (login, privacy) in modes()) {
        const FIRST_READY: u32 = 100_000;
        let mut phone = Phone::new(login, privacy);
        // Some of what happens comes before the launch.
        let (early, late) = steps.split_at(steps.len() / 4);
        let before = play(&mut phone, early);
        phone.launch(None);
        let mut last = before;
        for (ready, step) in (FIRST_READY..).zip(late) {
            phone.tell(Event::Ready(ready));
            last = play_after(&mut phone, core::slice::from_ref(step), last);
        }
        let mut state = SessionState::Starting;
        for effect in &phone.asked {
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
        let mut phone = Phone::new(login, privacy);
        phone.launch(None);
        play(&mut phone, &steps);
        let mut codes = BTreeSet::new();
        for effect in &phone.asked {
            if let Effect::Exchange { code, .. } = effect {
                prop_assert!(codes.insert(code.reveal().to_owned()), "code sent twice");
            }
        }
        if login == LoginMode::Never {
            prop_assert_eq!(phone.count("CallLogin"), 0);
        }
    }

    #[test]
    fn no_phone_code_is_sent_twice_unless_the_token_was_refused(steps in steps()) {
        let mut phone = Phone::logged_in();
        let refused = |step: &Step| matches!(step, Step::Reply { status: 401, .. });
        let steps: Vec<_> = steps.into_iter().filter(|step| !refused(step)).collect();
        play(&mut phone, &steps);
        let mut sent = BTreeMap::<&str, usize>::new();
        for (waiter, code) in &phone.handed_in {
            *sent.entry(code.reveal()).or_default() += phone.sent(*waiter).len();
        }
        prop_assert!(sent.values().all(|times| *times <= 1), "{:?}", sent);
    }

    #[test]
    fn never_more_than_four_rated_calls_in_a_second(steps in steps(), shows in 0..12_usize) {
        let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
        phone.launch(None);
        // Each show reads the record once, and shows may come at any pace.
        phone.tell(Event::Scopes(1000));
        for _ in 0..shows {
            phone.tell(Event::Hidden).tell(Event::Shown);
        }
        // A clock that is set says nothing about the time between two calls.
        let steps: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::ClockSet(_))).collect();
        play(&mut phone, &steps);
        for window in phone.rated_at.windows(5) {
            prop_assert!(window[4] - window[0] >= 1_000, "five calls within a second");
        }
    }

    #[test]
    fn no_scope_is_prompted_for_after_a_refusal(steps in steps()) {
        let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
        phone.launch(None);
        phone.ensure(1000).setting(&[], &["scope.camera"]);
        let quiet: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::Answer { .. } | Step::Shown | Step::OpenSetting)).collect();
        play(&mut phone, &quiet);
        let camera = |effect: &&Effect| matches!(effect, Effect::Authorize { scope, .. } if scope == "scope.camera");
        prop_assert_eq!(phone.asked.iter().filter(camera).count(), 0);
    }

    #[test]
    fn any_entries_are_understood_or_not_and_never_a_panic(record in entry(), status in entry()) {
        let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
        phone.launch(Some(Stored { record: record.clone(), status: status.clone() }));
        Machine::redacted_record(&record);
        Machine::redacted_record(&status);
        // Whatever it was, the user can log in, and that is what the next launch finds.
        phone.tell(Event::Login(1)).wait(1_000);
        if phone.outcome(1).is_none() {
            if phone.count("Refresh") > 0 { phone.tokens("Refresh") } else { phone.log_in() };
        }
        prop_assert!(matches!(phone.outcome(1), Some(Outcome::Done)), "{record:?} {status:?}");
        prop_assert_eq!(phone.restarted().state(), SessionState::LoggedIn);
    }
}
