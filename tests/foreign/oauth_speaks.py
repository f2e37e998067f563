"""Authlib as an OAuth client of the edge, unmodified; Authlib and PyJWT as its verifiers, with the examples of docs/verify.md."""

import json
import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the edge is on loopback
from authlib.integrations.requests_client import OAuth2Session  # noqa: E402

given = json.load(sys.stdin)
metadata = OAuth2Session().get(given["url"] + "/.well-known/oauth-authorization-server", withhold_token=True).json()
client = OAuth2Session(
    given["appid"],
    token_endpoint_auth_method="none",
    revocation_endpoint_auth_method="none",
)
tokens = client.fetch_token(
    metadata["token_endpoint"],
    grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token=given["code"],
    subject_token_type="urn:wechat:params:oauth:token-type:js-code",
)
renewed = client.refresh_token(metadata["token_endpoint"], tokens["refresh_token"])

users = []
for source in given["verifiers"]:
    module = {}
    exec(source, module)
    users.append(module["user_of"](renewed["access_token"]))
    try:
        module["user_of"](renewed["access_token"][:-4] + "AAAA")
        sys.exit("a wrong signature was accepted")
    except Exception:  # each library has its own
        pass

backend = OAuth2Session(*given["backend"], token_endpoint_auth_method="client_secret_basic")
ask = lambda: backend.introspect_token(metadata["introspection_endpoint"], token=renewed["access_token"]).json()
before = ask()
revoked = client.revoke_token(metadata["revocation_endpoint"], token=renewed["refresh_token"])
print(json.dumps({"users": users, "before": before, "revoked": revoked.status_code, "after": ask()}))
