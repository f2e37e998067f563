//! Avatar and nickname: which way of giving them a base library has (§1.2).

/// A way for users to give their avatar and nickname.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `<button open-type="chooseAvatar">` and `<input type="nickname">`, from 2.21.2.
    ChooseAvatar,
    /// `wx.getUserProfile` in a tap, from 2.10.4. Newer base libraries give everyone's the same
    /// grey picture, so the first way goes first.
    GetUserProfile,
    /// Neither.
    None,
}

impl Way {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChooseAvatar => "choose-avatar",
            Self::GetUserProfile => "get-user-profile",
            Self::None => "none",
        }
    }
}

/// The way of a base library's version, as `SDKVersion` spells it: "3.8.0".
pub fn way(sdk_version: &str) -> Way {
    let mut parts = sdk_version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version: [u32; 3] = core::array::from_fn(|_| parts.next().unwrap_or(0));
    match version {
        version if version >= [2, 21, 2] => Way::ChooseAvatar,
        version if version >= [2, 10, 4] => Way::GetUserProfile,
        _ => Way::None,
    }
}
