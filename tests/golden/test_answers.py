"""All that the sources know of a case is compared with what we say, or it is said why not."""

from __future__ import annotations

import pytest

from monitor.adapters.samples import read_lines
from tests.paths import RECORDED

COMPARED: dict[str, set[str]] = {
    "tau2": {
        *("case_id", "agent_model", "customer_signal", "termination_reason", "transfer_made"),
    },
    "tau1_gpt4o_airline": {"case_id", "agent_model", "customer_signal", "transfer_made"},
    "uci_incident": {
        *("case_id", "reopen_count", "reassignment_count", "resolved_at", "closed_at"),
        *("contact_type", "left_resolved_state"),
    },
    "ghissues": {
        *("case_id", "was_reopened", "reopen_count", "opener_comments_after_final_close"),
        *("bot_close", "closed_by_opener", "state_reason", "comments_total"),
    },
    "cfpb": {"case_id", "company_response", "claimed_closed", "channel"},
}
"""By `test_samples.py` and `test_full_data.py`."""

_BENCHMARK = "the benchmark judges by its own answers and its database, of which no event tells"
_TASK = "it is about the task and its simulation, and nothing that happened in the conversation"
_TOOLS = "tool calls are ignored, for no ledger could confirm what they did"
_TRANSFER = "whether one was needed we tell by what a person does with it, and there is none"
_SERVICE_DESK = "it is about the service desk's own work, which no measure of ours reads"
_PROJECT = "it is about the project's own work, which no measure of ours reads"

UNSEEN: dict[str, dict[str, str]] = {
    "tau2": {
        **dict.fromkeys(("reward", "reward_basis", "reward_breakdown"), _BENCHMARK),
        **dict.fromkeys(("task_succeeded", "silent_failure"), _BENCHMARK),
        **dict.fromkeys(("run", "domain", "task_id", "trial", "agent_impl", "user_model"), _TASK),
        **dict.fromkeys(("reference_actions", "tool_calls", "tool_errors"), _TOOLS),
        **dict.fromkeys(("transfer_in_reference", "escalation_label"), _TRANSFER),
        "escalation_label_strength": _TRANSFER,
        "messages": "it counts calls of tools as well",
        "ts_synthetic": "it is about the set, not about a case",
    },
    "tau1_gpt4o_airline": {
        **dict.fromkeys(("reward", "task_succeeded", "silent_failure"), _BENCHMARK),
        **dict.fromkeys(("domain", "task_id", "trial"), _TASK),
        "reference_actions": _TOOLS,
        **dict.fromkeys(("transfer_in_reference", "escalation_label"), _TRANSFER),
        "escalation_label_strength": _TRANSFER,
        "ts_synthetic": "it is about the set, not about a case",
    },
    "uci_incident": {
        **dict.fromkeys(("sys_mod_count", "closed_code", "resolved_by", "rows"), _SERVICE_DESK),
        **dict.fromkeys(("problem_id", "caused_by"), _SERVICE_DESK),
        "customer_id": "it is what the events name the customer by, and no answer",
        "opened_at": "it is the time of the first record, and no answer",
        "final_state": "all are closed",
        "made_sla": "an internal agreement; no promise to the customer is recorded",
    },
    "ghissues": {
        "bot_close_known": "it says where bot_close is known",
        "names_blanked": "it says where nobody knows who comments",
        "comments_after_final_close": "comments of others than the opener are nobody's return",
        "human_class": _PROJECT,
    },
    "cfpb": {
        **dict.fromkeys(
            ("disputed", "silent_failure_proxy"),
            "it is recorded without a time, so it is no event that anybody could send",
        ),
        "timely": "the times of the answers are invented, so no measure of time means anything",
        **dict.fromkeys(("received", "sent", "days_to_company"), "they are days, no moments"),
        **dict.fromkeys(("company", "product"), "they are what the events say, and no answer"),
    },
}
"""What of it no measure of ours can show, and why."""


@pytest.mark.usefixtures("recorded_data")
@pytest.mark.parametrize("name", COMPARED)
def test_every_answer_is_compared_or_it_is_said_why_not(name: str) -> None:
    (first, *rest) = read_lines(RECORDED / f"{name}.truth.jsonl.gz")

    assert all(case.keys() == first.keys() for case in rest)
    assert first.keys() == COMPARED[name] | UNSEEN[name].keys()
    assert COMPARED[name].isdisjoint(UNSEEN[name])
