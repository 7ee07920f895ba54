"""Says why Kafka cannot be entered, which its clients only log.

To them a broker that is down, one that refuses the password and one that others vouch for are the
same: no connection, to be tried again. So when a client has given up, we knock once ourselves.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from monitor.shell.certificates import causes, name_of
from monitor.shell.settings import SettingsError

if TYPE_CHECKING:
    from monitor.shell.access import Access

_WITHIN_MILLISECONDS = 5_000
_CLOSED_WITHIN_SECONDS = 0.5
# OpenSSL's numbers for a certificate that is fine, but not for this host or at this time.
_NOT_FOR = {62: "host", 64: "host", 9: "time", 10: "time"}


def no_answer(bootstrap: str) -> SettingsError:
    """Say that no broker is where the settings have one."""
    return SettingsError(
        f"{name_of('kafka_bootstrap')}: no Kafka broker answers at {bootstrap}; "
        "fix: start it, or give the address of one that runs"
    )


async def why_refused(access: Access) -> SettingsError:
    """Say why no client gets in, and by which setting it would."""
    addresses = [_host_and_port(address.strip()) for address in access.bootstrap.split(",")]
    found = await asyncio.gather(*(_knock(access, host, port) for host, port in addresses))
    for (host, port), error in zip(addresses, found, strict=True):
        told = None if error is None else _told(access, host, f"{host}:{port}", error)
        if told is not None:
            return SettingsError(told)
    return no_answer(access.bootstrap)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


async def _knock(access: Access, host: str, port: int) -> Exception | None:
    """Come in as a client would, ask a question, and give what comes of it if not an answer."""
    connection = AIOKafkaConnection(
        host, port, request_timeout_ms=_WITHIN_MILLISECONDS, **access.security
    )
    try:
        await connection.connect()
        # To what comes before it, brokers of any security protocol answer.
        await connection.send(MetadataRequest([]))
    except (OSError, KafkaError, TimeoutError) as error:
        return error
    else:
        return None
    finally:
        # Where nothing was opened, it never says that it is closed.
        await asyncio.wait([connection.close()], timeout=_CLOSED_WITHIN_SECONDS)


def _told(access: Access, host: str, address: str, error: Exception) -> str | None:
    """What an error says to an operator; nothing if it may as well be that no broker is there."""
    for one in causes(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return _of_certificate(host, address, one)
        if isinstance(one, ssl.SSLError) and "ALERT" in (one.reason or ""):
            return _of_alert(address, one)
        if isinstance(one, SaslAuthenticationFailed):
            return (
                f"{name_of('kafka_password_file')}: {address} refuses the user "
                f"{access.security['sasl_plain_username']} or the password; fix: give the "
                "password that the brokers know, or have the user made there"
            )
        if isinstance(one, UnsupportedSaslMechanismError):
            return (
                f"{name_of('kafka_sasl_mechanism')}: {address} does not take "
                f"{access.security['sasl_mechanism']}; fix: set one that the listener enables"
            )
        if isinstance(one, (ssl.SSLError, ConnectionResetError, EOFError, IllegalSaslStateError)):
            return (
                f"{name_of('kafka_security_protocol')}: {address} hangs up on a client that speaks "
                f"{access.security.get('security_protocol', 'PLAINTEXT')}; fix: set the protocol "
                "of that listener, give the address of another one, or wait if it only starts"
            )
    return None


def _of_certificate(host: str, address: str, error: ssl.SSLCertVerificationError) -> str:
    what = error.verify_message
    match _NOT_FOR.get(error.verify_code):
        case "host":
            return (
                f"{name_of('kafka_bootstrap')}: the certificate of {address} is not for {host} "
                f"({what}); fix: give the name that is in it, or have this one put into it"
            )
        case "time":
            return (
                f"{name_of('kafka_bootstrap')}: the certificate of {address} is not for today "
                f"({what}); fix: renew it, or set the clock of this machine"
            )
    return (
        f"{name_of('kafka_ca_file')}: it does not vouch for the certificate of {address} ({what}); "
        "fix: give the certificate of the CA that issued it"
    )


def _of_alert(address: str, error: ssl.SSLError) -> str:
    return (
        f"{name_of('kafka_certificate_file')}: {address} does not accept our certificate, or that "
        f"we have none ({error.reason}); fix: give one that is valid and of a CA that the "
        "brokers trust, with its key"
    )
