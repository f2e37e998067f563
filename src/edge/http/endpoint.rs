//! The endpoints, as a table: what is routed, allowed and logged is read from here. `tests/openapi.rs` adds
//! what the OpenAPI document says of each.
//! `worker::Router` would add 9 KB, axum 45 KB and two to four times the cost per request.

use crate::edge::error::Caller;

/// One thing the edge does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token,
    Revoke,
    Introspect,
    AdminRevoke,
    AdminErase,
    Session,
    Sessions,
    EndSessions,
    EndSession,
    Account,
    EraseAccount,
    OpenData,
    VerifyUserInfo,
    Phone,
    CheckEvents,
    Event,
    WebLogin,
    WebCallback,
    Metadata,
    OpenIdMetadata,
    Jwks,
    OpenApi,
    Health,
}

/// Who may call, and how they say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, from any page.
    Public,
    /// An app's client, by `client_id`.
    Client,
    /// A user, by access token.
    User,
    /// An app's backend, by HTTP Basic. Never a page.
    Backend,
    /// WeChat's servers, by signature.
    Wechat,
    /// A browser that is sent here, not a page's script.
    Browser,
}

/// How long an answer may take, ms: what this project's own client waits for one.
pub(crate) const DEADLINE_MS: u32 = 10_000;
/// WeChat sends a message again that is not answered within 5 s (§3.7); the way to it and back takes its part.
const PUSH_DEADLINE_MS: u32 = 4_000;

/// What a path offers, by method.
pub(crate) type Methods = &'static [(&'static str, Endpoint)];

/// Paths as the log and the OpenAPI document name them.
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

/// The beginnings of paths that end in an id.
const WITH_ID: [(&str, &str); 2] = [("/sessions/", "/sessions/{id}"), ("/wechat/events/", "/wechat/events/{appid}")];

/// A path that is served: its name, what it offers, and the id in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    pub(crate) name: &'static str,
    pub(crate) methods: Methods,
    pub(crate) id: &'a str,
}

impl<'a> Path<'a> {
    pub(crate) fn find(path: &'a str) -> Option<Self> {
        let with_id = WITH_ID.iter().find_map(|(prefix, name)| Some((*name, path.strip_prefix(prefix)?)));
        let (wanted, id) = with_id.unwrap_or((path, ""));
        ROUTES.iter().find(|(name, _)| *name == wanted).map(|&(name, methods)| Self { name, methods, id })
    }

    /// HEAD is GET without the body, which the platform leaves out (RFC 9110 §9.3.2).
    pub(crate) fn endpoint(&self, method: &str) -> Result<Endpoint, Caller> {
        let method = if method == "HEAD" { "GET" } else { method };
        let offered = self.methods.iter().find(|(name, _)| *name == method);
        offered.map(|(_, endpoint)| *endpoint).ok_or(Caller::MethodNotAllowed(self.methods))
    }
}

impl Endpoint {
    /// How long its answer may take, ms.
    pub(crate) fn deadline_ms(self) -> u32 {
        if self.access() == Access::Wechat { PUSH_DEADLINE_MS } else { DEADLINE_MS }
    }

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

/// The methods that a page has to ask for in a preflight.
pub(crate) fn list(methods: Methods) -> String {
    let names: Vec<_> = methods.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The methods of a path, as `Allow` lists them.
pub(crate) fn allow(methods: Methods) -> String {
    let head = methods.iter().any(|(name, _)| *name == "GET").then_some("HEAD");
    let names: Vec<_> = methods.iter().map(|(name, _)| *name).chain(head).collect();
    names.join(", ")
}
