//! Records of every version of the schema, from `tests/data/records.json`.

use crate::edge::http::problem;
use crate::edge::testing::fakes::World;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

#[test]
fn records_of_every_version_open_and_their_revocations_hold() {
    let made: Vec<Value> = serde_json::from_str(include_str!("../../../tests/data/records.json")).unwrap();
    for version in &made {
        let world = World::new();
        world.now.set(version["at_ms"].as_u64().unwrap());
        for (name, body) in version["records"].as_object().unwrap() {
            world.kv.borrow_mut().insert(name.clone(), STANDARD.decode(body.as_str().unwrap()).unwrap());
        }
        let tokens = world.refresh(&version["refresh_token"]).unwrap();
        assert_eq!(problem::code(&world.refresh(&version["revoked_refresh_token"]).unwrap_err()), "session_ended");
        let bearer = serde_json::json!({ "bearer": tokens["access_token"] });
        let account: Value = serde_json::from_str(&world.send("GET", "/account", &bearer).unwrap().body).unwrap();
        assert_eq!((account["sessions"].as_array().unwrap().len(), &account["session_key_stored"]), (1, &true.into()));
        assert!(world.audits.borrow().is_empty(), "nothing was unreadable: {:?}", world.audits.borrow());
    }
}
