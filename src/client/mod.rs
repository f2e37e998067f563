//! The wasm-bindgen surface: one method per event, effects out. It converts and carries; every
//! decision is in [`crate::machine`].
//!
//! What crosses the border is strings, numbers and booleans. No i64 (it would be a BigInt, which
//! old phones lack), no object in (parsing one costs 30 KB): see `docs/weapp-build.md`.

#[cfg(all(target_family = "wasm", not(test)))]
mod arena;
#[cfg(feature = "node")]
pub mod checks;

use crate::machine::{AccessToken, PhoneCode, RefreshToken};
use crate::machine::{
    AuthSetting, EdgeFailure, Effect, Event, Generation, LoginCode, LoginMode, Machine, PrivacyMode, Tokens,
};
use crate::wechat::{Failure, failure, profile::ProfileMethod, version::Version};
use serde::Serialize as _;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What every method gives back.
    #[wasm_bindgen(typescript_type = "Effect[]")]
    pub type Effects;
}

/// The client's machine, as JavaScript holds it. `now` is always the phone's clock in
/// milliseconds since 1970.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core {
    machine: Machine,
}

#[wasm_bindgen]
impl Core {
    /// `login`: "silent", "on-demand", "explicit" or "never"; `privacy`: "official" or "handler";
    /// `expiry_codes`: what in a reply's body means "expired".
    #[wasm_bindgen(constructor)]
    pub fn new(login: &str, privacy: &str, expiry_codes: Vec<String>) -> Core {
        let login = match login {
            "never" => LoginMode::Never,
            "on-demand" => LoginMode::OnDemand,
            "explicit" => LoginMode::Explicit,
            _ => LoginMode::Silent,
        };
        let privacy = if privacy == "handler" { PrivacyMode::Handler } else { PrivacyMode::Official };
        Core { machine: Machine::new(login, privacy, expiry_codes) }
    }

    fn handle(&mut self, now: f64, event: Event) -> Effects {
        effects_to_js(&self.machine.handle(milliseconds(now), event))
    }

    /// The host is up.
    pub fn launched(&mut self, now: f64, seed: u32) -> Effects {
        self.handle(now, Event::Launched { seed })
    }
    /// The wake-up that was asked for.
    pub fn tick(&mut self, now: f64) -> Effects {
        self.handle(now, Event::Tick)
    }
    /// The app went to the background.
    pub fn hidden(&mut self, now: f64) -> Effects {
        self.handle(now, Event::Hidden)
    }
    /// The app came back.
    pub fn shown(&mut self, now: f64) -> Effects {
        self.handle(now, Event::Shown)
    }

    /// A caller waits for the session.
    pub fn ready(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Ready(waiter))
    }
    /// A caller asks for a login.
    pub fn login(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Login(waiter))
    }
    /// A caller has a request.
    pub fn request(&mut self, now: f64, waiter: u32, guest: bool) -> Effects {
        self.handle(now, Event::Request { waiter, guest })
    }
    /// A caller wants a token.
    pub fn token(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Token(waiter))
    }
    /// A token of this generation was refused.
    pub fn expired(&mut self, now: f64, generation: u32) -> Effects {
        self.handle(now, Event::Expired(Generation(generation)))
    }
    /// A caller gave up.
    pub fn cancelled(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Cancelled(waiter))
    }
    /// The user logs out.
    pub fn logout(&mut self, now: f64, waiter: u32, everywhere: bool) -> Effects {
        self.handle(now, Event::Logout { waiter, everywhere })
    }
    /// A caller waits for a session_key that is alive at the edge.
    #[wasm_bindgen(js_name = keyReady)]
    pub fn key_ready(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::KeyReady(waiter))
    }
    /// A tap brought open data, or said why not.
    #[wasm_bindgen(js_name = openData)]
    pub fn open_data(
        &mut self,
        now: f64,
        waiter: u32,
        has_payload: bool,
        errno: Option<i32>,
        err_msg: &str,
    ) -> Effects {
        let event = if has_payload { Event::OpenData(waiter) } else { without_payload(waiter, errno, err_msg) };
        self.handle(now, event)
    }
    /// A tap brought a phone number's code, or said why not.
    pub fn phone(&mut self, now: f64, waiter: u32, code: Option<String>, errno: Option<i32>, err_msg: &str) -> Effects {
        let event = match code.and_then(PhoneCode::parse) {
            Some(code) => Event::Phone { waiter, code },
            None => without_payload(waiter, errno, err_msg),
        };
        self.handle(now, event)
    }
    /// A caller needs a scope.
    pub fn ensure(&mut self, now: f64, waiter: u32, scope: String) -> Effects {
        self.handle(now, Event::Ensure { waiter, scope })
    }
    /// A caller waits for the scopes as WeChat has them now.
    pub fn scopes(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Scopes(waiter))
    }
    /// What a caller did with a granted scope failed.
    #[wasm_bindgen(js_name = useFailed)]
    pub fn use_failed(&mut self, now: f64, waiter: u32, scope: String, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::UseFailed { waiter, scope, failure: failure::classify(errno, err_msg) })
    }
    /// A caller opens the settings page.
    #[wasm_bindgen(js_name = settingOpening)]
    pub fn setting_opening(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::SettingOpening(waiter))
    }

    /// `wx.login` gave a code.
    #[wasm_bindgen(js_name = codeIssued)]
    pub fn code_issued(&mut self, now: f64, op: u32, code: String) -> Effects {
        let event = match LoginCode::parse(code) {
            Some(code) => Event::CodeIssued { op, code },
            None => Event::LoginFailed { op, failure: Failure::Unknown },
        };
        self.handle(now, event)
    }
    /// `wx.login` failed.
    #[wasm_bindgen(js_name = loginFailed)]
    pub fn login_failed(&mut self, now: f64, op: u32, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::LoginFailed { op, failure: failure::classify(errno, err_msg) })
    }
    /// The edge gave tokens. `expires_in` in seconds, `server_now` in milliseconds since 1970.
    #[wasm_bindgen(js_name = tokensArrived)]
    pub fn tokens_arrived(
        &mut self,
        now: f64,
        op: u32,
        access_token: String,
        refresh_token: String,
        expires_in: f64,
        server_now: Option<f64>,
    ) -> Effects {
        let event = match (AccessToken::parse(access_token), RefreshToken::parse(refresh_token)) {
            (Some(access_token), Some(refresh_token)) => Event::TokensArrived {
                op,
                tokens: Tokens { access_token, refresh_token, expires_in_s: expires_in as u32 },
                server_now: server_now.map(milliseconds),
            },
            _ => {
                let failure = EdgeFailure::Refused { status: 200, code: String::new(), retry_after_s: None };
                Event::EdgeFailed { op, failure }
            }
        };
        self.handle(now, event)
    }
    /// The edge refused; `status` 0 means that it did not answer. `retry_after` in seconds.
    #[wasm_bindgen(js_name = edgeFailed)]
    pub fn edge_failed(&mut self, now: f64, op: u32, status: u16, code: String, retry_after: Option<f64>) -> Effects {
        let failure = match status {
            0 => EdgeFailure::Unreachable,
            _ => EdgeFailure::Refused { status, code, retry_after_s: retry_after.map(seconds) },
        };
        self.handle(now, Event::EdgeFailed { op, failure })
    }
    /// The edge revoked.
    pub fn revoked(&mut self, now: f64, op: u32) -> Effects {
        self.handle(now, Event::Revoked { op })
    }
    /// A caller's request was answered. `retry_after` in seconds.
    #[wasm_bindgen(js_name = replyArrived)]
    pub fn reply_arrived(
        &mut self,
        now: f64,
        waiter: u32,
        status: u16,
        code: String,
        retry_after: Option<f64>,
    ) -> Effects {
        self.handle(now, Event::ReplyArrived { waiter, status, code, retry_after_s: retry_after.map(seconds) })
    }
    /// A caller's request got no reply.
    #[wasm_bindgen(js_name = requestFailed)]
    pub fn request_failed(&mut self, now: f64, waiter: u32, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::RequestFailed { waiter, failure: failure::classify(errno, err_msg) })
    }
    /// `wx.checkSession` answered.
    #[wasm_bindgen(js_name = sessionChecked)]
    pub fn session_checked(&mut self, now: f64, op: u32, alive: bool) -> Effects {
        self.handle(now, Event::SessionChecked { op, alive })
    }
    /// Storage was read: both entries, empty text for one that is not there, `undefined` for one
    /// that could not be read.
    #[wasm_bindgen(js_name = recordRead)]
    pub fn record_read(&mut self, now: f64, op: u32, record: Option<String>, status: Option<String>) -> Effects {
        self.handle(now, Event::RecordRead { op, record, status })
    }
    /// The entry is stored, or removed.
    pub fn stored(&mut self, now: f64, op: u32) -> Effects {
        self.handle(now, Event::Stored { op })
    }
    /// The entry could not be stored.
    #[wasm_bindgen(js_name = storageFailed)]
    pub fn storage_failed(&mut self, now: f64, op: u32) -> Effects {
        self.handle(now, Event::StorageFailed { op })
    }
    /// Another context has changed an entry.
    #[wasm_bindgen(js_name = storageChanged)]
    pub fn storage_changed(&mut self, now: f64) -> Effects {
        self.handle(now, Event::StorageChanged)
    }
    /// The lock is held; `exclusive` is false where the platform has none.
    #[wasm_bindgen(js_name = lockAcquired)]
    pub fn lock_acquired(&mut self, now: f64, op: u32, exclusive: bool) -> Effects {
        self.handle(now, Event::LockAcquired { op, exclusive })
    }

    /// `wx.getSetting` answered: names of the scopes that are true, and of those that are false.
    #[wasm_bindgen(js_name = settingRead)]
    pub fn setting_read(&mut self, now: f64, op: u32, granted: Vec<String>, denied: Vec<String>) -> Effects {
        self.handle(now, Event::SettingRead { op, setting: AuthSetting { granted, denied } })
    }
    /// The settings page closed.
    #[wasm_bindgen(js_name = settingOpened)]
    pub fn setting_opened(&mut self, now: f64, waiter: u32, granted: Vec<String>, denied: Vec<String>) -> Effects {
        self.handle(now, Event::SettingOpened { waiter, setting: AuthSetting { granted, denied } })
    }
    /// The settings page did not open.
    #[wasm_bindgen(js_name = settingFailed)]
    pub fn setting_failed(&mut self, now: f64, waiter: u32, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::SettingFailed { waiter, failure: failure::classify(errno, err_msg) })
    }
    /// The phone's own settings: fields that are 'denied', and fields that are false.
    #[wasm_bindgen(js_name = systemRead)]
    pub fn system_read(&mut self, now: f64, op: u32, denied: Vec<String>, off: Vec<String>) -> Effects {
        self.handle(now, Event::SystemRead { op, denied, off })
    }
    /// `wx.getPrivacySetting` answered.
    #[wasm_bindgen(js_name = privacyRead)]
    pub fn privacy_read(&mut self, now: f64, op: u32, needed: bool) -> Effects {
        self.handle(now, Event::PrivacyRead { op, needed })
    }
    /// The application's privacy sheet closed.
    #[wasm_bindgen(js_name = privacyAnswered)]
    pub fn privacy_answered(&mut self, now: f64, op: u32, agreed: bool) -> Effects {
        self.handle(now, Event::PrivacyAnswered { op, agreed })
    }
    /// `wx.authorize` succeeded.
    pub fn authorized(&mut self, now: f64, op: u32) -> Effects {
        self.handle(now, Event::Authorized { op })
    }
    /// A permission call failed.
    #[wasm_bindgen(js_name = permissionFailed)]
    pub fn permission_failed(&mut self, now: f64, op: u32, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::PermissionFailed { op, failure: failure::classify(errno, err_msg) })
    }
}

/// A tap that succeeded without a payload: an old base library's form of it (§1.3).
fn without_payload(waiter: u32, errno: Option<i32>, err_msg: &str) -> Event {
    let failure = if err_msg.ends_with(":ok") { Failure::Unsupported } else { failure::classify(errno, err_msg) };
    Event::TapFailed { waiter, failure }
}

/// How this base library lets users give their avatar and nickname (§1.2): "choose-avatar",
/// "get-user-profile", or "none".
#[wasm_bindgen(js_name = profileWay)]
pub fn profile_method(sdk_version: &str) -> String {
    ProfileMethod::of(Version::parse(sdk_version)).name().to_owned()
}

/// A stored record without its tokens, for the flight recorder.
#[wasm_bindgen(js_name = redactedRecord)]
pub fn redacted_record(line: &str) -> String {
    Machine::redacted_record(line)
}

/// `Date.now()` as the machine counts it. A saturating cast: NaN and negatives are 0.
fn milliseconds(now: f64) -> u64 {
    now as u64
}

/// Whole seconds, rounded up. A saturating cast, as a server may say any number.
fn seconds(text: f64) -> u32 {
    text.ceil() as u32
}

fn effects_to_js(effects: &[Effect]) -> Effects {
    // Strings, numbers and booleans in plain objects always serialise; should that ever change,
    // `undefined` makes the host reject every waiter with `core_crashed`.
    effects.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::UNDEFINED).unchecked_into()
}
