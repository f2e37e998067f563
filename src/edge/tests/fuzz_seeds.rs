//! The seeds of `fuzz/` through the fuzz targets.

use crate::edge::testing::fuzz::TARGETS;

/// `fuzz_seeds.txt` has the outcomes of each seed, so an input that a decoder refuses earlier than before fails here.
#[test]
fn every_seed_has_its_recorded_outcomes() {
    let mut outcomes = String::new();
    for (name, target) in TARGETS {
        let folder = format!("{}/fuzz/seeds/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut seeds: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        for seed in seeds {
            outcomes += &format!("{name}/{}\n", seed.file_name().unwrap().to_str().unwrap());
            for outcome in target(&std::fs::read(&seed).unwrap()) {
                outcomes += &format!("    {outcome}\n");
            }
        }
    }
    assert_eq!(outcomes, include_str!("fuzz_seeds.txt"), "{outcomes}");
}
