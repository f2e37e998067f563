//! The label of a session in the user's list: the client's text, or the device and browser from the User-Agent. It is only
//! shown to the user; no decision depends on it.

const MAX_CHARS: usize = 64;
const DEVICES: [&str; 9] =
    ["iPhone", "iPad", "OpenHarmony", "HarmonyOS", "Android", "Macintosh", "Windows", "CrOS", "Linux"];
/// Product tokens, in the order of preference: a User-Agent also names the browsers with which it is compatible.
const APPS: [&str; 5] = ["MicroMessenger", "Edg", "Firefox", "Chrome", "Safari"];

/// Invisible characters that reorder or hide the text around them: bidirectional controls, line and paragraph separators,
/// interlinear and tag characters. The joiners of emoji and of Persian (U+200C, U+200D) are allowed.
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

/// Parses a client's label: 1 to 64 characters without control and invisible characters.
pub(crate) fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_CHARS && !text.chars().any(is_hidden);
    fits.then(|| text.to_owned())
}

fn is_hidden(char: char) -> bool {
    char.is_control() || HIDDEN.iter().any(|range| range.contains(&char))
}

/// Derives a label such as "iPhone, MicroMessenger 8.0.16". `None` if the User-Agent has no known token.
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
