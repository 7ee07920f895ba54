"""What the documents speak of, on this machine: a broker, a filled worker, Prometheus and so on.

Where a page names a place of the reader's (`kafka-1:9092`, `/etc/prometheus`), the one that is here
stands for it. What is not to be had here, a cluster of Kubernetes, is a program that looks at what
it is told.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from monitor.adapters.samples import sample
from monitor.shell.child import LOOPBACK, free_port
from monitor.shell.embedded import EmbeddedBroker
from monitor.shell.settings import PREFIX
from schemas.published import DEAD_LETTERS
from tests.adapters.records import OPENED, incident
from tests.certificates import Authority
from tests.integration.traffic import read_all
from tests.integration.worker import PARTITIONS, Worker
from tests.monitoring.servers import Server
from tests.monitoring.stack import RULES, Stack, answers, fetch
from tests.page.stories import ENDS, messages, tell
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 300
INCIDENT = "INC0002057"
PASSED_ON = incident("group.reassigned", 2, at="09:10", to_group="Group 2", count_delta=1)
#: They run until they are stopped; a page of theirs says when they are up.
SERVERS = {"worker": "/readyz", "ingest": "/healthz", "notify": "/healthz"}
#: Settings that are only named are read as the command would that comes next.
READ_SETTINGS = f"""{sys.executable} -c '
from monitor.shell.access import access_of
from monitor.shell.settings import read_settings
access_of(read_settings()); read_settings().reference_keys()'"""
PROGRAMS = {
    # It shows what is at each address, and fails where there is nothing.
    "curl": f"""#!{sys.executable}
import sys, urllib.request
for url in sys.argv[1:]:
    if url != "-s":
        print(urllib.request.urlopen(url, timeout=30).read().decode())
""",
    # Files must be there, and what is run in a pod is run.
    "kubectl": """#!/bin/sh -e
while [ $# -gt 0 ]; do
  case $1 in
    --from-file=*) test -r "${1#--from-file=}" ;;
    --) shift; exec "$@" ;;
  esac
  shift
done
""",
    "helm": """#!/bin/sh -e
for word; do last=$word; done
test "$1 $4" = "install --values" && test -r "$5" && test -r "$last/Chart.yaml"
""",
    # Users are those that were added, and files lie where they are said to lie.
    "useradd": """#!/bin/sh -e
for word; do last=$word; done
echo "$last" >>"$0.d"
""",
    "chown": """#!/bin/sh -e
grep -qx "$1" "${0%chown}useradd.d" && shift
for file; do test -e "$file"; done
""",
    # What is started has a unit, whose user was added before.
    "systemctl": """#!/bin/sh -e
test "$1" = enable || exit 0
shift 2
for one; do
  case $one in *@*) unit=${one%@*}@ ;; *) unit=$one ;; esac
  file=${0%bin/systemctl}units/$unit.service
  user=$(sed -n -e 's/^User=//p' -e 's/^DynamicUser=yes/-/p' "$file")
  test "$user" = - || grep -qx "$user" "${0%systemctl}useradd.d"
done
""",
}


class Rules(Stack):
    """A Prometheus with our rules as they are shipped, for the doctor holds them against ours."""

    def _rules(self) -> None:
        shutil.copytree(RULES, self._directory / "rules")


@dataclass
class World:
    """Everything, and by what names the pages call it."""

    directory: Path
    bootstrap: str
    worker: Worker
    prometheus: Stack
    names: dict[str, str]

    def page(self, name: str) -> Page:
        """Somebody who reads a page, in a directory with the files that it takes for granted."""
        directory = self.directory / name.replace("/", "-")
        directory.mkdir()
        for link in ("deploy", "monitor"):
            (directory / link).symlink_to(ROOT / link)
        (directory / ".venv").symlink_to(sys.prefix)
        for file in ("slo.toml", "ca.pem"):
            shutil.copy(self.directory / file, directory)
        for secret in ("user", "password", "zendesk.secret", "assistant.secret"):
            (directory / secret).write_text("a word that opens nothing\n")
        (directory / "chat-url").write_text(f"http://{LOOPBACK}:9/\n")
        (directory / "policy.toml").write_text('version = "ours"\n')
        _write_logs(directory, raw=name == "README.md")
        return Page(self, directory)


@dataclass
class Page:
    """A reader at a terminal."""

    world: World
    directory: Path

    def here(self, text: str) -> str:
        """Let what is here stand for what the page names."""
        for name, ours in self.world.names.items():
            text = text.replace(name, ours)
        for place in ("/etc/prometheus", "/var/lib/prometheus", "/var/lib"):
            text = text.replace(place, str(self.directory))
        return text

    def says(self, script: str) -> str:
        """Run what the page says, and give what was written; servers are stopped when they are up.

        The doctor may find something: here not all is as it should be.
        """
        lines = self.here(script).strip().splitlines()
        program, *words = (lines[-1].split("#")[0].split() or [""])[:2]
        if program == "export":
            lines.append(READ_SETTINGS)
        if "doctor" in script:
            lines[-1] += " || test $? = 1"
        command = ["/bin/sh", "-ec", "\n".join(lines)]
        if program.endswith("outcome-monitor") and words[0] in SERVERS:
            return self._serves(command, SERVERS[words[0]])
        ran = subprocess.run(
            command,
            cwd=self.directory,
            env=self._environment(self.world.worker.port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert ran.returncode == 0, f"{script}\n{ran.stdout}"
        return ran.stdout

    def _serves(self, command: list[str], healthy: str) -> str:
        port = free_port()
        gateway = self.directory / "gateway.toml"
        if gateway.exists():
            gateway.write_text(f"port = {port}\n{gateway.read_text()}")
        said = self.directory / "said"
        with (
            said.open("w") as written,
            subprocess.Popen(
                command,
                cwd=self.directory,
                env=self._environment(port),
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as running,
        ):
            try:
                deadline = time.monotonic() + PATIENCE
                while not answers(f"http://{LOOPBACK}:{port}{healthy}"):
                    assert running.poll() is None, said.read_text()
                    assert time.monotonic() < deadline, said.read_text()
                    time.sleep(0.2)
            finally:
                os.killpg(running.pid, signal.SIGTERM)
                running.wait(PATIENCE)
        return said.read_text()

    def _environment(self, port: int) -> dict[str, str]:
        settings = {
            "KAFKA_BOOTSTRAP": self.world.bootstrap,
            "PARTITIONS": str(PARTITIONS),
            "HASH_KEY_FILE": "hash.key",
            "GROUP": f"docs-{port}",
            "WEB_PORT": str(port),
            "NOTIFY_WEB_PORT": str(port),
            "SESSION_TIMEOUT_SECONDS": "6",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        path = f"{self.world.directory / 'bin'}:{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"
        return (
            kept
            | {PREFIX + name: value for name, value in settings.items()}
            | {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
        )


@contextmanager
def world(directory: Path) -> Iterator[World]:
    """Start all of it, and fill it: customers with whom things went wrong, and a bad record."""
    with ExitStack() as ending:
        broker = ending.enter_context(EmbeddedBroker())
        worker = ending.enter_context(Worker(broker.bootstrap, "docs", directory / "worker"))
        hook = ending.enter_context(Server(lambda *_: ""))
        prometheus = ending.enter_context(
            Rules(directory / "stack", [worker.port], f"http://{LOOPBACK}:{hook.port}")
        )
        tell(broker.bootstrap, messages())
        asyncio.run(_send_what_is_no_event(broker.bootstrap))
        worker.wait_until_applied(ENDS.timestamp())
        for program, text in PROGRAMS.items():
            path = directory / "bin" / program
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        (directory / "units").mkdir()
        names = _names(directory, broker.bootstrap, worker, prometheus)
        yield World(directory, broker.bootstrap, worker, prometheus, names)


def _names(directory: Path, bootstrap: str, worker: Worker, prometheus: Stack) -> dict[str, str]:
    pages = f"http://{LOOPBACK}:{worker.port}"
    (finding,) = fetch(f"{pages}/api/v1/findings?limit=1")["findings"]
    (letter, *_) = asyncio.run(read_all(bootstrap, DEAD_LETTERS))
    _write_keys(directory)
    return {
        f"http://{LOOPBACK}:9464": pages,
        f"http://{LOOPBACK}:9466": pages,
        "http://10.1.2.3:9464": pages,
        "http://outcomes-outcome-monitor-worker:9464": pages,
        f"http://{LOOPBACK}:9090": prometheus.url,
        "http://prometheus:9090": prometheus.url,
        f"http://{LOOPBACK}:9093": prometheus.alertmanager,
        "kafka-1:9092,kafka-2:9092": bootstrap,
        "PARTITIONS=12": f"PARTITIONS={PARTITIONS}",
        "/etc/outcome-monitor": str(directory),
        "/etc/systemd/system": str(directory / "units"),
        "/opt/outcome-monitor": sys.prefix,
        "0123456789abcdef0123456789abcdef": finding["journey"],
        "2f6d6a1f5c0b4e7d9a3b8c1d2e4f5a6b": finding["journey"],
        "CONVERSATION": "chat-17",
        "CUSTOMER_REF": "secret-17",
        "0/17": f"{letter.partition}/{letter.offset}",
        "2026-10-28T00:00:00Z": f"{ENDS - timedelta(days=1):%Y-%m-%dT%H:00:00Z}",
        "2026-11-26T21:00:00Z": f"{ENDS:%Y-%m-%dT%H:00:00Z}",
    }


def _write_keys(directory: Path) -> None:
    issued = Authority(directory / "authority").issue("client")
    shutil.copy(issued.certificate, directory / "client.pem")
    shutil.copy(issued.key, directory / "client.key")
    shutil.copy(directory / "authority" / "ca.pem", directory)
    shutil.copy(ROOT / "deploy" / "slo.toml", directory)
    (directory / "kafka-user").write_text("monitor\n")
    (directory / "kafka-password").write_text("a word that opens nothing\n")


def _write_logs(directory: Path, *, raw: bool) -> None:
    """Logs of an incident that our sample has, and of the customers that the worker knows."""
    records = [record | {"case_id": INCIDENT} for record in (OPENED, PASSED_ON)]
    for name, record in zip(("first.jsonl", "second.jsonl"), records, strict=True):
        (directory / name).write_text(f"{json.dumps(record)}\n")
    incidents = directory / "incidents.jsonl.gz"
    if raw:
        incidents.write_bytes(gzip.compress((directory / "first.jsonl").read_bytes()))
    else:
        # Of others' incidents only the end of the log would be another.
        lines = gzip.decompress(sample("uci_incident").read_bytes()).splitlines(keepends=True)
        kept = [line for line in lines if INCIDENT.encode() in line]
        incidents.write_bytes(gzip.compress(b"".join(kept)))
    told = [message.value for message in messages() if message.value is not None]
    (directory / "events.jsonl.gz").write_bytes(gzip.compress(b"\n".join(told)))


async def _send_what_is_no_event(bootstrap: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait("cx.conversations", b"no event", partition=0)
