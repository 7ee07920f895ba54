"""Runs the gateway: its sources, its connection to Kafka, and its end."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from aiohttp import web
from aiokafka.errors import KafkaError

from monitor.adapters.mapping import load_mapping
from monitor.adapters.references import References
from monitor.shell import log
from monitor.shell.deliveries import Deliveries
from monitor.shell.garbage import collect_seldom
from monitor.shell.gateway import Gateway, Source
from monitor.shell.gateway_file import CLOUDEVENTS, GatewayError, secrets_of, tls_of
from monitor.shell.gateway_metrics import GatewayMetrics
from monitor.shell.intake import CloudEventsIntake, MappedIntake
from monitor.shell.outlet import Outlet
from monitor.shell.signatures import SCHEMES
from monitor.shell.web import listen

if TYPE_CHECKING:
    from pathlib import Path
    from socket import socket

    from monitor.shell.gateway_file import GatewayFile, SourceFile
    from monitor.shell.intake import Intake
    from monitor.shell.settings import Settings

_CONVERSATIONS_MAX = 100_000
_WHOLE_FILES = ("csv", "xes")
_FINISH_SECONDS = 10.0
# Of a broken body aiohttp makes a cycle of eighty objects, so that not many may wait.
_YOUNG, _OLDER = 5_000, 10


def run_gateway(file: GatewayFile, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; what is being written then is written.

    Raises:
        GatewayError: the address is taken, or the certificate or the directory cannot be used.
        MappingError: a mapping has mistakes, or wants a key.
        SettingsError: a secret cannot be read, or no broker answers.
        TopicError: a topic is not as it should be.
    """
    sources = [_source(name, file, settings) for name in file.sources]
    try:
        listener = listen(file.host, file.port)
    except OSError as error:
        raise GatewayError(
            f"{file.host}:{file.port}: {error.strerror}; fix: choose another host or port"
        ) from None
    log.set_up(settings.log_level)
    with listener:
        asyncio.run(_serve(file, settings, sources, listener))


def _source(name: str, file: GatewayFile, settings: Settings) -> Source:
    source = file.sources[name]
    return Source(
        name,
        source,
        secrets_of(name, source),
        _intake(name, source, settings),
        _deliveries(name, file.deliveries),
    )


def _intake(name: str, source: SourceFile, settings: Settings) -> Intake:
    if source.mapping == CLOUDEVENTS:
        return CloudEventsIntake(headers_count=not SCHEMES[source.signature].signs_body)
    references = References(*settings.reference_keys())
    mapping = load_mapping(source.mapping, references, _CONVERSATIONS_MAX)
    if mapping.file.record.format in _WHOLE_FILES:
        raise GatewayError(
            f"sources.{name}.mapping: {mapping.file.record.format} is read from files, which "
            f"requests are not; fix: outcome-monitor map run {source.mapping} --kafka"
        )
    return MappedIntake(mapping)


def _deliveries(name: str, directory: Path | None) -> Deliveries:
    if directory is None:
        return Deliveries()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return Deliveries(directory / f"{name}.taken")
    except OSError as error:
        raise GatewayError(f"deliveries: {error.filename}: {error.strerror}") from None


async def _serve(
    file: GatewayFile, settings: Settings, sources: list[Source], listener: socket
) -> None:
    tls = tls_of(file)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        async with Outlet(settings) as outlet:
            gateway = Gateway(file, sources, outlet, GatewayMetrics(file.sources))
            runner = web.AppRunner(
                gateway.application(), access_log=None, shutdown_timeout=_FINISH_SECONDS
            )
            await runner.setup()
            collect_seldom(_YOUNG, _OLDER)
            assert runner.server is not None, "it is set up"
            server = await asyncio.get_running_loop().create_server(
                gateway.doors.guarded(runner.server, tls), sock=listener
            )
            host, port = listener.getsockname()[:2]
            log.operator.info("taking events at http%s://%s:%s/v1/", "s" if tls else "", host, port)
            await ended.wait()
            log.operator.info("stopping: writing what was sent")
            server.close()
            await runner.cleanup()
    except KafkaError as error:
        raise GatewayError(f"{settings.kafka_bootstrap}: {error}") from None
