//! The wasm-bindgen surface of the machine: one method per event, effects as the result.
//!
//! It converts values and makes no decisions; those are in [`crate::machine`]. Strings, numbers and booleans cross the
//! border. There is no i64 (a BigInt, which old phones lack) and no object as an argument (its parser would add
//! 30 KB): see `docs/weapp-build.md`.
//!
//! Arguments that all methods share:
//! - `now`: the device's clock (`Date.now()`), in milliseconds since 1970.
//! - `waiter`: number of a caller's promise, chosen by the host, unique among unsettled callers.
//! - `op`: operation number of the effect that is answered.
//! - `errno`, `err_msg`: WeChat's error number, if there is one, and its `errMsg` (§1.0).

#[cfg(all(target_family = "wasm", not(test)))]
mod arena;
#[cfg(feature = "node")]
pub mod checks;

use crate::machine::{AuthSetting, EdgeFailure, Effect, Event, Generation, LoginMode, Machine, PhoneCode, PrivacyMode};
use crate::wechat::{failure, profile::ProfileMethod, version::Version};
use serde::Serialize as _;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Effects to perform, in this order; `undefined` if they could not be serialised.
    #[wasm_bindgen(typescript_type = "Effect[]")]
    pub type Effects;
}

/// The client's machine as a JavaScript object.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core {
    machine: Machine,
}

#[wasm_bindgen]
impl Core {
    /// Creates a machine. `login` is "silent", "on-demand", "explicit" or "never"; `privacy` is "official" or
    /// "handler"; `expiry_codes` are values of the configured field of a reply's body that mean "token expired".
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

    /// The host is ready. `seed` is any random number; it varies the pauses of retries.
    pub fn launched(&mut self, now: f64, seed: u32) -> Effects {
        self.handle(now, Event::Launched { seed })
    }
    /// The requested wake-up is due.
    pub fn tick(&mut self, now: f64) -> Effects {
        self.handle(now, Event::Tick)
    }
    /// The app was hidden.
    pub fn hidden(&mut self, now: f64) -> Effects {
        self.handle(now, Event::Hidden)
    }
    /// The app was shown.
    pub fn shown(&mut self, now: f64) -> Effects {
        self.handle(now, Event::Shown)
    }

    /// A caller waits until the session's state is known.
    pub fn ready(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Ready(waiter))
    }
    /// A caller requests a login.
    pub fn login(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Login(waiter))
    }
    /// A caller makes a request. `guest`: it may be sent without a session.
    pub fn request(&mut self, now: f64, waiter: u32, guest: bool) -> Effects {
        self.handle(now, Event::Request { waiter, guest })
    }
    /// A caller needs the access token.
    pub fn token(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Token(waiter))
    }
    /// A server refused the token of this generation.
    pub fn expired(&mut self, now: f64, generation: u32) -> Effects {
        self.handle(now, Event::Expired(Generation(generation)))
    }
    /// A caller cancelled.
    pub fn cancelled(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Cancelled(waiter))
    }
    /// The user logs out, on all devices if `everywhere`.
    pub fn logout(&mut self, now: f64, waiter: u32, everywhere: bool) -> Effects {
        self.handle(now, Event::Logout { waiter, everywhere })
    }
    /// A caller waits until the edge has the session_key that WeChat uses.
    #[wasm_bindgen(js_name = keyReady)]
    pub fn key_ready(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::KeyReady(waiter))
    }
    /// A tap returned open data (`has_payload`) or failed. The host keeps the payload.
    #[wasm_bindgen(js_name = openData)]
    pub fn open_data(
        &mut self,
        now: f64,
        waiter: u32,
        has_payload: bool,
        errno: Option<i32>,
        err_msg: &str,
    ) -> Effects {
        let event = if has_payload { Event::OpenData(waiter) } else { tap_failed(waiter, errno, err_msg) };
        self.handle(now, event)
    }
    /// A tap returned the code of a phone number or failed.
    pub fn phone(&mut self, now: f64, waiter: u32, code: Option<String>, errno: Option<i32>, err_msg: &str) -> Effects {
        let event = match code.and_then(PhoneCode::parse) {
            Some(code) => Event::Phone { waiter, code },
            None => tap_failed(waiter, errno, err_msg),
        };
        self.handle(now, event)
    }
    /// A caller needs a scope, by WeChat's name.
    pub fn ensure(&mut self, now: f64, waiter: u32, scope: String) -> Effects {
        self.handle(now, Event::Ensure { waiter, scope })
    }
    /// A caller waits for the current state of the scopes.
    pub fn scopes(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::Scopes(waiter))
    }
    /// A caller's use of a granted scope failed.
    #[wasm_bindgen(js_name = useFailed)]
    pub fn use_failed(&mut self, now: f64, waiter: u32, scope: String, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::UseFailed { waiter, scope, failure: failure::classify(errno, err_msg) })
    }
    /// A caller opens the settings page.
    #[wasm_bindgen(js_name = settingOpening)]
    pub fn setting_opening(&mut self, now: f64, waiter: u32) -> Effects {
        self.handle(now, Event::SettingOpening(waiter))
    }

    /// `wx.login` succeeded with this code.
    #[wasm_bindgen(js_name = codeIssued)]
    pub fn code_issued(&mut self, now: f64, op: u32, code: String) -> Effects {
        self.handle(now, Event::code_issued(op, code))
    }
    /// `wx.login` failed.
    #[wasm_bindgen(js_name = loginFailed)]
    pub fn login_failed(&mut self, now: f64, op: u32, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::LoginFailed { op, failure: failure::classify(errno, err_msg) })
    }
    /// The edge issued tokens. `expires_in` is their lifetime in seconds; `server_now` is the reply's `Date`, in
    /// milliseconds since 1970.
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
        let server_now = server_now.map(milliseconds);
        self.handle(now, Event::tokens_arrived(op, access_token, refresh_token, expires_in as u32, server_now))
    }
    /// A request to the edge failed. `status` is the HTTP status, 0 without a reply; `code` is the edge's code, empty
    /// without one; `retry_after` is in seconds.
    #[wasm_bindgen(js_name = edgeFailed)]
    pub fn edge_failed(&mut self, now: f64, op: u32, status: u16, code: String, retry_after: Option<f64>) -> Effects {
        let failure = match status {
            0 => EdgeFailure::Unreachable,
            _ => EdgeFailure::Refused { status, code, retry_after_s: retry_after.map(seconds) },
        };
        self.handle(now, Event::EdgeFailed { op, failure })
    }
    /// The edge confirmed a revocation.
    pub fn revoked(&mut self, now: f64, op: u32) -> Effects {
        self.handle(now, Event::Revoked { op })
    }
    /// A caller's request got a reply. `code` is the code in its body, empty without one; `retry_after` is in seconds.
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
    /// `wx.checkSession` answered; `alive` if the session_key is valid.
    #[wasm_bindgen(js_name = sessionChecked)]
    pub fn session_checked(&mut self, now: f64, op: u32, alive: bool) -> Effects {
        self.handle(now, Event::SessionChecked { op, alive })
    }
    /// Storage was read: both entries; an empty text if there is none, `undefined` if it could not be read.
    #[wasm_bindgen(js_name = recordRead)]
    pub fn record_read(&mut self, now: f64, op: u32, record: Option<String>, status: Option<String>) -> Effects {
        self.handle(now, Event::RecordRead { op, record, status })
    }
    /// The entry was stored or removed.
    pub fn stored(&mut self, now: f64, op: u32) -> Effects {
        self.handle(now, Event::Stored { op })
    }
    /// The entry could not be stored or removed.
    #[wasm_bindgen(js_name = storageFailed)]
    pub fn storage_failed(&mut self, now: f64, op: u32) -> Effects {
        self.handle(now, Event::StorageFailed { op })
    }
    /// Another context changed an entry.
    #[wasm_bindgen(js_name = storageChanged)]
    pub fn storage_changed(&mut self, now: f64) -> Effects {
        self.handle(now, Event::StorageChanged)
    }
    /// The lock was acquired; `exclusive` is false if the platform has no lock.
    #[wasm_bindgen(js_name = lockAcquired)]
    pub fn lock_acquired(&mut self, now: f64, op: u32, exclusive: bool) -> Effects {
        self.handle(now, Event::LockAcquired { op, exclusive })
    }

    /// `wx.getSetting` answered with the names of the scopes that are `true` and of those that are `false`.
    #[wasm_bindgen(js_name = settingRead)]
    pub fn setting_read(&mut self, now: f64, op: u32, granted: Vec<String>, denied: Vec<String>) -> Effects {
        self.handle(now, Event::SettingRead { op, setting: AuthSetting { granted, denied } })
    }
    /// The settings page closed with these scopes; see [`Self::setting_read`].
    #[wasm_bindgen(js_name = settingOpened)]
    pub fn setting_opened(&mut self, now: f64, waiter: u32, granted: Vec<String>, denied: Vec<String>) -> Effects {
        self.handle(now, Event::SettingOpened { waiter, setting: AuthSetting { granted, denied } })
    }
    /// The settings page did not open.
    #[wasm_bindgen(js_name = settingFailed)]
    pub fn setting_failed(&mut self, now: f64, waiter: u32, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::SettingFailed { waiter, failure: failure::classify(errno, err_msg) })
    }
    /// The phone's own settings were read: names of the fields that are `'denied'` and of those that are `false`.
    #[wasm_bindgen(js_name = systemRead)]
    pub fn system_read(&mut self, now: f64, op: u32, denied: Vec<String>, off: Vec<String>) -> Effects {
        self.handle(now, Event::SystemRead { op, denied, off })
    }
    /// `wx.getPrivacySetting` answered; `needed` is its `needAuthorization`.
    #[wasm_bindgen(js_name = privacyRead)]
    pub fn privacy_read(&mut self, now: f64, op: u32, needed: bool) -> Effects {
        self.handle(now, Event::PrivacyRead { op, needed })
    }
    /// The application's privacy popup closed; `agreed` if the user agreed.
    #[wasm_bindgen(js_name = privacyAnswered)]
    pub fn privacy_answered(&mut self, now: f64, op: u32, agreed: bool) -> Effects {
        self.handle(now, Event::PrivacyAnswered { op, agreed })
    }
    /// `wx.authorize` succeeded.
    pub fn authorized(&mut self, now: f64, op: u32) -> Effects {
        self.handle(now, Event::Authorized { op })
    }
    /// `wx.getSetting`, `wx.getPrivacySetting` or `wx.authorize` failed.
    #[wasm_bindgen(js_name = permissionFailed)]
    pub fn permission_failed(&mut self, now: f64, op: u32, errno: Option<i32>, err_msg: &str) -> Effects {
        self.handle(now, Event::PermissionFailed { op, failure: failure::classify(errno, err_msg) })
    }
}

fn tap_failed(waiter: u32, errno: Option<i32>, err_msg: &str) -> Event {
    Event::TapFailed { waiter, failure: failure::classify_missing_payload(errno, err_msg) }
}

/// Returns the method by which users of this base library give their avatar and nickname (§1.2): "choose-avatar",
/// "get-user-profile" or "none". `sdk_version` is `SDKVersion`, such as "3.8.0".
#[wasm_bindgen(js_name = profileMethod)]
pub fn profile_method(sdk_version: &str) -> String {
    ProfileMethod::of(Version::parse(sdk_version)).name().to_owned()
}

/// Returns a stored entry without its tokens, for the flight recorder.
#[wasm_bindgen(js_name = redactedRecord)]
pub fn redacted_record(line: &str) -> String {
    Machine::redacted_record(line)
}

/// Whole milliseconds of `Date.now()`. The cast saturates: NaN and negative numbers become 0.
fn milliseconds(now: f64) -> u64 {
    now as u64
}

/// Whole seconds, rounded up. The cast saturates, because a server may send any number.
fn seconds(value: f64) -> u32 {
    value.ceil() as u32
}

fn effects_to_js(effects: &[Effect]) -> Effects {
    // Effects consist of strings, numbers and booleans, which always serialise. On an error, `undefined` makes the host
    // reject every caller with `core_crashed`.
    effects.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::UNDEFINED).unchecked_into()
}
