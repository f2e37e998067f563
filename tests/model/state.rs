//! A state of a model.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};

/// A state, identified by the `Debug` text of its world, which includes the machines' memory. That
/// text redacts tokens: two states that differ in nothing else count as one.
#[derive(Debug, Clone)]
pub(crate) struct State<W>(pub(crate) W);

impl<W: Debug> State<W> {
    fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}

impl<W: Debug> Hash for State<W> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.text().hash(hasher);
    }
}

impl<W: Debug> PartialEq for State<W> {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}
