//! The documents agree with the code. `tests/node/docs.test.mts` has the comparisons that need no Rust.

use crate::edge_code::EdgeCode;
use std::collections::BTreeSet;

/// `docs/errors.md` is rendered from `wxauth/errors`, so this compares the explanations of the npm package as well.
#[test]
fn the_page_of_errors_has_every_code_of_the_edge_and_no_other() {
    let page = include_str!("../../../docs/errors.md");
    let (_, edge) = page.split_once("## Edge").unwrap();
    let rows = edge.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented: BTreeSet<&str> = rows.map(|(code, _)| code).collect();
    let sent: BTreeSet<&str> = EdgeCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(documented, sent);
}
