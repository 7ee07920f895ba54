"""Apache Kafka itself, one node in KRaft mode, on loopback, for as long as a test needs it.

Its jars come from Maven Central once and stay in ``.cache/kafka``, one directory for each
version of the pom. It can be stopped, killed and started again on the same data, which is
what proofs of durability need and what the embedded broker cannot do.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from monitor.shell.child import LOOPBACK, ChildError, ChildProcess, free_port
from monitor.shell.embedded import answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOW_TO_GET_IT = "install Java 17 and Maven"
MESSAGE_BYTES_MAX = 16 * 1024 * 1024

_POM = Path(__file__).parent / "kafka" / "pom.xml"
_CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
_CLUSTER_ID = "b3V0Y29tZS1tb25pdG9yLQ"  # 16 bytes in base64, as the format tool wants them
_JAVA = ("java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-Dlog4j2.level=WARN")
# The compiler that makes a JVM fast in the end costs more than a test lives to get back.
_BRIEF = "-XX:TieredStopAtLevel=1"

# One node keeps every internal topic alone. They get few partitions, so that the first group
# or transaction does not wait for fifty of each to be made. The broker's session is short
# because after a kill the controller lets it back only when the old session has run out.
_SETTINGS = f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{LOOPBACK}:{{controller_port}}
listeners=PLAINTEXT://{LOOPBACK}:{{port}},CONTROLLER://{LOOPBACK}:{{controller_port}}{{inside}}
advertised.listeners=PLAINTEXT://{LOOPBACK}:{{port}}{{outside}}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{{protocols}}
log.dirs={{data}}
auto.create.topics.enable=false
message.max.bytes={MESSAGE_BYTES_MAX}
replica.fetch.max.bytes={MESSAGE_BYTES_MAX}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
"""


# Of a batch in a log: its length behind the first offset, and whether it is a transaction's mark.
_LENGTH = struct.Struct(">8xi")
_ATTRIBUTES = struct.Struct(">21xh")
_IS_A_MARK = 0x20


class Doorway(NamedTuple):
    """A listener to which clients come by another port: whoever carries it on can break it."""

    outside: int
    inside: int


class Safeguards(NamedTuple):
    """Listeners by their security protocol, the settings of these, and who may come in."""

    ports: Mapping[str, int]
    settings: str
    users: Sequence[str]


class ApacheKafka:
    """A broker on data of its own; the ``with`` block starts it, and removes it at the end."""

    def __init__(
        self, doorways: int = 0, safeguards: Safeguards | None = None, *, brief: bool = False
    ) -> None:
        """Listen for clients that come directly, and behind so many doorways or safeguards.

        A ``brief`` one starts sooner and is slower under load: it is for tests, not for benches.
        """
        self._safeguards = safeguards
        self.doorways = [Doorway(free_port(), free_port()) for _ in range(doorways)]
        self._directory = tempfile.TemporaryDirectory(prefix="outcome-monitor-kafka-")
        home = Path(self._directory.name)
        self._data = home / "data"
        self._settings = home / "server.properties"
        self._port = port = free_port()
        self._settings.write_text(
            _SETTINGS.format(
                port=port, controller_port=free_port(), data=self._data, **self._listeners()
            )
            + (safeguards.settings if safeguards else "")
        )
        self._process = ChildProcess(
            "Apache Kafka",
            [*_java(home), *([_BRIEF] if brief else []), "kafka.Kafka", str(self._settings)],
            is_ready=lambda: answers(port),
            log=home / "broker.log",
            environment={"PATH": os.environ["PATH"]},
        )

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def log(self) -> Path:
        return self._process.log

    def start(self) -> None:
        """Start on the data that is there, made on the first start, and wait for an answer."""
        if not self._data.exists():
            self._format()
        self._process.start(within_seconds=180)

    def stop(self, grace_seconds: float = 30) -> None:
        """End it in good order, if it does so in time: what it promised is on disk."""
        self._process.stop(grace_seconds=grace_seconds)

    def kill(self) -> None:
        """End it as a power cut would, but for what the operating system still writes."""
        self._process.kill()

    def forget_marks(self, topic: str) -> None:
        """Take off, while it is down, the mark of a transaction with which each partition ends.

        One that is killed between a commit and its marks may come back like this (KAFKA-20734).
        """
        for log in self._data.glob(f"{topic}-*/*.log"):
            content, begin, end = log.read_bytes(), 0, 0
            while end < len(content):
                begin, end = end, end + _LENGTH.size + _LENGTH.unpack_from(content, end)[0]
            if content and _ATTRIBUTES.unpack_from(content, begin)[0] & _IS_A_MARK:
                os.truncate(log, begin)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Nobody will read this data again, so there is nothing to wait for.
        self.kill()
        self._directory.cleanup()

    def _listeners(self) -> dict[str, str]:
        listeners = [
            (f"DOOR{n}", "PLAINTEXT", one.outside, one.inside)
            for n, one in enumerate(self.doorways)
        ]
        for protocol, port in self._safeguards.ports.items() if self._safeguards else ():
            listeners.append((protocol, protocol, port, port))
        return {
            "inside": "".join(f",{name}://{LOOPBACK}:{port}" for name, _, _, port in listeners),
            "outside": "".join(f",{name}://{LOOPBACK}:{port}" for name, _, port, _ in listeners),
            "protocols": "".join(f",{name}:{protocol}" for name, protocol, _, _ in listeners),
        }

    def _format(self) -> None:
        tool = subprocess.run(
            [
                *(*_java(self._data.parent), _BRIEF, "kafka.tools.StorageTool", "format"),
                *("--cluster-id", _CLUSTER_ID, "--config", str(self._settings)),
                *(self._safeguards.users if self._safeguards else ()),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        if tool.returncode:
            raise ChildError(f"Apache Kafka's storage was not formatted:\n{tool.stderr}")


def missing() -> str | None:
    """Say what this machine lacks to run Apache Kafka, or None."""
    absent = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if absent:
        return f"{' and '.join(absent)} not found: {HOW_TO_GET_IT}"
    said = subprocess.run(["java", "-version"], check=False, capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < 17:
        return f"java is too old or broken ({said.strip()[:80]}): {HOW_TO_GET_IT}"
    return None


def _java(directory: Path) -> tuple[str, ...]:
    """Return the command up to the name of the class, with temporary files kept together."""
    return (*_JAVA, f"-Djava.io.tmpdir={directory}", "-cp", f"{_jars()}/*")


def _jars() -> Path:
    """Return the directory of the jars, which Maven fills the first time."""
    jars = _CACHE / hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        # Tests run in several processes; one fetches, and the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.is_dir():
            _fetch(jars)
    return jars


def _fetch(jars: Path) -> None:
    # Filled aside and then renamed: a directory that is there is complete.
    aside = Path(tempfile.mkdtemp(dir=_CACHE, prefix="partial-"))
    try:
        subprocess.run(
            [
                *("mvn", "-q", "-B", "-Dstyle.color=never", "-f", str(_POM)),
                *("dependency:copy-dependencies", f"-DoutputDirectory={aside}"),
            ],
            check=True,
        )
        aside.rename(jars)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
