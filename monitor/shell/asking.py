"""Asks a worker, from outside of its group, how a journey stands. `inquiry.py` answers."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from monitor.operator_error import FailureError, OperatorError
from monitor.shell.settings import PREFIX
from monitor.shell.web_access import NOTHING, why_no_answer
from schemas.published import HASH_CHARACTERS

if TYPE_CHECKING:
    from monitor.shell.web_access import Proof

    Answer = dict[str, Any]

PATH = "/explain"
CUSTOMER_HEADER = "Customer-Reference"
#: The owners that the worker asks in its turn.
ANSWERED_WITHIN_SECONDS = 10


_PUBLISHED = re.compile(rf"[0-9a-f]{{{HASH_CHARACTERS}}}")


class AddressError(OperatorError):
    """What was given is not the address of a worker's pages. The message says what is."""


class InquiryError(FailureError):
    """A worker gave no answer to what was asked. The message says what to do."""


def ask(worker: str, case: str, customer: str | None, proof: Proof = NOTHING) -> Answer:
    """Ask a worker; ``proof`` is what it wants to be shown.

    Raises:
        AddressError: that is no address.
        InquiryError: it does not answer, or knows no such case.
    """
    query = urllib.parse.urlencode({"case": case})
    headers = {} if customer is None else {CUSTOMER_HEADER: urllib.parse.quote(customer)}
    headers |= proof.headers
    url = f"{worker.rstrip('/')}{PATH}?{query}"
    if not url.startswith(("http://", "https://")):
        raise AddressError(f"--worker {worker}: give the address of its pages, http://host:port")
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # it is http by now
    try:
        with urllib.request.urlopen(  # noqa: S310  # as above
            request, timeout=3 * ANSWERED_WITHIN_SECONDS, context=proof.tls
        ) as response:
            answer: Answer = json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            raise InquiryError(_refusal(case, error)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = why_no_answer(url, error) or (
            "no worker answers there; fix: give the address that its log calls "
            "http://…/metrics, without the page"
        )
        raise InquiryError(f"{worker}: {why}") from None
    return answer


def is_published(name: str) -> bool:
    """Whether this can be the name under which a journey is published."""
    return _PUBLISHED.fullmatch(name) is not None


def how_to_recall(case: str) -> str:
    """What to do about a journey that no worker remembers."""
    # A log has conversations, and not the names under which journeys are published.
    named = (
        "its conversation, which cx.outcomes and cx.findings tell," if is_published(case) else "it"
    )
    return (
        "one is kept while anything in it is open or on trial, 30 days by default; "
        f"fix: explain {named} from the log: outcome-monitor explain CONVERSATION --log FILE"
    )


def _refusal(case: str, error: urllib.error.HTTPError) -> str:
    match error.code:
        case 401:
            return (
                "the worker wants to be shown its token; fix: name its file by "
                f"{PREFIX}WEB_TOKEN_FILE"
            )
        case 404:
            return (
                f"{case}: no worker remembers such a case, conversation or journey; "
                f"{how_to_recall(case)}"
            )
        case 503:
            silent = json.load(error).get("without_answer", [])
            return (
                f"{case}: not found, but partitions {', '.join(map(str, silent))} gave no answer; "
                "fix: ask again when all workers are ready"
            )
    return f"the worker answers {error.code}"
