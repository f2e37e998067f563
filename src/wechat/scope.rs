//! Permission scopes (§2.1) and the states of a grant (§2.2).

/// Permission scope of a mini program. Mini-game scopes are not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Exact location.
    UserLocation,
    /// Rough location.
    UserFuzzyLocation,
    /// Location in the background.
    UserLocationBackground,
    /// Microphone.
    Record,
    /// Camera.
    Camera,
    /// Bluetooth.
    Bluetooth,
    /// Saving pictures and videos to the album.
    WritePhotosAlbum,
    /// Adding a contact.
    AddPhoneContact,
    /// Adding a calendar entry.
    AddPhoneCalendar,
    /// WeRun steps.
    Werun,
    /// Shipping address.
    Address,
    /// Invoice title.
    InvoiceTitle,
    /// Invoice.
    Invoice,
    /// Profile. WeChat withdrew it in 2021; it is `true` for every user.
    UserInfo,
}

/// The way in which the user consents to a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// `wx.authorize` shows a dialog once.
    Dialog,
    /// The scope is always `true`; the user consents in the picker of the API itself.
    OwnPicker,
    /// Withdrawn: the scope is always `true` and expresses no consent.
    Withdrawn,
}

/// State of a scope in `authSetting`. There are three, because "not asked yet" and "refused" need opposite
/// reactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grant {
    /// The key is absent: `wx.authorize` shows a dialog.
    #[default]
    NotAsked,
    /// `true`.
    Granted,
    /// `false`: no dialog is shown again; only the settings page can change it (§2.2).
    Denied,
}

/// Every scope with WeChat's name and its kind of consent.
const TABLE: [(Scope, &str, Consent); 14] = [
    (Scope::UserLocation, "scope.userLocation", Consent::Dialog),
    (Scope::UserFuzzyLocation, "scope.userFuzzyLocation", Consent::Dialog),
    (Scope::UserLocationBackground, "scope.userLocationBackground", Consent::Dialog),
    (Scope::Record, "scope.record", Consent::Dialog),
    (Scope::Camera, "scope.camera", Consent::Dialog),
    (Scope::Bluetooth, "scope.bluetooth", Consent::Dialog),
    (Scope::WritePhotosAlbum, "scope.writePhotosAlbum", Consent::Dialog),
    (Scope::AddPhoneContact, "scope.addPhoneContact", Consent::Dialog),
    (Scope::AddPhoneCalendar, "scope.addPhoneCalendar", Consent::Dialog),
    (Scope::Werun, "scope.werun", Consent::Dialog),
    (Scope::Address, "scope.address", Consent::OwnPicker),
    (Scope::InvoiceTitle, "scope.invoiceTitle", Consent::OwnPicker),
    (Scope::Invoice, "scope.invoice", Consent::OwnPicker),
    (Scope::UserInfo, "scope.userInfo", Consent::Withdrawn),
];

impl Scope {
    /// Iterates over every scope.
    pub fn all() -> impl Iterator<Item = Scope> {
        TABLE.iter().map(|(scope, ..)| *scope)
    }

    /// Parses WeChat's name, such as `scope.camera`; `None` if it is not a scope of mini programs.
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Returns WeChat's name.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Returns the way in which the user consents.
    pub fn consent(self) -> Consent {
        TABLE.iter().find(|row| row.0 == self).map_or(Consent::Dialog, |row| row.2)
    }

    /// Returns the field of `wx.getAppAuthorizeSetting` with the operating system's permission (§1.6).
    pub fn system_field(self) -> Option<&'static str> {
        match self {
            Self::UserLocation | Self::UserFuzzyLocation | Self::UserLocationBackground => Some("locationAuthorized"),
            Self::Record => Some("microphoneAuthorized"),
            Self::Camera => Some("cameraAuthorized"),
            Self::Bluetooth => Some("bluetoothAuthorized"),
            Self::WritePhotosAlbum => Some("albumAuthorized"),
            Self::AddPhoneCalendar => Some("phoneCalendarAuthorized"),
            Self::AddPhoneContact | Self::Werun => None,
            Self::Address | Self::InvoiceTitle | Self::Invoice | Self::UserInfo => None,
        }
    }

    /// Returns the field of `wx.getSystemSetting` with the phone's switch for the whole function (§1.6).
    pub fn system_switch(self) -> Option<&'static str> {
        match self {
            Self::UserLocation | Self::UserFuzzyLocation | Self::UserLocationBackground => Some("locationEnabled"),
            Self::Bluetooth => Some("bluetoothEnabled"),
            _ => None,
        }
    }
}
