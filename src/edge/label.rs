//! How a user's list of sessions names one: what the client said, or the device and WeChat's version
//! that the User-Agent names. It is for people; nothing is decided by it.

const MAX_CHARS: usize = 64;
const DEVICES: [&str; 9] =
    ["iPhone", "iPad", "OpenHarmony", "HarmonyOS", "Android", "Macintosh", "Windows", "CrOS", "Linux"];
const APPS: [&str; 6] = ["MicroMessenger", "wechatdevtools", "Edg", "Firefox", "Chrome", "Safari"];

/// A label as a client may give it: short, and without control characters.
pub(crate) fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_CHARS && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// "iPhone, MicroMessenger 8.0.16"; nothing where no word is known.
pub(crate) fn of_user_agent(text: &str) -> Option<String> {
    let device = DEVICES.iter().find(|device| text.contains(**device));
    let app = APPS.iter().find_map(|app| {
        let version = text.split_once(&format!("{app}/")).map(|(_, rest)| rest)?;
        let digits = version.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        Some(format!("{app} {}", digits.get(..digits.len().min(16)).unwrap_or_default()))
    });
    match (device, app) {
        (Some(device), Some(app)) => Some(format!("{device}, {app}")),
        (Some(device), None) => Some((*device).to_owned()),
        (None, app) => app,
    }
}
