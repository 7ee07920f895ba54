"""Workers that have seen the stories, and what they answer."""

from __future__ import annotations

import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from monitor.core.reading import Reading  # noqa: TC001  # a dataclass of pytest reads it
from monitor.shell.child import LOOPBACK
from monitor.shell.embedded import EmbeddedBroker
from tests.integration.worker import PARTITIONS, Worker
from tests.page.stories import ENDS, messages, of, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a token that only this test holds".replace(" ", "-")


@dataclass(frozen=True)
class Pair:
    """Two workers that share the partitions, and want to be shown a token."""

    bootstrap: str
    one: Worker
    other: Worker

    def ask(self, path: str, token: str = TOKEN, worker: Worker | None = None) -> tuple[int, str]:
        """Return status and text of an answer."""
        url = f"http://{LOOPBACK}:{(worker or self.one).port}{path}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # ours
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def get(self, path: str, worker: Worker | None = None) -> Any:
        """Return what is answered, which must be an answer."""
        status, text = self.ask(path, worker=worker)
        assert status == 200, text
        return of(text)

    def reading(self) -> Reading:
        """What both show on /metrics, together."""
        whole: Reading = {}
        for worker in (self.one, self.other):
            for name, cells in worker.reading().items():
                known = whole.setdefault(name, {})
                for labels, value in cells.items():
                    known[labels] = known.get(labels, 0) + value
        return whole


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("workers")
    token = directory / "web.token"
    token.write_text(f"{TOKEN}\n", encoding="utf-8")
    with EmbeddedBroker() as broker, ExitStack() as ending:
        workers = [
            Worker(broker.bootstrap, "page", directory / name, web_token_file=token)
            for name in ("a", "b")
        ]
        for worker in workers:
            ending.callback(worker.kill)
            worker.start()
        pair = Pair(broker.bootstrap, *workers)
        tell(broker.bootstrap, messages())
        for worker in workers:
            worker.wait_until(lambda: set(worker.watermarks().values()) == {ENDS.timestamp()})  # noqa: B023
        assert [len(worker.watermarks()) for worker in workers] == [PARTITIONS // 2] * 2
        yield pair
