//! Checks of the addresses in the configuration. They are written by hand, because the `url` crate brings the tables of
//! internationalized host names, and these addresses are ASCII.

/// Whether the text is a base URL: an origin without a slash at the end, https, or http on this machine.
pub(super) fn is_base(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, authority)| is_origin(text) && is_safe(scheme, authority))
}

/// Whether the text is a URL that may be called: https, or http on this machine, of visible ASCII characters.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
    is_origin(&format!("{scheme}://{authority}"))
        && is_safe(scheme, authority)
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether the text is an origin as browsers send it: http or https, a host in lower case, and a port of 1 to 65535 if it
/// is not the default of the scheme.
pub(super) fn is_origin(text: &str) -> bool {
    let Some(authority) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    match authority.rsplit_once(':') {
        // The last colon of an IPv6 address without a port.
        Some((_, port)) if port.ends_with(']') => is_host(authority),
        Some((host, port)) => is_host(host) && is_port(port),
        None => is_host(authority),
    }
}

fn is_safe(scheme: &str, authority: &str) -> bool {
    scheme == "https" || ["127.0.0.1", "localhost"].contains(&authority.split(':').next().unwrap_or_default())
}

fn is_host(text: &str) -> bool {
    let ipv6 = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let (text, known): (_, fn(u8) -> bool) = match ipv6 {
        Some(text) => (text, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.')),
        None => (text, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-' | b'.')),
    };
    !text.is_empty() && text.bytes().all(known)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|port: u16| port != 0)
}
