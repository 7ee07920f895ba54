"""A program that we start, wait for, and never leave behind. And ports for it on loopback."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import time
from typing import TYPE_CHECKING

from monitor.operator_error import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LOOPBACK = "127.0.0.1"

# Below the range from which the kernel draws ports for outgoing connections. A client that
# calls a stopped broker on a port inside that range can be given the same port as its own,
# connect to itself, and so keep the broker from coming back.
_PORTS = range(20_000, 32_768)


class ChildError(OperatorError):
    """A child could not be started, with the reason and, where we know it, the fix."""


class ChildProcess:
    """A child process: started until it is ready, stopped until it is reaped."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        is_ready: Callable[[], bool],
        log: Path,
        environment: Mapping[str, str],
    ) -> None:
        """Describe the child; nothing runs before ``start``.

        Args:
            name: What messages call it.
            command: The program and its arguments.
            is_ready: Asked again and again until it answers yes.
            log: Where its output goes; it runs in the same directory.
            environment: The whole environment that it sees.
        """
        self.log = log
        self._name = name
        self._command = command
        self._is_ready = is_ready
        self._environment = environment
        self._guard: subprocess.Popen[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is a child."""
        return self._child.pid if self._child else None

    def start(self, *, within_seconds: float) -> None:
        """Start the child and wait until it is ready.

        Raises:
            ChildError: It ended, or was not ready in time; the end of its log says why.
        """
        if self._child:
            raise ChildError(f"{self._name} is already running")
        try:
            self._spawn()
            self._wait_until_ready(within_seconds)
        except BaseException:
            self.kill()
            raise

    def check(self) -> None:
        """Find out whether the child has ended by itself.

        Raises:
            ChildError: It has; the end of its log says why.
        """
        status = self._child.poll() if self._child else None
        if status is not None:
            raise ChildError(self.obituary(f"ended with status {status}"))

    def obituary(self, what: str) -> str:
        """Say what became of the child, and quote the end of its log."""
        last_lines = self.log.read_text(errors="replace").splitlines()[-20:]
        return "\n".join([f"{self._name} {what}; its log ends:", *last_lines])

    def stop(self, *, grace_seconds: float) -> int | None:
        """Ask the child to end, insist after the grace period, reap it; return its status."""
        status = None
        if self._child:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self._child.wait(grace_seconds)
        self.kill()
        return status

    def kill(self) -> None:
        """End the child without asking it, and reap it."""
        if self._child:
            self._child.kill()
            self._child.wait()
            self._child = None
        if self._guard:
            self._guard.communicate()  # ends its read, so it ends what is left, and itself
            self._guard = None

    def _spawn(self) -> None:
        # The guard reads from a pipe whose other end only we hold. When we die, however we die,
        # the read ends, and the guard kills its process group: the child, and itself. Having
        # a group of their own also keeps Ctrl-C from them: the child serves until we are done.
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", "read -r _; kill -KILL 0"], stdin=subprocess.PIPE, process_group=0
        )
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - the command is ours, not a user's
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.log.parent,
                env=self._environment,
                process_group=self._guard.pid,
            )

    def _wait_until_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise ChildError(self.obituary(f"was not ready within {seconds:g} s"))
            time.sleep(0.02)


def free_port() -> int:
    """Return a loopback port on which nobody listens now."""
    for port in random.SystemRandom().sample(_PORTS, 100):
        with contextlib.suppress(ChildError):
            return claimed(port)
    raise ChildError(f"no free loopback port found from {_PORTS.start} to {_PORTS.stop - 1}")


def claimed(port: int) -> int:
    """Return the port if nobody listens there, so that we never take another program for ours.

    Raises:
        ChildError: somebody does.
    """
    try:
        with socket.create_server((LOOPBACK, port)):
            return port
    except OSError as error:
        raise ChildError(f"port {port} on {LOOPBACK} is in use; choose another") from error
