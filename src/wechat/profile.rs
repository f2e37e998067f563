//! Avatar and nickname: the method that a base library offers (§1.2).

use super::version::Version;

/// Method by which users give their avatar and nickname.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileMethod {
    /// `<button open-type="chooseAvatar">` and `<input type="nickname">`, from 2.21.2. Preferred: newer base
    /// libraries answer `getUserProfile` with the same grey picture for every user.
    ChooseAvatar,
    /// `wx.getUserProfile` in a tap, from 2.10.4.
    GetUserProfile,
    /// The base library has neither.
    None,
}

impl ProfileMethod {
    /// Returns the best method of a base library.
    pub fn of(sdk_version: Version) -> Self {
        const CHOOSE_AVATAR: Version = Version([2, 21, 2]);
        const GET_USER_PROFILE: Version = Version([2, 10, 4]);
        if sdk_version >= CHOOSE_AVATAR {
            Self::ChooseAvatar
        } else if sdk_version >= GET_USER_PROFILE {
            Self::GetUserProfile
        } else {
            Self::None
        }
    }

    /// Returns the stable name that the public API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChooseAvatar => "choose-avatar",
            Self::GetUserProfile => "get-user-profile",
            Self::None => "none",
        }
    }
}
