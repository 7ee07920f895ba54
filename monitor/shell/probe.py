"""Asks the worker on this machine for a page: ``python -m monitor.shell.probe /readyz``.

Ends with 0 if the answer is 200, and with 1 otherwise. It is for supervisors, which have no
certificate to show where the pages want one (``WEB_CLIENT_CA_FILE``): it shows the worker's own.

Rule: it needs nothing but Python's own library, for it is started every few seconds.
"""

from __future__ import annotations

import os
import ssl
import sys
import urllib.request

_PREFIX = "OUTCOME_MONITOR_WEB_"
_WITHIN_SECONDS = 4


def main(page: str = "/healthz") -> None:
    """Ask for a page.

    Raises:
        OSError: there is no answer, or it is not 200.
    """
    certificate = os.environ.get(f"{_PREFIX}CERTIFICATE_FILE")
    scheme, context = "http", None
    if certificate:
        # On loopback it is ours by its port; its certificate is for the name that others use.
        scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(certificate, os.environ[f"{_PREFIX}KEY_FILE"])
    port = os.environ.get(f"{_PREFIX}PORT") or "9464"
    url = f"{scheme}://127.0.0.1:{port}{page}"
    with urllib.request.urlopen(url, timeout=_WITHIN_SECONDS, context=context):  # noqa: S310
        pass


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"error: {error}")
