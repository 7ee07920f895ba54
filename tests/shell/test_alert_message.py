"""What people read of an alert: what customers suffer, how urgent, where to go on, and examples."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.shell.alert_message import Evidence, Journey, Notification, text_of

NAME = "0123456789abcdef0123456789abcdef"  # pragma: allowlist secret
WHOLE = f"""\
1 firing: OutcomeSilentFailure outcome-monitor SF-09

[page] 3 customers were promised what was not kept (SF-09, last 15 minutes)
By AI version and what is at stake: v1 high: 3.
for example:
- SF-09 v1, counted 2026-11-27 09:59:58 UTC: outcome-monitor explain {NAME} --worker http://w1:9464
runbook: https://runbooks.example.com/OutcomeSilentFailure.md
evidence: https://evidence.example.com/findings?sf=SF-09
dashboard: https://grafana.example.com/d/x
since 2026-11-27 10:00 UTC"""
JOURNEY = Journey(NAME, 1795773598.4, {"sf": "SF-09", "ai_version": "v1"}, "http://w1:9464")


def alert(status: str = "firing", **annotations: str) -> dict[str, Any]:
    texts = {
        "summary": "3 customers were promised what was not kept (SF-09, last 15 minutes)",
        "description": "By AI version and what is at stake: v1 high: 3.",
        "runbook_url": "https://runbooks.example.com/OutcomeSilentFailure.md",
        "evidence": "https://evidence.example.com/findings?sf=SF-09",
        "dashboard": "https://grafana.example.com/d/x",
    }
    return {
        "status": status,
        "labels": {"alertname": "OutcomeSilentFailure", "severity": "page", "sf": "SF-09"},
        "annotations": texts | annotations,
        "startsAt": "2026-11-27T11:00:00+01:00",
        "endsAt": "0001-01-01T00:00:00Z",
    }


def told(*alerts: dict[str, Any], **more: object) -> Notification:
    group = {"alertname": "OutcomeSilentFailure", "job": "outcome-monitor", "sf": "SF-09"}
    document = {"version": "4", "groupLabels": group, "alerts": alerts, **more}
    return Notification.model_validate_json(json.dumps(document))


def test_a_page_says_all_that_one_needs_at_night() -> None:
    assert text_of(told(alert()), (Evidence((JOURNEY,)),)) == WHOLE


def test_a_page_without_examples_says_so_and_why() -> None:
    text = text_of(told(alert()), (Evidence(lack="Prometheus does not answer"),))

    assert "\nwithout example journeys: Prometheus does not answer\nrunbook: https" in text
    assert "explain" not in text


def test_an_alert_that_has_no_examples_does_not_speak_of_them() -> None:
    text = text_of(told(alert(evidence="", runbook_url="")), (Evidence(),))

    assert "for example" not in text
    assert "without" not in text
    assert "runbook" not in text


def test_what_is_over_is_said_in_one_line() -> None:
    text = text_of(told(alert("resolved"), alert("resolved")), ())

    assert text == "2 over: OutcomeSilentFailure outcome-monitor SF-09"


def test_of_many_alerts_five_are_told_and_all_are_counted() -> None:
    many = told(*(alert() for _ in range(7)), alert("resolved"), truncatedAlerts=3)
    text = text_of(many, (Evidence(),) * 5)

    assert text.startswith("7 firing, 1 over: ")
    assert text.count("[page]") == 5
    assert text.endswith("(10 in all, 5 shown)")


def test_an_alert_that_is_not_ours_is_told_by_its_name() -> None:
    plain = {"status": "firing", "labels": {"alertname": "DiskFull"}, "startsAt": "2026-11-27T10Z"}
    plain["startsAt"] = "2026-11-27T10:00:00Z"
    text = text_of(told(plain), (Evidence(),))

    assert "\n[no severity] DiskFull\nsince 2026-11-27 10:00 UTC" in text


def test_what_producers_call_a_version_is_no_markup() -> None:
    forged = JOURNEY._replace(labels={"ai_version": "<!channel>\n- `rm`"})
    text = text_of(told(alert(summary="<https://evil.example.com|v1>")), (Evidence((forged,)),))

    assert not set("<>`") & set(text)
    assert "\n- (!channel) - 'rm', counted" in text


CALLS = st.sampled_from(["@here", "@all", "@channel", "[x](https://evil.example.com)", "[page]: h"])
WORDS = st.lists(CALLS | st.text("@[](): !<>`\n\rx", max_size=5), max_size=5).map("".join)


@given(label=WORDS, name=WORDS, text=WORDS, link=WORDS, group=WORDS)
def test_whatever_producers_say_calls_nobody_and_links_nothing_by_another_name(
    label: str, name: str, text: str, link: str, group: str
) -> None:
    one = alert(summary=text, description=text, runbook_url=link, evidence=f"https://a?v={link}")
    one["labels"] |= {"severity": label, "sf": name}
    example = JOURNEY._replace(labels={"sf": name, "ai_version": label})
    written = text_of(told(one, groupLabels={"alertname": group}), (Evidence((example,)),))

    assert not set("@<>`") & set(written)
    assert "](" not in written
    assert not re.search(r"^(- )?\[[^]]*\]:", written, re.MULTILINE)


def test_usual_names_of_versions_stay_as_they_are() -> None:
    usual = JOURNEY._replace(labels={"ai_version": "gpt-4.1_2025-04-14/v1.2+b3 (canary) #2: a=b"})

    text = text_of(told(alert()), (Evidence((usual,)),))

    assert usual.labels["ai_version"] in text


def test_a_word_without_end_is_cut() -> None:
    text = text_of(told(alert(description="x" * 100_000)), (Evidence(),))

    assert 1000 < len(text) < 2000
