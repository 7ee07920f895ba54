"""Signs what schemathesis sends, as its source would, so that it gets past the door."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import strategies as st
from requests.auth import AuthBase

from monitor.shell.signatures import SCHEMES, Hmac

if TYPE_CHECKING:
    from requests import PreparedRequest

SECRET = b"a secret that only this test holds"
MAPPINGS = {
    "bearer": "cloudevents",
    "github": "github_issues",
    "intercom": "intercom",
    "zammad": "zammad",
    "zendesk": "zendesk",
    "chatwoot": "chatwoot",
}
"""A source for each signature, by its name, and one for OpenTelemetry."""
AGENTS = "agents"


class Signer(AuthBase):
    """Proves a request when all of it is known."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        name = (request.path_url.split("/") + [""] * 3)[2].partition("?")[0]
        scheme = SCHEMES.get("bearer" if name == AGENTS else name)
        body = request.body or b""
        if isinstance(scheme, Hmac):
            whole = body.encode() if isinstance(body, str) else body
            assert isinstance(whole, bytes)
            proof = scheme.sign(SECRET, whole, _written(name))
        else:
            proof = {"Authorization": f"Bearer {SECRET.decode()}"}
        request.headers.update(proof)
        return request


def _written(signature: str) -> str:
    now = time.time()
    return datetime.fromtimestamp(now, UTC).isoformat() if signature == "zendesk" else str(int(now))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    del context, case
    kwargs["auth"] = Signer()


schemathesis.openapi.media_type("application/x-protobuf", st.binary(max_size=200))
