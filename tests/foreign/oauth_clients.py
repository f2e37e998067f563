"""requests-oauthlib and httpx-oauth as clients of the edge's web login, with their defaults. `sent_back` acts as
the browser and returns from WeChat's page with a code."""

import asyncio
import base64
import hashlib
import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the edge is on loopback
import requests  # noqa: E402
from httpx_oauth.oauth2 import OAuth2  # noqa: E402
from requests_oauthlib import OAuth2Session  # noqa: E402

given = json.load(sys.stdin)
metadata = requests.get(given["url"] + "/.well-known/oauth-authorization-server", timeout=120).json()
authorize, token = metadata["authorization_endpoint"], metadata["token_endpoint"]


def sent_back(url):
    """Follows the login of a user who agrees. The cookie is Secure, but the edge uses http here, so it is sent by hand."""
    login = requests.get(url, allow_redirects=False, timeout=120)
    page = login.headers["location"]
    if page.startswith(given["redirect_uri"]):
        return page
    chosen = requests.get(page.split("#")[0] + "&user=mei", allow_redirects=False, timeout=120)
    cookie = {"cookie": login.headers["set-cookie"].split(";")[0]}
    return requests.get(chosen.headers["location"], headers=cookie, allow_redirects=False, timeout=120).headers["location"]


def claims(tokens):
    return json.loads(base64.urlsafe_b64decode(tokens["access_token"].split(".")[1] + "=="))


def requests_oauthlib():
    session = OAuth2Session(given["client_id"], redirect_uri=given["redirect_uri"], pkce="S256")
    url, _ = session.authorization_url(authorize)
    first = session.fetch_token(token, authorization_response=sent_back(url))
    renewed = session.refresh_token(token, client_id=given["client_id"])
    ended = session.post(metadata["revocation_endpoint"], {"token": renewed["refresh_token"], "client_id": given["client_id"]})
    return [claims(first)["sub"], claims(renewed)["sid"] == claims(first)["sid"], ended.status_code]


def refused_scope():
    session = OAuth2Session(given["client_id"], redirect_uri=given["redirect_uri"], pkce="S256", scope=["openid"])
    url, _ = session.authorization_url(authorize)
    return parse_qs(urlsplit(sent_back(url)).query)["error"]


async def httpx_oauth():
    client = OAuth2(
        given["client_id"],
        "",
        authorize,
        token,
        refresh_token_endpoint=token,
        revoke_token_endpoint=metadata["revocation_endpoint"],
        revocation_endpoint_auth_method="client_secret_basic",  # it has no default
    )
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    url = await client.get_authorization_url(
        given["redirect_uri"], state="state", code_challenge=challenge, code_challenge_method="S256"
    )
    code = parse_qs(urlsplit(sent_back(url)).query)["code"][0]
    first = await client.get_access_token(code, given["redirect_uri"], verifier)
    renewed = await client.refresh_token(first["refresh_token"])
    await client.revoke_token(renewed["refresh_token"], "refresh_token")
    return [claims(first)["sub"], claims(renewed)["sid"] == claims(first)["sid"], 200]


print(json.dumps([requests_oauthlib(), asyncio.run(httpx_oauth()), refused_scope()]))
