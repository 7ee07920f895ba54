"""Certificates for a test, made by the openssl program: an authority, and what it issues."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_SAYS = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


class Issued(NamedTuple):
    """A certificate and its key, in PEM."""

    certificate: Path
    key: Path


class Authority:
    """Issues certificates in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self._directory = directory
        self.certificate = directory / "ca.pem"
        _openssl(
            *("req", "-x509", *_KEY, "-subj", "/CN=an authority", "-days", "2"),
            *("-keyout", directory / "ca.key", "-out", self.certificate),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def issue(self, name: str, *, for_: str = "", days: int = 2, usage: str = "") -> Issued:
        """Issue a certificate to somebody; ``for_`` is a host's, such as ``IP:127.0.0.1``.

        With fewer than no days it has run out. For any ``usage``, or one, such as ``serverAuth``.
        """
        issued = Issued(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        request, says = self._directory / f"{name}.csr", self._directory / f"{name}.ext"
        more = {"subjectAltName": for_, "extendedKeyUsage": usage}
        says.write_text(_SAYS + "".join(f"{key}={one}\n" for key, one in more.items() if one))
        _openssl(
            "req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", issued.key, "-out", request
        )
        _openssl(
            *("x509", "-req", "-in", request, "-days", str(days), "-extfile", says),
            *("-CA", self.certificate, "-CAkey", self._directory / "ca.key"),
            *("-out", issued.certificate),
        )
        return issued


def encrypted(key: Path) -> Path:
    """Give a copy of a key that wants a password."""
    kept = key.with_suffix(".encrypted")
    _openssl("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", kept)
    return kept


def _openssl(*words: str | Path) -> None:
    if shutil.which("openssl") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have openssl, which makes the certificates")
        pytest.skip("openssl is not here; Debian, Ubuntu: apt install openssl")
    run = subprocess.run(["openssl", *words], check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
