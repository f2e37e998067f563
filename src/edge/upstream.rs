//! Calls to WeChat. One retry, and only where no byte of a reply came: anything else may have
//! spent the code (§3.4).

use super::config::{App, Config};
use super::error::{Error, Wechat};
use super::ports::{Call, Fetch, FetchFailure, Reply};
use crate::wechat::Code;
use crate::wechat::reply::{self, CodeSession};

/// Redeems a code of `wx.login`.
pub(crate) async fn code_session(
    ports: &impl Fetch,
    config: &Config,
    app: &App,
    code: Code,
) -> Result<CodeSession, Error> {
    // All three are of unreserved characters by their types, so nothing needs escaping.
    let url = format!(
        "{}/sns/jscode2session?appid={}&secret={}&js_code={}&grant_type=authorization_code",
        config.wechat_api,
        app.appid.as_str(),
        app.secret.reveal(),
        code.spend(),
    );
    let body = call(ports, &Call { url }).await?;
    Ok(reply::code_session(&body)?)
}

async fn call(ports: &impl Fetch, call: &Call) -> Result<Vec<u8>, Error> {
    let reply = match ports.fetch(call).await {
        Err(FetchFailure::Unreachable) => ports.fetch(call).await,
        other => other,
    };
    // WeChat answers 200 to errors too (§3.1); anything else is not WeChat speaking.
    match reply? {
        Reply { status: 200, body } => Ok(body),
        Reply { .. } => Err(Error::Wechat(Wechat::Malformed)),
    }
}
