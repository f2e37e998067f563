//! How the session handles replies to callers' requests.

use super::Session;
use super::reply::{Reply, SESSION_KEY_STALE, TOO_MANY_REQUESTS, UNAUTHORIZED, of_open_data, of_phone};
use super::waiters::Waiting;
use crate::machine::context::Context;
use crate::machine::event::WaiterId;
use crate::machine::outcome::{ErrorCode, Outcome};
use crate::wechat::Failure;

impl Session {
    pub(in crate::machine) fn reply_arrived(
        &mut self,
        cx: &mut Context,
        id: WaiterId,
        status: u16,
        code: &str,
        retry_after_s: Option<u32>,
    ) {
        let Some(waiting) = self.waiters.sent(id) else { return };
        let has_expiry_code =
            matches!(waiting, Waiting::Request { .. }) && self.expiry_codes.iter().any(|known| known == code);
        let is_expired = has_expiry_code || status == UNAUTHORIZED;
        let replayed = if is_expired { self.waiters.replay(cx, id) } else { None };
        let reply = Reply { status, code, retry_after_s };
        match (replayed, waiting) {
            (Some(used), _) => {
                self.expired(used);
                self.resolve_one(cx, id);
            }
            (None, Waiting::OpenData { epoch }) => self.open_data_answered(cx, id, epoch, reply),
            // A rate limit refuses before the code is redeemed, so the code stays valid.
            (None, Waiting::Phone) => self.settle_as(cx, id, of_phone(id, reply), status != TOO_MANY_REQUESTS),
            (None, _) => self.settle(cx, id, Outcome::Deliver { of: id }),
        }
    }

    fn open_data_answered(&mut self, cx: &mut Context, id: WaiterId, epoch: Option<u32>, reply: Reply<'_>) {
        if reply.code == SESSION_KEY_STALE {
            self.key.expire();
            self.waiters.enqueue_again(id, Waiting::TapAgain);
            self.resolve_one(cx, id);
        } else {
            let is_same_key = epoch == Some(self.credentials.record.epochs.issued);
            self.settle(cx, id, of_open_data(id, reply, is_same_key));
        }
    }

    pub(in crate::machine) fn request_failed(&mut self, cx: &mut Context, id: WaiterId, failure: Failure) {
        let code = match (self.waiters.sent(id), failure) {
            (None, _) => return,
            // The code may be spent; it is not sent again.
            (Some(Waiting::Phone), _) => ErrorCode::TapAgain,
            (_, Failure::Misconfigured(_) | Failure::Bug) => ErrorCode::Misconfigured,
            _ => ErrorCode::Network,
        };
        self.settle(cx, id, Outcome::failed(code));
    }
}
