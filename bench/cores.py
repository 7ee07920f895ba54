"""Gives a process a share of a core, so that more of them fit on a machine than it has cores.

A team of workers and their broker want more cores than a small machine has, so their throughput
there says how many cores there are. Where each worker may use the same share of a core, as little
as lets all of them run at once, it says how well the work is divided. The kernel holds them to it
by a control group of each, version 1 or 2, which only root may make. The groups weigh more than
what else runs there, so that neighbours disturb them less.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/sys/fs/cgroup")
_PERIOD_MICROSECONDS = 20_000
# Of processes in no group of their own each has one part.
_PARTS = 16


def can_be_limited() -> bool:
    """Whether this machine lets us do so."""
    if os.geteuid() != 0 or not os.access(_groups(), os.W_OK):
        return False
    passed_on = _ROOT / "cgroup.subtree_control"
    return _is_first_version() or (passed_on.exists() and "cpu" in passed_on.read_text().split())


@contextmanager
def limited(pid: int, cores: float | None) -> Iterator[None]:
    """Let a process use so much of a core, or all it wants, before its neighbours."""
    quota = None if cores is None else int(cores * _PERIOD_MICROSECONDS)
    group = _groups() / f"bench-{pid}"
    group.mkdir()
    try:
        if _is_first_version():
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD_MICROSECONDS))
            (group / "cpu.cfs_quota_us").write_text(str(quota or -1))
            (group / "cpu.shares").write_text(str(_PARTS * 1024))
        else:
            (group / "cpu.max").write_text(f"{quota or 'max'} {_PERIOD_MICROSECONDS}")
            (group / "cpu.weight").write_text(str(_PARTS * 100))
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        # A group can be removed when nobody is in it.
        (_groups() / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def _is_first_version() -> bool:
    return (_ROOT / "cpu").is_dir()


def _groups() -> Path:
    return _ROOT / "cpu" if _is_first_version() else _ROOT
