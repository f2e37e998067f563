//! Prepares what the edge embeds: `docs/openapi.json` without its indentation (a third of its bytes).

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let document = "docs/openapi.json";
    println!("cargo::rerun-if-changed={document}");
    // Cargo sets CARGO_FEATURE_* and OUT_DIR for build scripts.
    let (Some(_), Some(out)) = (env::var_os("CARGO_FEATURE_EDGE"), env::var_os("OUT_DIR")) else { return Ok(()) };
    fs::write(Path::new(&out).join("openapi.json"), minify(&fs::read_to_string(document)?))
}

/// Returns JSON without the whitespace between its tokens. Strings stay unchanged.
fn minify(json: &str) -> String {
    let mut minified = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for char in json.chars() {
        if in_string || !char.is_ascii_whitespace() {
            minified.push(char);
        }
        if char == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && char == '\\' && !escaped;
    }
    minified
}
