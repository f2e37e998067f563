//! How a user's list of sessions names one: what the client said, or the device and WeChat's version
//! that the User-Agent names. It is for people; nothing is decided by it.

const MAX_CHARS: usize = 64;
const DEVICES: [&str; 9] =
    ["iPhone", "iPad", "OpenHarmony", "HarmonyOS", "Android", "Macintosh", "Windows", "CrOS", "Linux"];
const APPS: [&str; 6] = ["MicroMessenger", "wechatdevtools", "Edg", "Firefox", "Chrome", "Safari"];

/// Marks that are not seen and reorder or hide the text beside them: bidirectional controls, line and paragraph
/// separators, interlinear and tag characters. The joiners of emoji and of Persian (U+200C, U+200D) are not among them.
const HIDDEN: [core::ops::RangeInclusive<char>; 11] = [
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200b}',
    '\u{200e}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e007f}',
];

/// A label as a client may give it: short, and without control characters or hidden marks.
pub(crate) fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_CHARS && !text.chars().any(is_hidden);
    fits.then(|| text.to_owned())
}

fn is_hidden(char: char) -> bool {
    char.is_control() || HIDDEN.iter().any(|range| range.contains(&char))
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
