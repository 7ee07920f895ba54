"""How a worker's pages are entered: what they show and ask for, and what is shown to them.

With a certificate the pages speak TLS. With a CA for clients, whoever connects proves by a
certificate of it who they are, before anything is said; a token is wanted beside it if there is
one. Workers ask each other, and operators' commands ask workers, by the same settings.

Rule: whoever asks a worker's pages does so with a `Proof`.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

from monitor.shell.certificates import authority, causes, name_of, refuse, require_pair, show

if TYPE_CHECKING:
    from monitor.shell.settings import Settings

_CERTIFICATE, _KEY, _CLIENT_CA = "web_certificate_file", "web_key_file", "web_client_ca_file"
_URL = "web_url"
# In one step each side takes what the other one has said; a handshake needs three.
_STEPS = 4


@dataclass(frozen=True, slots=True)
class Proof:
    """What is shown to a worker that is asked, and whom that worker must be vouched for by."""

    token: str | None = field(default=None, repr=False)
    #: For TLS; without one, the machine's own authorities are believed, and nothing is shown.
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    def session(self, within_seconds: float) -> aiohttp.ClientSession:
        """Ask with it; each answer must come in time."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self.tls or True),
            timeout=aiohttp.ClientTimeout(total=within_seconds),
            headers=self.headers,
        )


NOTHING = Proof()


def proof_of(settings: Settings) -> Proof:
    """What the settings say is shown to workers.

    Raises:
        SettingsError: they do not go together, or a file cannot be used.
    """
    token = settings.web_token()
    require_pair(settings, _CERTIFICATE, _KEY)
    if settings.web_certificate_file is None:
        if settings.web_client_ca_file is not None:
            refuse(
                _CERTIFICATE,
                f"it is not set, but {name_of(_CLIENT_CA)} is, and without TLS nobody shows a "
                f"certificate; fix: set it, and {name_of(_KEY)}",
            )
        return Proof(token)
    return Proof(token, _asking(settings))


def pages_tls(settings: Settings) -> ssl.SSLContext | None:
    """The TLS of a worker's pages; none if they are spoken to in the open.

    Raises:
        SettingsError: the settings do not go together, a file cannot be used, or the CA does not
            vouch for our own certificate, so that no worker would get an answer of another.
    """
    asking = proof_of(settings).tls
    if asking is None:
        return None
    if (settings.web_url or "").startswith("http:"):
        refuse(_URL, f"it is http, but {name_of(_CERTIFICATE)} is set; fix: give it with https")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    show(context, settings, _CERTIFICATE, _KEY)
    ca = settings.web_client_ca_file
    if ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority(_CLIENT_CA, ca))
        _require_that_we_would_get_in(context, settings)
    return context


def why_no_answer(url: str, error: Exception) -> str | None:
    """What an error says of TLS between a worker and who asks it, and the fix; None if nothing."""
    if not url.startswith("https:"):
        return None
    for one in causes(error):
        # aiohttp's own call themselves errors of TLS, and know nothing of it.
        known = not isinstance(one, aiohttp.ClientError)
        if known and isinstance(one, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not believed ({one.verify_message}); fix: give the address by "
                f"a name that is in it, and set {name_of(_CLIENT_CA)} as the worker has it"
            )
        # The alert that says so may be lost when it hangs up.
        hangs_up = isinstance(one, (ConnectionResetError, aiohttp.ServerDisconnectedError))
        if hangs_up or (known and isinstance(one, ssl.SSLError) and "ALERT" in (one.reason or "")):
            return (
                "it does not accept our certificate, or that we have none; fix: set "
                f"{name_of(_CERTIFICATE)} and {name_of(_KEY)} to one of the CA that it believes"
            )
    return None


def _asking(settings: Settings) -> ssl.SSLContext:
    ca = settings.web_client_ca_file
    # Where clients are vouched for by a CA, so are the workers, who are clients of each other.
    context = ssl.create_default_context(cadata=None if ca is None else authority(_CLIENT_CA, ca))
    show(context, settings, _CERTIFICATE, _KEY)
    return context


def _require_that_we_would_get_in(pages: ssl.SSLContext, settings: Settings) -> None:
    """Greet ourselves as another worker would; under which name, is for that one to look at."""
    asking = _asking(settings)
    asking.check_hostname = False
    to_pages, from_pages = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        asking.wrap_bio(from_pages, to_pages),
        pages.wrap_bio(to_pages, from_pages, server_side=True),
    )
    for _ in range(_STEPS):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                refuse(
                    _CLIENT_CA,
                    f"it does not vouch for {settings.web_certificate_file} as the certificate of "
                    f"a server and of a client ({error.verify_message}), so workers could not ask "
                    "each other; fix: give the CA that issued it, or have it issued anew for both",
                )
