"""Certificates, keys and CAs that settings name, read so that a wrong one is refused by its name.

A key that wants a password is refused, for OpenSSL would ask for it on the terminal.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, NoReturn

from monitor.shell.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.shell.settings import Settings


def name_of(setting: str) -> str:
    """What the operator calls it."""
    return PREFIX + setting.upper()


def refuse(setting: str, what: str) -> NoReturn:
    """Refuse to start because of a setting.

    Raises:
        SettingsError: always.
    """
    raise SettingsError(f"{name_of(setting)}: {what}")


def read(setting: str, file: Path) -> bytes:
    """What a file says that a setting names.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        refuse(setting, f"{file}: {error.strerror}; fix: give a file that this user can read")


def require_pair(settings: Settings, certificate: str, key: str) -> None:
    """Refuse a certificate without its key, and a key without its certificate.

    Raises:
        SettingsError: only one of the two settings is set.
    """
    for name, other in ((certificate, key), (key, certificate)):
        if getattr(settings, name) is not None and getattr(settings, other) is None:
            refuse(other, f"it is not set, but {name_of(name)} is; fix: set both, or neither")


def authority(setting: str, ca: Path) -> str:
    """The certificate of the CA that a setting names, in PEM, for a context's `cadata`.

    Raises:
        SettingsError: it is none, or cannot be read.
    """
    told = read(setting, ca).decode("ascii", "replace")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=told)
    except (ssl.SSLError, ValueError):
        refuse(setting, f"{ca} holds no certificate; fix: give the CA's, in PEM")
    return told


def show(context: ssl.SSLContext, settings: Settings, certificate: str, key: str) -> None:
    """Let a context show the certificate that two settings name, if they name one.

    Raises:
        SettingsError: they are no pair, the key is encrypted, or one cannot be read.
    """
    require_pair(settings, certificate, key)
    shown: Path | None = getattr(settings, certificate)
    kept: Path | None = getattr(settings, key)
    if shown is None or kept is None:
        return
    read(certificate, shown)
    read(key, kept)
    try:
        context.load_cert_chain(shown, kept, password=lambda: _refuse_encrypted(key, kept))
    except ssl.SSLError as error:
        refuse(
            key,
            f"{kept} and {shown} are no pair of key and certificate ({error.reason}); "
            "fix: give the key that the certificate was issued for, both in PEM",
        )


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came of: a client tells of TLS somewhere behind its own words."""
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _refuse_encrypted(setting: str, key: Path) -> NoReturn:
    refuse(
        setting,
        f"{key} is encrypted; fix: openssl pkey -in {key} -out FILE, and let only the user that "
        "runs this read FILE",
    )
