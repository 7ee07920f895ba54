"""What one customer with very many events costs: the row, each flush, and everybody else.

The customer's events come at ten a second of event time, or all within the lateness, so that as
many wait as policy lets. Run it by hand: ``PYTHONPATH=. python bench/hot_customer.py``.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta

from monitor.core.rows import PREFIX
from tests.build import FIRST_DAY, says
from tests.driver import Driver

A_FLUSH = 10_000


def measured(events: int, per_second: int) -> str:
    """Let them come, and flush now and then."""
    driver, sizes, flushes, folded = Driver(), [], [], 0.0
    template = says("hot", "00:00")
    for number in range(events):
        at = FIRST_DAY + timedelta(seconds=number / per_second)
        conversation = f"c{number // 100}"
        data = template.data.model_copy(
            update={"conversation_id": conversation, "message_id": f"m{number}"}
        )
        event = template.model_copy(update={"id": f"{number}", "time": at, "data": data})
        begun = time.process_time()
        driver.tell(event)
        if number % 100 == 0:
            until = int(at.timestamp() * 1e6)
            for topic in ("cx.handoffs", "cx.followups"):
                driver.outputs += driver.tracker.pass_time(topic, until)
        folded += time.process_time() - begun
        driver.outputs.clear()
        if number % A_FLUSH == A_FLUSH - 1:
            begun = time.process_time()
            changed = driver.save()
            flushes.append(time.process_time() - begun)
            sizes.append(len(changed[PREFIX + b"hot"] or b""))
    return (
        f"{events} events, {per_second} a second of event time: row at most {max(sizes)} bytes, "
        f"flush at most {max(flushes) * 1e3:.0f} ms, {folded / events * 1e6:.0f} us an event, "
        f"{driver.counts('cx_state_bounds_total', 'bound')} bounds reached\n"
    )


def main() -> None:
    """Measure both."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--events", type=int, default=1_000_000)
    chosen = words.parse_args()
    for per_second in (10, 1_000_000):
        sys.stdout.write(measured(chosen.events, per_second))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
