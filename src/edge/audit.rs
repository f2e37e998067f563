//! Audit events. Their fields hold neither secrets nor personal data: a user is shown by the keyed name under which the
//! store has it.

use super::ident::{Sid, UserName};
use crate::wechat::AppId;
use serde::Serialize;

/// A security-relevant event. `docs/operations.md` says how an operator reacts to each.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "audit", rename_all = "snake_case")]
pub(crate) enum Audit<'a> {
    /// A refresh token was presented again after its grace. It, or its successor, was stolen; the session is ended.
    RefreshReused { client_id: &'a str, user: &'a str, sid: &'a str },
    /// A backend ended all sessions of a user.
    AdminRevoke { backend: &'a str, client_id: &'a str, user: &'a str },
    /// A backend erased a user.
    AdminErase { backend: &'a str, client_id: &'a str, user: &'a str },
    /// A user erased their own account.
    AccountErase { client_id: &'a str, user: &'a str },
    /// WeChat reported that the user's account is cancelled (§3.7).
    CancellationErase { client_id: &'a str, user: &'a str },
    /// A caller sent open data of another app: a mistake or an attack.
    WatermarkMismatch { client_id: &'a str, user: &'a str },
    /// A record does not open: it was altered or copied, or its sealing key is gone.
    RecordUnreadable { client_id: &'a str, user: &'a str, record: &'static str },
}

impl<'a> Audit<'a> {
    /// The reuse of a refresh token of this session.
    pub(crate) fn refresh_reused(appid: &'a AppId, user: &'a UserName, sid: &'a Sid) -> Self {
        Self::RefreshReused { client_id: appid.as_str(), user: user.as_str(), sid: sid.as_str() }
    }
}
