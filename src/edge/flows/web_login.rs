//! `GET /web/login` and `GET /web/callback`: OAuth's authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636, RFC 9207)
//! in front of WeChat's two web logins (§3.8): that of official accounts inside WeChat, and the QR code of websites.
//!
//! The state between the two requests is a sealed cookie of ten minutes, one per login under way. The edge's own code is a
//! sealed blob of one minute. Nothing is stored until the client presents its verifier.

use super::context::Flow;
use super::outcome::Outcome;
use crate::edge::config::Config;
use crate::edge::config::app::{App, Kind};
use crate::edge::config::seal::Purpose;
use crate::edge::error::{Caller, Error, User, Wechat};
use crate::edge::http::params::Query;
use crate::edge::http::{Request, Response, problem};
use crate::edge::ports::{Ports, random};
use crate::edge::session::authorization_code::AuthorizationCode;
use crate::edge::stored::{self, Stored};
use crate::edge::upstream;
use crate::wechat::{Code, Object, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

/// Lifetime of a login under way, seconds: that of WeChat's codes of the QR login.
const LOGIN_S: u64 = 600;
/// Prefix of the cookies' names; the state follows.
const COOKIE: &str = "__Host-wxauth-";
/// Maximum number of logins under way in one browser. A cookie with the longest state has about 1.2 KB, and nginx refuses
/// headers over 8 KB.
const PENDING: usize = 5;

/// The content of the cookie: a login under way.
#[derive(Serialize)]
struct Login {
    appid: String,
    redirect_uri: String,
    /// The client's `state`, which is returned to it.
    state: String,
    code_challenge: String,
    /// Start of the login, ms since 1970.
    began: u64,
}

impl Stored for Login {
    fn read(fields: &Object) -> Option<Self> {
        Some(Self {
            appid: fields.owned("appid")?,
            redirect_uri: fields.owned("redirect_uri")?,
            state: fields.owned("state")?,
            code_challenge: fields.owned("code_challenge")?,
            began: fields.number("began")?,
        })
    }
}

/// Starts a login: redirects the browser to WeChat.
pub(crate) fn start<P: Ports>(flow: &Flow<'_, P>) -> Result<Outcome, Error> {
    let query = flow.request.query()?;
    let app = flow.config.app(query.get("client_id")).ok_or(Error::Caller(Caller::ClientUnknown))?;
    // RFC 6749 §4.1.2.1: without a valid redirect_uri there is no redirect, not even with an error.
    let redirect_uri = query.get("redirect_uri");
    if !app.redirect_uris.iter().any(|known| known == redirect_uri) {
        return Err(Error::Caller(Caller::RedirectUriUnknown));
    }
    let login = Login {
        appid: app.appid.as_str().to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        state: query.get("state").to_owned(),
        code_challenge: query.get("code_challenge").to_owned(),
        began: flow.now,
    };
    let scope = match check(app, &query, &login) {
        Ok(scope) => scope,
        Err(caller) => return Ok(redirect_with_error(flow.config, &login, Error::Caller(caller))),
    };
    // WeChat's `state` may have letters and digits only (§3.8).
    let state = digest::hex(&random::<16>(flow.ports));
    let callback = encode(&format!("{}/web/callback", flow.config.issuer));
    let page = if app.kind == Kind::Website { "qrconnect" } else { "oauth2/authorize" };
    let location = format!(
        "{}/connect/{page}?appid={}&redirect_uri={callback}&response_type=code&scope={scope}&state={state}#wechat_redirect",
        flow.config.wechat_open,
        app.appid.as_str(),
    );
    let plain = serde_json::to_vec(&login).unwrap_or_default();
    let name = format!("{COOKIE}{state}");
    let sealed = flow.config.sealer.seal(Purpose::Web, &name, random(flow.ports), &plain);
    let response = Response::redirect(location).set_cookie(cookie(&name, &URL_SAFE_NO_PAD.encode(sealed), LOGIN_S));
    let response = abandoned(flow.request).fold(response, |response, name| response.set_cookie(cookie(name, "", 0)));
    Ok(Outcome::from(response))
}

/// The names of the cookies of this browser's oldest logins, which are deleted so that at most [`PENDING`] remain with
/// the new one. A user may leave WeChat's page any number of times, and proxies refuse long headers.
fn abandoned(request: &Request) -> impl Iterator<Item = &str> {
    let is_state = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let logins = || {
        let names = request.cookies().map(|(name, _)| name);
        names.filter(move |name| name.strip_prefix(COOKIE).is_some_and(is_state))
    };
    // Browsers send the oldest first (RFC 6265 §5.4).
    logins().take((logins().count() + 1).saturating_sub(PENDING))
}

/// Ends a login: redirects the browser to the client with a code or an error.
pub(crate) async fn finish<P: Ports>(flow: &Flow<'_, P>) -> Result<Outcome, Error> {
    // HEAD is a safe method (RFC 9110 §9.2.1) and must not redeem WeChat's code.
    if flow.request.method == "HEAD" {
        return Ok(Outcome::from(Response::no_content()));
    }
    let query = flow.request.query()?;
    let name = format!("{COOKIE}{}", query.get("state"));
    let unknown = Error::Caller(Caller::LoginUnknown);
    let login = flow.request.cookie(&name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let login = login.and_then(|blob| flow.config.sealer.open(Purpose::Web, &name, &blob));
    let login: Login = login.and_then(|plain| stored::parse(&plain)).ok_or(unknown.clone())?;
    if flow.now.saturating_sub(login.began) > LOGIN_S * 1000 {
        return Err(unknown);
    }
    let app = flow.config.app(&login.appid).ok_or(unknown)?;
    let outcome = match issue_authorization_code(flow, app, &login, query.get("code")).await {
        Ok(code) => Outcome::from(Response::redirect(client_uri(flow.config, &login, &format!("code={code}")))),
        Err(error) => redirect_with_error(flow.config, &login, error),
    };
    // The state is used up.
    Ok(Outcome { response: outcome.response.set_cookie(cookie(&name, "", 0)), ..outcome })
}

/// Redeems WeChat's code; returns the edge's own.
async fn issue_authorization_code<P: Ports>(
    flow: &Flow<'_, P>,
    app: &App,
    login: &Login,
    code: &str,
) -> Result<String, Error> {
    let code = Code::of_web_login(code).ok_or(Error::User(User::Refused))?;
    flow.limit_address(app).await?;
    let user = upstream::web_session(flow.ports, flow.config, app, code).await?;
    if user.is_snapshot {
        return Err(Error::User(User::Snapshot));
    }
    let code = AuthorizationCode {
        appid: login.appid.clone(),
        openid: user.openid.as_str().to_owned(),
        unionid: user.unionid.map(|unionid| unionid.as_str().to_owned()),
        redirect_uri: login.redirect_uri.clone(),
        code_challenge: login.code_challenge.clone(),
        jti: URL_SAFE_NO_PAD.encode(random::<16>(flow.ports)),
        iat: flow.now,
    };
    Ok(code.seal(&flow.config.sealer, random(flow.ports)))
}

/// A redirect to the client with an OAuth error (RFC 6749 §4.1.2.1) and the stable code as its description.
fn redirect_with_error(config: &Config, login: &Login, error: Error) -> Outcome {
    let oauth_error = match &error {
        Error::Caller(Caller::ParameterMalformed("response_type")) => "unsupported_response_type",
        Error::Caller(Caller::ClientUnauthorized) => "unauthorized_client",
        Error::Caller(Caller::ScopeUnsupported) => "invalid_scope",
        Error::Caller(Caller::ParameterMalformed(_)) => "invalid_request",
        Error::User(_) => "access_denied",
        Error::Caller(Caller::RateLimited) | Error::Wechat(Wechat::Busy | Wechat::Throttled | Wechat::TimedOut) => {
            "temporarily_unavailable"
        }
        _ => "server_error",
    };
    let answer = format!("error={oauth_error}&error_description={}", problem::code(&error));
    let response = Response::redirect(client_uri(config, login, &answer));
    Outcome { error: Some(error), ..Outcome::from(response) }
}

/// The client's `redirect_uri` with an answer, `state` and `iss` (RFC 9207).
fn client_uri(config: &Config, login: &Login, answer: &str) -> String {
    let Login { redirect_uri, state, .. } = login;
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    let state = if state.is_empty() { String::new() } else { format!("&state={}", encode(state)) };
    format!("{redirect_uri}{joint}{answer}{state}&iss={}", encode(&config.issuer))
}

/// Checks the request of a login; returns WeChat's scope.
fn check(app: &App, query: &Query, login: &Login) -> Result<&'static str, Caller> {
    let challenge = URL_SAFE_NO_PAD.decode(&login.code_challenge).unwrap_or_default();
    let wrong = [
        // Parsers disagree on which value of a repeated parameter counts (RFC 6749 §3.1).
        ("query", query.repeats()),
        ("response_type", query.get("response_type") != "code"),
        ("code_challenge_method", query.get("code_challenge_method") != "S256"),
        ("code_challenge", challenge.len() != 32),
        ("state", login.state.len() > 512),
    ];
    match wrong.iter().find(|(_, wrong)| *wrong) {
        Some((name, _)) => Err(Caller::ParameterMalformed(name)),
        None if app.kind == Kind::MiniProgram => Err(Caller::ClientUnauthorized),
        None => scope(app.kind, query.get("scope")).ok_or(Caller::ScopeUnsupported),
    }
}

/// The scope for WeChat (§3.8): `snsapi_base` (silent) or `snsapi_userinfo` (profile) for an official account,
/// `snsapi_login` (QR code) for a website. `None` if the app's kind does not have it.
fn scope(kind: Kind, wanted: &str) -> Option<&'static str> {
    match (kind, wanted) {
        (Kind::OfficialAccount, "" | "snsapi_base") => Some("snsapi_base"),
        (Kind::OfficialAccount, "snsapi_userinfo") => Some("snsapi_userinfo"),
        (Kind::Website, "" | "snsapi_login") => Some("snsapi_login"),
        _ => None,
    }
}

/// A `Set-Cookie` value. The prefix `__Host-` binds the cookie to this host and to https. `SameSite=Lax`, because WeChat
/// redirects the browser back to the edge.
fn cookie(name: &str, value: &str, max_age_s: u64) -> String {
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite=Lax")
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
