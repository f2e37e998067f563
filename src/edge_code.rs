//! The stable error codes of the edge: the `code` member of every error reply.
//!
//! The edge sends them and the client reads them, so both use this list. `docs/errors.md` explains
//! each code to callers.

macro_rules! edge_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// A stable error code of the edge.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EdgeCode {
            $($(#[$doc])* $name,)*
        }

        impl EdgeCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code, as in the reply. The client evaluates it in constants only, so that
            /// the phone's wasm holds the few codes that it compares.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

edge_codes! {
    /// The request's client_id is not an app of this backend. The operator lists the backend under the app.
    AppForeign = "app_foreign",
    /// HTTP Basic does not name a configured backend. The backend corrects its id and secret.
    BackendUnknown = "backend_unknown",
    /// The body ended early. The caller sends the request again.
    BodyIncomplete = "body_incomplete",
    /// The body or query has too many, repeated or non-string parameters. The caller corrects it.
    BodyMalformed = "body_malformed",
    /// The body is not UTF-8. The caller corrects it.
    BodyNotUtf8 = "body_not_utf8",
    /// The body is over 32 KiB. The caller sends less.
    BodyTooLarge = "body_too_large",
    /// The app's kind has no web login. The caller uses `wx.login`.
    ClientUnauthorized = "client_unauthorized",
    /// The client_id is not an appid of this edge. The operator configures the app.
    ClientUnknown = "client_unknown",
    /// The login code is wrong, expired or of another app (errcode 40029, §3.1). The client gets a fresh one.
    CodeInvalid = "code_invalid",
    /// The login code has characters that no code has. The caller sends it unchanged.
    CodeMalformed = "code_malformed",
    /// The login code is missing or empty. The caller sends it.
    CodeMissing = "code_missing",
    /// The login code was redeemed before (errcode 40163, §3.1). The client gets a fresh one.
    CodeUsed = "code_used",
    /// The open data is older than the app allows. The user taps again.
    DataStale = "data_stale",
    /// The open data does not decrypt under this session. The caller sends it unchanged, from the session that got it.
    DecryptFailed = "decrypt_failed",
    /// The operator's push_forward_url did not accept a message. WeChat sends it again.
    ForwardFailed = "forward_failed",
    /// The grant type is unknown, or does not fit the app's kind. The caller corrects it.
    GrantTypeUnsupported = "grant_type_unsupported",
    /// An internal invariant is violated. Report it with the request_id.
    Internal = "internal",
    /// The user declined the web login. The application continues without it.
    LoginRefused = "login_refused",
    /// A log-out or erasure happened during the login. The client logs in again.
    LoginSuperseded = "login_superseded",
    /// The browser has no such web login under way. The user begins again.
    LoginUnknown = "login_unknown",
    /// The endpoint does not support this method. The caller reads `Allow`.
    MethodNotAllowed = "method_not_allowed",
    /// The edge or the app is misconfigured. The operator reads the log.
    Misconfigured = "misconfigured",
    /// The endpoint or the session id does not exist. The caller corrects the path.
    NotFound = "not_found",
    /// The page's origin is not listed for the app. The operator adds it to allowed_origins.
    OriginNotAllowed = "origin_not_allowed",
    /// A parameter has the wrong form. The caller corrects it.
    ParameterMalformed = "parameter_malformed",
    /// A required parameter is missing or empty. The caller sends it.
    ParameterMissing = "parameter_missing",
    /// A pushed message does not decrypt or parse. The operator checks encoding_aes_key.
    PushMalformed = "push_malformed",
    /// A pushed message is in plain text although the app has a key. The operator selects encrypted mode.
    PushPlain = "push_plain",
    /// A pushed message lacks WeChat's signature. The operator checks push_token.
    PushSignature = "push_signature",
    /// A pushed message that erases data is over 300 s old. No action.
    PushStale = "push_stale",
    /// The edge limits this user or address. The client waits `retry_after` seconds.
    RateLimited = "rate_limited",
    /// The redirect_uri is not listed for the app. The operator adds it to redirect_uris.
    RedirectUriUnknown = "redirect_uri_unknown",
    /// The app's kind does not have this web login scope. The caller corrects it.
    ScopeUnsupported = "scope_unsupported",
    /// The refresh token's session has ended. The client logs in.
    SessionEnded = "session_ended",
    /// The access token is missing, malformed, expired, revoked or of another edge. The client renews it.
    SessionInvalid = "session_invalid",
    /// The session_key is dead or not stored. The client logs in, and the user taps again.
    SessionKeyStale = "session_key_stale",
    /// The signature does not fit raw_data. The caller sends both unchanged.
    SignatureMismatch = "signature_mismatch",
    /// WeChat's page preview has a virtual user (§3.8). The page is shown without a login.
    SnapshotUser = "snapshot_user",
    /// The store does not answer. The client tries again after `retry_after` seconds.
    StorageUnavailable = "storage_unavailable",
    /// The content type is not JSON or, on `/oauth/*`, a form. The caller corrects it.
    UnsupportedMediaType = "unsupported_media_type",
    /// WeChat is busy (errcode -1, §3.4). The client tries again with a fresh code.
    UpstreamBusy = "upstream_busy",
    /// WeChat refused with an unlisted errcode. The operator reads the log.
    UpstreamError = "upstream_error",
    /// The upstream's reply is not one of WeChat's. The operator checks the way to WeChat.
    UpstreamMalformed = "upstream_malformed",
    /// WeChat limits this app or user (errcodes 45009, 45011, §3.4). The client waits `retry_after` seconds.
    UpstreamRateLimited = "upstream_rate_limited",
    /// WeChat did not answer in time. The client tries again with a fresh code.
    UpstreamTimeout = "upstream_timeout",
    /// WeChat cannot be reached. The client tries again with a fresh code.
    UpstreamUnreachable = "upstream_unreachable",
    /// WeChat's risk control blocks this user (errcode 40226, §3.1). The application continues without a login.
    UserBlocked = "user_blocked",
}
