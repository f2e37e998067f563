//! The table of endpoints. Routing, `Allow`, CORS and the log read it; `tests/openapi.rs` adds the descriptions of the
//! OpenAPI document. `worker::Router` would add 9 KB, axum 45 KB and two to four times the cost per request.

use crate::edge::error::Caller;

/// An operation of the edge: a method of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Issues tokens (RFC 6749, RFC 8693).
    Token,
    /// Ends the session of a token (RFC 7009).
    Revoke,
    /// Describes a token (RFC 7662).
    Introspect,
    /// Ends all sessions of a user.
    AdminRevoke,
    /// Erases a user.
    AdminErase,
    /// Checks the caller's session.
    Session,
    /// Lists the caller's sessions.
    Sessions,
    /// Ends all sessions of the caller.
    EndSessions,
    /// Ends one session of the caller.
    EndSession,
    /// Shows the data stored about the caller.
    Account,
    /// Erases the data stored about the caller.
    EraseAccount,
    /// Decrypts open data.
    OpenData,
    /// Verifies the signature of rawData.
    VerifyUserInfo,
    /// Redeems a code from the phone number button.
    Phone,
    /// Answers WeChat's check of the push URL.
    CheckEvents,
    /// Receives a pushed message.
    Event,
    /// Starts a web login.
    WebLogin,
    /// Ends a web login.
    WebCallback,
    /// Authorization server metadata (RFC 8414).
    Metadata,
    /// The same for OpenID Connect libraries.
    OpenIdMetadata,
    /// The public signing keys (RFC 7517).
    Jwks,
    /// The OpenAPI document.
    OpenApi,
    /// Liveness.
    Health,
}

/// The callers of an endpoint and their credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Any caller, from any page, without credentials.
    Public,
    /// An app's client, by `client_id`.
    Client,
    /// A user, by access token.
    User,
    /// An app's backend, by HTTP Basic. Never a page.
    Backend,
    /// WeChat's servers, by signature.
    Wechat,
    /// A browser that navigates here, not a script of a page.
    Browser,
}

/// Deadline of a request, ms. This project's client waits as long.
pub(crate) const DEADLINE_MS: u32 = 10_000;
/// Deadline of a pushed message, ms. WeChat sends a message again after 5 s without an answer (§3.7); the rest is for the
/// network.
const PUSH_DEADLINE_MS: u32 = 4_000;

/// The endpoints of a path, by method.
pub(crate) type Methods = &'static [(&'static str, Endpoint)];

/// All paths, as the log and the OpenAPI document show them.
pub(crate) const ROUTES: &[(&str, Methods)] = &[
    ("/oauth/token", &[("POST", Endpoint::Token)]),
    ("/oauth/revoke", &[("POST", Endpoint::Revoke)]),
    ("/oauth/introspect", &[("POST", Endpoint::Introspect)]),
    ("/admin/revoke", &[("POST", Endpoint::AdminRevoke)]),
    ("/admin/erase", &[("POST", Endpoint::AdminErase)]),
    ("/session", &[("GET", Endpoint::Session)]),
    ("/sessions", &[("GET", Endpoint::Sessions), ("DELETE", Endpoint::EndSessions)]),
    ("/sessions/{id}", &[("DELETE", Endpoint::EndSession)]),
    ("/account", &[("GET", Endpoint::Account), ("DELETE", Endpoint::EraseAccount)]),
    ("/wechat/open-data", &[("POST", Endpoint::OpenData)]),
    ("/wechat/user-info/verify", &[("POST", Endpoint::VerifyUserInfo)]),
    ("/wechat/phone", &[("POST", Endpoint::Phone)]),
    ("/wechat/events/{appid}", &[("GET", Endpoint::CheckEvents), ("POST", Endpoint::Event)]),
    ("/web/login", &[("GET", Endpoint::WebLogin)]),
    ("/web/callback", &[("GET", Endpoint::WebCallback)]),
    ("/.well-known/oauth-authorization-server", &[("GET", Endpoint::Metadata)]),
    ("/.well-known/openid-configuration", &[("GET", Endpoint::OpenIdMetadata)]),
    ("/.well-known/jwks.json", &[("GET", Endpoint::Jwks)]),
    ("/openapi.json", &[("GET", Endpoint::OpenApi)]),
    ("/healthz", &[("GET", Endpoint::Health)]),
];

/// Prefixes of paths that end in an id.
const WITH_ID: [(&str, &str); 2] = [("/sessions/", "/sessions/{id}"), ("/wechat/events/", "/wechat/events/{appid}")];

/// A path of the table that a request has asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    /// The path as in [`ROUTES`].
    pub(crate) name: &'static str,
    /// The endpoints of the path.
    pub(crate) methods: Methods,
    /// The id at its end; empty if it has none.
    pub(crate) id: &'a str,
}

impl<'a> Path<'a> {
    /// The path of the table that matches; `None` if there is none.
    pub(crate) fn find(path: &'a str) -> Option<Self> {
        let with_id = WITH_ID.iter().find_map(|(prefix, name)| Some((*name, path.strip_prefix(prefix)?)));
        let (wanted, id) = with_id.unwrap_or((path, ""));
        ROUTES.iter().find(|(name, _)| *name == wanted).map(|&(name, methods)| Self { name, methods, id })
    }

    /// The endpoint of a method. HEAD is GET without the body, which the platform omits (RFC 9110 §9.3.2).
    pub(crate) fn endpoint(&self, method: &str) -> Result<Endpoint, Caller> {
        let method = if method == "HEAD" { "GET" } else { method };
        let offered = self.methods.iter().find(|(name, _)| *name == method);
        offered.map(|(_, endpoint)| *endpoint).ok_or_else(|| Caller::MethodNotAllowed(allow(self.methods)))
    }
}

impl Endpoint {
    /// The deadline of a request, ms.
    pub(crate) fn deadline_ms(self) -> u32 {
        if self.access() == Access::Wechat { PUSH_DEADLINE_MS } else { DEADLINE_MS }
    }

    /// The callers of the endpoint.
    pub(crate) fn access(self) -> Access {
        match self {
            Self::Metadata | Self::OpenIdMetadata | Self::Jwks | Self::OpenApi | Self::Health => Access::Public,
            Self::Token | Self::Revoke => Access::Client,
            Self::CheckEvents | Self::Event => Access::Wechat,
            Self::WebLogin | Self::WebCallback => Access::Browser,
            Self::Introspect | Self::AdminRevoke | Self::AdminErase => Access::Backend,
            Self::Session
            | Self::Sessions
            | Self::EndSessions
            | Self::EndSession
            | Self::Account
            | Self::EraseAccount
            | Self::OpenData
            | Self::VerifyUserInfo
            | Self::Phone => Access::User,
        }
    }
}

/// The methods of a path, as `Access-Control-Allow-Methods` lists them.
pub(crate) fn list(methods: Methods) -> String {
    let names: Vec<_> = methods.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The methods of a path, as `Allow` lists them.
fn allow(methods: Methods) -> String {
    let head = methods.iter().any(|(name, _)| *name == "GET").then_some("HEAD");
    let names: Vec<_> = methods.iter().map(|(name, _)| *name).chain(head).collect();
    names.join(", ")
}
