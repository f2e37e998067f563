//! The seeds of `fuzz/`, each of which was worth keeping, through the targets.

use crate::edge::testing::fuzz::TARGETS;

#[test]
fn every_seed_passes_its_target() {
    for (name, target) in TARGETS {
        let folder = format!("{}/fuzz/seeds/{name}", env!("CARGO_MANIFEST_DIR"));
        let seeds: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!seeds.is_empty(), "{folder}");
        for seed in seeds {
            target(&std::fs::read(&seed).unwrap());
        }
    }
}
