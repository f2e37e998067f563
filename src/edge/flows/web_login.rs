//! `GET /web/login` and `GET /web/callback`: OAuth's authorization code with PKCE (RFC 6749 §4.1, RFC
//! 7636, RFC 9207), in front of WeChat's own two: the official account's, inside WeChat, and the
//! website's QR code (§3.8).
//!
//! What has to be remembered between the two requests is in a sealed cookie of ten minutes, one for
//! each login under way; our own code is a sealed blob of a minute. So nothing is stored until the
//! client shows its verifier.

use super::Flow;
use crate::edge::config::seal::Purpose;
use crate::edge::config::{App, Kind};
use crate::edge::error::{Caller, Error, User, Wechat};
use crate::edge::http::Response;
use crate::edge::http::params::Query;
use crate::edge::ports::{Limit, Ports, random};
use crate::edge::session::authorization_code::WebCode;
use crate::edge::stored::{self, Stored};
use crate::edge::upstream;
use crate::wechat::{Code, Object};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

/// As long as WeChat's own codes of the QR login.
const LOGIN_S: u64 = 600;
const COOKIE: &str = "__Host-wxauth-";
/// Logins that one browser may have under way. With the longest state each cookie has about 1.2 KB, and
/// nginx refuses headers over 8 KB.
const PENDING: usize = 5;

/// What the cookie remembers of a login under way.
#[derive(Serialize)]
struct Login {
    appid: String,
    redirect_uri: String,
    /// The client's, given back to it.
    state: String,
    code_challenge: String,
    /// ms.
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

impl<P: Ports> Flow<'_, P> {
    pub(crate) fn web_login(&self) -> Result<Response, Error> {
        let query = self.request.query()?;
        let app = self.config.app(query.get("client_id")).ok_or(Error::Caller(Caller::ClientUnknown))?;
        // Until the address is known to be the app's own, no browser is sent there, not even with an error.
        let redirect_uri = query.get("redirect_uri");
        if !app.redirect_uris.iter().any(|known| known == redirect_uri) {
            return Err(Error::Caller(Caller::RedirectUriUnknown));
        }
        let login = Login {
            appid: app.appid.as_str().to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: query.get("state").to_owned(),
            code_challenge: query.get("code_challenge").to_owned(),
            began: self.now,
        };
        let scope = match checked(app, &query, &login) {
            Ok(scope) => scope,
            Err(caller) => return Ok(self.refused(&login, Error::Caller(caller))),
        };
        // WeChat's `state` takes letters and digits only (§3.8).
        let state: String = random::<16>(self.ports).iter().map(|byte| format!("{byte:02x}")).collect();
        let callback = encode(&format!("{}/web/callback", self.config.issuer));
        let page = if app.kind == Kind::Website { "qrconnect" } else { "oauth2/authorize" };
        let location = format!(
            "{}/connect/{page}?appid={}&redirect_uri={callback}&response_type=code&scope={scope}&state={state}#wechat_redirect",
            self.config.wechat_open,
            app.appid.as_str(),
        );
        let plain = serde_json::to_vec(&login).unwrap_or_default();
        let name = format!("{COOKIE}{state}");
        let sealed = self.config.sealer.seal(Purpose::Web, &name, random(self.ports), &plain);
        let response = Response::redirect(location).set_cookie(cookie(&name, &URL_SAFE_NO_PAD.encode(sealed), LOGIN_S));
        Ok(self.abandoned().fold(response, |response, name| response.set_cookie(cookie(name, "", 0))))
    }

    /// The cookies of this browser's oldest logins, so that with the one that begins there are at most
    /// [`PENDING`]: proxies refuse long headers, and a user may leave WeChat's page again and again.
    fn abandoned(&self) -> impl Iterator<Item = &str> {
        let is_state = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let logins = || {
            let names = self.request.cookies().map(|(name, _)| name);
            names.filter(move |name| name.strip_prefix(COOKIE).is_some_and(is_state))
        };
        // Browsers send the oldest first (RFC 6265 §5.4).
        logins().take((logins().count() + 1).saturating_sub(PENDING))
    }

    pub(crate) async fn web_callback(&self) -> Result<Response, Error> {
        // HEAD is safe (RFC 9110 §9.2.1), and going on would spend WeChat's code.
        if self.request.method == "HEAD" {
            return Ok(Response::no_content());
        }
        let query = self.request.query()?;
        let name = format!("{COOKIE}{}", query.get("state"));
        let unknown = Error::Caller(Caller::LoginUnknown);
        let login = self.request.cookie(&name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let login = login.and_then(|blob| self.config.sealer.open(Purpose::Web, &name, &blob));
        let login: Login = login.and_then(|plain| stored::parse(&plain)).ok_or(unknown.clone())?;
        if self.now.saturating_sub(login.began) > LOGIN_S * 1000 {
            return Err(unknown);
        }
        let app = self.config.app(&login.appid).ok_or(unknown)?;
        let response = match self.web_code(app, &login, query.get("code")).await {
            Ok(code) => Response::redirect(self.back(&login, &format!("code={code}"))),
            Err(error) => self.refused(&login, error),
        };
        // Its state is spent.
        Ok(response.set_cookie(cookie(&name, "", 0)))
    }

    /// WeChat's code becomes ours.
    async fn web_code(&self, app: &App, login: &Login, code: &str) -> Result<String, Error> {
        let code = Code::of_web_login(code).ok_or(Error::User(User::Refused))?;
        if let Some(address) = &self.request.address {
            self.limit(Limit::Address, &format!("{}:{address}", app.appid.as_str())).await?;
        }
        let who = upstream::web_session(self.ports, self.config, app, code).await?;
        if who.is_snapshot {
            return Err(Error::User(User::Snapshot));
        }
        let code = WebCode {
            appid: login.appid.clone(),
            openid: who.openid.as_str().to_owned(),
            unionid: who.unionid.map(|unionid| unionid.as_str().to_owned()),
            redirect_uri: login.redirect_uri.clone(),
            code_challenge: login.code_challenge.clone(),
            jti: URL_SAFE_NO_PAD.encode(random::<16>(self.ports)),
            iat: self.now,
        };
        Ok(code.seal(&self.config.sealer, random(self.ports)))
    }

    fn refused(&self, login: &Login, error: Error) -> Response {
        // OAuth's words for a redirect (RFC 6749 §4.1.2.1).
        let word = match &error {
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
        let response =
            Response::redirect(self.back(login, &format!("error={word}&error_description={}", error.code())));
        Response { because: Some(error), ..response }
    }

    /// The client's address, with an answer.
    fn back(&self, login: &Login, answer: &str) -> String {
        let Login { redirect_uri, state, .. } = login;
        let joint = if redirect_uri.contains('?') { '&' } else { '?' };
        let state = if state.is_empty() { String::new() } else { format!("&state={}", encode(state)) };
        format!("{redirect_uri}{joint}{answer}{state}&iss={}", encode(&self.config.issuer))
    }
}

/// Whether the login may begin, and with which scope.
fn checked(app: &App, query: &Query, login: &Login) -> Result<&'static str, Caller> {
    let challenge = URL_SAFE_NO_PAD.decode(&login.code_challenge).unwrap_or_default();
    let wrong = [
        // Of a parameter that comes twice, parsers disagree which one counts (RFC 6749 §3.1).
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

/// What WeChat is asked for: silence, or the profile, of an official account; the QR code of a website.
fn scope(kind: Kind, wanted: &str) -> Option<&'static str> {
    match (kind, wanted) {
        (Kind::OfficialAccount, "" | "snsapi_base") => Some("snsapi_base"),
        (Kind::OfficialAccount, "snsapi_userinfo") => Some("snsapi_userinfo"),
        (Kind::Website, "" | "snsapi_login") => Some("snsapi_login"),
        _ => None,
    }
}

/// `__Host-`: of this host, over https (or loopback), for no script. Lax, since WeChat sends the browser back.
fn cookie(name: &str, value: &str, max_age_s: u64) -> String {
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite=Lax")
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
