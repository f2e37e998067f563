//! `docs/openapi.json`, out of the types that are served. `npm run docs` writes it; this test fails
//! where it is behind.

use crate::edge::error::StoreFailure;
use crate::edge::error::{Caller, DecryptReason, Error, User, Wechat};
use crate::edge::http::endpoint::{Access, Endpoint, ROUTES};
use crate::edge::http::problem::{self, Sent};
use crate::edge::http::wire;
use crate::wechat::open_data::OpenDataError;
use crate::wechat::reply::Errcode;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct Operation {
    summary: &'static str,
    request: Option<Schema>,
    /// Whether a form is accepted, too.
    form: bool,
    success: u16,
    reply: Option<Schema>,
    errors: Vec<Error>,
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Option<Schema> {
    Some(generator.subschema_for::<T>())
}

fn caller(callers: &[Caller]) -> Vec<Error> {
    callers.iter().cloned().map(Error::Caller).collect()
}

/// Errors of reading a body.
fn body() -> Vec<Error> {
    use Caller as C;
    caller(&[C::MediaType, C::TooLarge, C::Incomplete(""), C::NotUtf8, C::Malformed, C::ParameterMissing("x")])
}

fn stored() -> Error {
    Error::Storage(StoreFailure(String::new()))
}

/// Errors of a call to WeChat.
fn wechat() -> Vec<Error> {
    use Wechat as W;
    let unknown = W::Errcode { errcode: Errcode(0), rid: None };
    [W::Busy, W::Throttled, W::TimedOut, W::Unreachable, W::Malformed, unknown].map(Error::Wechat).into()
}

fn describe(endpoint: Endpoint, generator: &mut SchemaGenerator) -> Operation {
    use Caller as C;
    use Endpoint as E;
    let decrypt = C::DecryptFailed(DecryptReason::OpenData(OpenDataError::Iv));
    let (summary, request, reply, errors) = match endpoint {
        E::Token => (
            "Issues tokens for a code from wx.login, the code of a web login, or a refresh token.",
            of::<wire::TokenRequest>(generator),
            of::<wire::TokenReply>(generator),
            [
                caller(&[
                    C::ParameterMalformed("subject_token_type"),
                    C::GrantTypeUnsupported,
                    C::CodeMissing,
                    C::CodeMalformed,
                    C::CodeInvalid,
                    C::CodeUsed,
                ]),
                caller(&[C::SessionEnded, C::RateLimited, C::ParameterMalformed("label")]),
                vec![Error::User(User::Blocked), Error::User(User::LoginSuperseded)],
                wechat(),
            ]
            .concat(),
        ),
        E::Revoke => (
            "Ends the session of a token.",
            of::<wire::RevokeRequest>(generator),
            of::<wire::Done>(generator),
            caller(&[C::RateLimited]),
        ),
        E::Introspect => (
            "Describes the current state of a token, for backends.",
            of::<wire::IntrospectRequest>(generator),
            of::<wire::Introspection>(generator),
            vec![],
        ),
        E::AdminRevoke | E::AdminErase => (
            if endpoint == E::AdminRevoke {
                "Ends all sessions of a user."
            } else {
                "Erases a user. Repeat the request after the store has converged (a minute on KV)."
            },
            of::<wire::AdminRequest>(generator),
            of::<wire::Done>(generator),
            caller(&[C::AppForeign, C::ParameterMalformed("openid")]),
        ),
        E::Session => ("Checks that the caller's session is alive.", None, None, vec![]),
        E::Sessions => ("Lists the caller's sessions.", None, of::<wire::Sessions>(generator), vec![]),
        E::EndSessions => ("Ends all sessions of the caller.", None, None, vec![]),
        E::EndSession => ("Ends one session of the caller.", None, None, caller(&[C::NotFound])),
        E::Account => ("Returns the data stored about the caller.", None, of::<wire::Account>(generator), vec![]),
        E::EraseAccount => (
            "Erases the data stored about the caller. A backend repeats the erasure after the store has converged.",
            None,
            None,
            vec![],
        ),
        E::OpenData => (
            "Decrypts encryptedData under the session_key of the caller's session.",
            of::<wire::OpenDataRequest>(generator),
            of::<wire::OpenDataReply<'_>>(generator),
            caller(&[decrypt, C::DataStale, C::SessionKeyStale(None)]),
        ),
        E::VerifyUserInfo => (
            "Verifies WeChat's signature of rawData for the caller's session.",
            of::<wire::UserInfoRequest>(generator),
            of::<wire::UserInfoVerified>(generator),
            caller(&[C::SignatureMismatch, C::SessionKeyStale(None)]),
        ),
        E::Phone => (
            "Exchanges a code from the phone number button for the caller's phone number.",
            of::<wire::PhoneRequest>(generator),
            of::<wire::PhoneReply>(generator),
            [caller(&[C::CodeMalformed, C::CodeInvalid, C::CodeUsed]), wechat()].concat(),
        ),
        E::WebLogin => (
            "Redirects a browser to WeChat to log in (RFC 6749 §4.1.1, RFC 7636, RFC 9207).",
            None,
            None,
            caller(&[C::ClientUnknown, C::RedirectUriUnknown, C::Malformed]),
        ),
        E::WebCallback => (
            "OAuth callback from WeChat; redirects to redirect_uri with code or error.",
            None,
            None,
            caller(&[C::LoginUnknown, C::Malformed]),
        ),
        E::CheckEvents => (
            "Answers WeChat's check of the push URL.",
            None,
            None,
            caller(&[C::PushSignature, C::NotFound, C::Malformed]),
        ),
        E::Event => (
            "Receives a message that WeChat pushes.",
            None,
            None,
            [
                caller(&[C::PushSignature, C::PushPlain, C::PushMalformed(None), C::PushStale, C::NotFound]),
                caller(&[C::Malformed, C::TooLarge, C::Incomplete(""), C::NotUtf8]),
                vec![Error::Wechat(Wechat::ForwardFailed), stored()],
            ]
            .concat(),
        ),
        E::Metadata => ("Authorization server metadata (RFC 8414).", None, of::<wire::Metadata<'_>>(generator), vec![]),
        E::OpenIdMetadata => (
            "The same metadata, for libraries that only read this address.",
            None,
            of::<wire::OpenIdMetadata<'_>>(generator),
            vec![],
        ),
        E::Jwks => ("The public keys of access tokens.", None, of::<wire::Jwks<'_>>(generator), vec![]),
        E::OpenApi => ("This document.", None, of::<Value>(generator), vec![]),
        E::Health => ("Checks that the edge runs and is configured.", None, of::<wire::Health>(generator), vec![]),
    };
    let access = match endpoint.access() {
        Access::Public | Access::Wechat | Access::Browser => vec![],
        Access::Client => vec![Error::Caller(C::ClientUnknown), Error::Caller(C::OriginNotAllowed), stored()],
        Access::User => {
            let refused = caller(&[C::SessionInvalid, C::OriginNotAllowed, C::RateLimited]);
            [refused, vec![stored()]].concat()
        }
        Access::Backend => vec![Error::Caller(C::BackendUnknown), Error::Caller(C::RateLimited), stored()],
    };
    let parsing = if request.is_some() { body() } else { vec![] };
    let always = vec![Error::Operator(String::new())];
    Operation {
        summary,
        form: matches!(endpoint, E::Token | E::Revoke | E::Introspect),
        success: match (endpoint.access(), &reply) {
            (Access::Browser, _) => 302,
            (Access::Wechat, _) | (_, Some(_)) => 200,
            _ => 204,
        },
        errors: [errors, access, parsing, always].concat(),
        request,
        reply,
    }
}

/// One response for each status, with its codes.
fn failures(errors: &[Error]) -> BTreeMap<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    for error in errors {
        by_status.entry(problem::response(error, "", Sent::Otherwise).status).or_default().push(problem::code(error));
    }
    let response = |mut codes: Vec<&'static str>| {
        codes.sort_unstable();
        codes.dedup();
        let schema = json!({ "allOf": [
            { "$ref": "#/components/schemas/ErrorBody" },
            { "properties": { "code": { "enum": codes } } },
        ] });
        json!({ "description": codes.join(", "), "content": { "application/json": { "schema": schema } } })
    };
    by_status.into_iter().map(|(status, codes)| (status.to_string(), response(codes))).collect()
}

fn operation(endpoint: Endpoint, generator: &mut SchemaGenerator) -> Value {
    let described = describe(endpoint, generator);
    let mut responses = failures(&described.errors);
    let success = match &described.reply {
        Some(schema) => json!({ "description": "OK", "content": { "application/json": { "schema": schema } } }),
        None => json!({ "description": "Done." }),
    };
    responses.insert(described.success.to_string(), success);
    let mut operation = json!({
        "operationId": format!("{endpoint:?}"),
        "summary": described.summary,
        "responses": responses,
    });
    if let Some(schema) = described.request {
        let mut content = json!({ "application/json": { "schema": schema } });
        if described.form {
            content["application/x-www-form-urlencoded"] = json!({ "schema": schema });
        }
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    match endpoint.access() {
        Access::User => operation["security"] = json!([{ "user": [] }]),
        Access::Backend => operation["security"] = json!([{ "backend": [] }]),
        Access::Public | Access::Client | Access::Wechat | Access::Browser => {}
    }
    if endpoint.access() == Access::Wechat {
        let text = json!({ "description": "What WeChat wants to read.", "content": { "text/plain": { "schema": { "type": "string" } } } });
        operation["responses"]["200"] = text;
    }
    let query: &[&str] = match endpoint {
        Endpoint::WebLogin => {
            &["response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "scope"]
        }
        Endpoint::WebCallback => &["state", "code"],
        Endpoint::CheckEvents => &["signature", "timestamp", "nonce", "echostr"],
        Endpoint::Event => &["signature", "timestamp", "nonce", "encrypt_type", "msg_signature"],
        _ => &[],
    };
    let parameters = query.iter().map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } }));
    operation["parameters"] = parameters.collect();
    let in_path = match endpoint {
        Endpoint::EndSession => Some(("id", json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{22}$" }))),
        Endpoint::CheckEvents | Endpoint::Event => Some(("appid", json!({ "type": "string" }))),
        _ => None,
    };
    if let (Some((name, schema)), Some(parameters)) = (in_path, operation["parameters"].as_array_mut()) {
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    operation
}

fn document() -> String {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    of::<wire::ErrorBody<'_>>(&mut generator);
    let mut paths = serde_json::Map::new();
    for (path, methods) in ROUTES {
        let operations: serde_json::Map<_, _> = methods
            .iter()
            .map(|(method, endpoint)| (method.to_ascii_lowercase(), operation(*endpoint, &mut generator)))
            .collect();
        paths.insert((*path).to_owned(), operations.into());
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wxauth",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "WeChat Mini Program logins as OAuth 2. Every error has a stable code.",
            "license": { "name": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "user": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "backend": { "type": "http", "scheme": "basic" },
            },
        },
    });
    serde_json::to_string_pretty(&document).unwrap() + "\n"
}

#[test]
fn docs_openapi_json_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let document = document();
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == document, "docs/openapi.json is behind; npm run docs");
}

#[test]
fn the_served_openapi_document_equals_the_file_without_its_indentation() {
    let file: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
    let served = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));
    assert_eq!(served, serde_json::to_string(&file).unwrap());
}
