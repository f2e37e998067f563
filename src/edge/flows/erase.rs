//! Erasure of a user, for `DELETE /account`, `POST /admin/erase` and WeChat's cancellation event.

use super::context::Flow;
use crate::edge::config::app::App;
use crate::edge::error::Error;
use crate::edge::ident::{Sid, UserName};
use crate::edge::ports::Ports;
use crate::edge::session::records::SessionLookup;

/// Ends all sessions of the user first, so that a deleted record cannot come back, and then deletes the records. `known`
/// is an earlier read of the user's records; `own` is the caller's session and the time of its login, ms since 1970.
pub(super) async fn erase_user<P: Ports>(
    flow: &Flow<'_, P>,
    app: &App,
    user: &UserName,
    known: &SessionLookup,
    own: Option<(&Sid, u64)>,
) -> Result<(), Error> {
    let revocations = flow.revocations();
    revocations.revoke_all(app, user, known, own.map_or(0, |(_, auth)| auth)).await?;
    Ok(revocations.erase(user, own.map(|(sid, _)| sid)).await?)
}
