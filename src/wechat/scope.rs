//! WeChat's permission scopes (§2.1) and what a grant means (§2.2).

/// A permission a mini program can hold. Mini-game scopes are not among them.
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
    /// Profile; reclaimed in 2021, true for everyone.
    UserInfo,
}

/// How the user consents to a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// `wx.authorize` shows a dialog once.
    Dialog,
    /// The scope is always `true` and says nothing; the API's own picker is the consent.
    OwnPicker,
    /// Reclaimed: always `true`, and no consent to anything.
    Meaningless,
}

/// A scope's state in `authSetting`. Three states, because "never asked" and "refused" need
/// opposite reactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grant {
    /// The key is absent: a dialog will be shown.
    #[default]
    NotAsked,
    /// `true`.
    Granted,
    /// `false`: no dialog any more, only the settings page (§2.2).
    Denied,
}

/// Every scope, with its spelling and its consent.
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
    (Scope::UserInfo, "scope.userInfo", Consent::Meaningless),
];

impl Scope {
    /// Every scope.
    pub fn all() -> impl Iterator<Item = Scope> {
        TABLE.iter().map(|(scope, ..)| *scope)
    }

    /// Parses WeChat's spelling; `None` for a name that no mini program scope has.
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// WeChat's spelling.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// How the user consents.
    pub fn consent(self) -> Consent {
        TABLE.iter().find(|row| row.0 == self).map_or(Consent::Dialog, |row| row.2)
    }

    /// The field of `wx.getAppAuthorizeSetting` that can withhold the scope (§1.6).
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

    /// The field of `wx.getSystemSetting` that switches it off for the whole phone (§1.6).
    pub fn system_switch(self) -> Option<&'static str> {
        match self {
            Self::UserLocation | Self::UserFuzzyLocation | Self::UserLocationBackground => Some("locationEnabled"),
            Self::Bluetooth => Some("bluetoothEnabled"),
            _ => None,
        }
    }
}
