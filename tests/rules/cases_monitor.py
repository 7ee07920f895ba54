"""Stories of alerts on the monitor itself."""

from __future__ import annotations

from tests.rules.cases import JOB, firing, quiet, told
from tests.rules.story import Story

WATERMARK = "cx_monitor_watermark_timestamp_seconds"
LAG = "cx_monitor_lag_seconds"
EVENTS = "cx_events_total"
TOPIC = "cx.conversations"


def blind(
    alert: str, summary: str, description: str, **labels: str
) -> tuple[dict[str, str], dict[str, str]]:
    """What is told when the monitor cannot see."""
    return told(
        alert, "blind", "page", "blind", "platform", summary, description, **labels, job=JOB
    )


def _up(values: str, instance: str = "w1") -> Story:
    return Story().tell("up", values, instance=instance, partition="")


@firing("MonitorAbsent")
def no_worker_answers() -> Story:
    message = blind(
        "MonitorAbsent",
        "Nobody watches what becomes of customers: no worker of the monitor answers",
        "Every outcome is unknown until one does.",
    )
    return _up("1x10 0x20").fires(15, "MonitorAbsent", message)


@firing("MonitorAbsent")
def no_worker_was_ever_there() -> Story:
    message = blind(
        "MonitorAbsent",
        "Nobody watches what becomes of customers: no worker of the monitor answers",
        "Every outcome is unknown until one does.",
    )
    return Story().fires(15, "MonitorAbsent", message)


@quiet("MonitorAbsent")
def one_of_two_workers_answers() -> Story:
    story = _up("1x10 0x20").tell("up", "1x30", instance="w2", partition="")
    return story.quiet(20, "MonitorAbsent")


@firing("MonitorWorkerDown")
def one_worker_does_not_answer() -> Story:
    message = told(
        "MonitorWorkerDown",
        "blind",
        "ticket",
        "blind_worker",
        "platform",
        "Worker w1 of the outcome monitor does not answer; others must follow its customers",
        "Its partitions go to the other workers; the fewer, the later each alert.",
        instance="w1",
        job=JOB,
    )
    return _up("1x10 0x20").fires(20, "MonitorWorkerDown", message)


@quiet("MonitorWorkerDown")
def a_worker_is_restarted() -> Story:
    return _up("1x10 0x3 1x20").quiet(14, "MonitorWorkerDown")


def _partitions(values: str) -> Story:
    story = Story().tell("cx_monitor_partitions", "3x60", partition="")
    story.tell(WATERMARK, "1x60", partition="1")
    return story.tell(WATERMARK, values, partition="2", instance="w2")


@firing("MonitorPartitionUnowned")
def a_partition_has_lost_its_owner() -> Story:
    message = blind(
        "MonitorPartitionUnowned",
        "Nobody watches the customers of 1 partition(s)",
        "What is not owned is not read: recovering, or no worker was given it.",
    )
    return _partitions("1x10 _x50").fires(25, "MonitorPartitionUnowned", message)


@quiet("MonitorPartitionUnowned")
def a_partition_changes_hands() -> Story:
    return _partitions("1x10 stale _ 1x40").quiet(25, "MonitorPartitionUnowned")


@firing("MonitorPartitionOwnedTwice")
def a_worker_goes_on_with_what_another_has() -> Story:
    message = blind(
        "MonitorPartitionOwnedTwice",
        "Two workers follow the customers of partition 2 and may overwrite each other",
        "2 workers show it; one of them was given up by the group and goes on.",
        partition="2",
    )
    story = _partitions("1x60").tell(WATERMARK, "1x60", partition="2", instance="w3")
    return story.fires(20, "MonitorPartitionOwnedTwice", message)


@quiet("MonitorPartitionOwnedTwice")
def two_scrapes_overlap_in_a_move() -> Story:
    story = _partitions("1x60").tell(WATERMARK, "1x1 stale", partition="2", instance="w3")
    return story.quiet(20, "MonitorPartitionOwnedTwice")


@firing("MonitorLagging")
def a_topic_is_read_ten_minutes_late() -> Story:
    message = blind(
        "MonitorLagging",
        f"Failures of customers are noticed 10m 0s late: {TOPIC} is not read to its end",
        "Seconds by partition: 0: 600. ",
        topic=TOPIC,
    )
    story = Story().tell(LAG, "600x60", topic=TOPIC)
    return story.fires(20, "MonitorLagging", message)


@quiet("MonitorLagging")
def a_burst_is_read_within_minutes() -> Story:
    return Story().tell(LAG, "0x10 400x3 0x40", topic=TOPIC).quiet(15, "MonitorLagging")


def _standing(lag: str) -> Story:
    story = Story()
    story.series = []
    story.tell(WATERMARK, "0+60x10 600x60")
    return story.tell(LAG, lag, topic=TOPIC)


@firing("MonitorWatermarkStalled")
def time_stands_still_while_records_wait() -> Story:
    message = blind(
        "MonitorWatermarkStalled",
        "Time stands still for the customers of partition 0: no deadline is noticed although "
        "records wait",
        "Event time has not moved for 10 minutes.",
        partition="0",
    )
    return _standing("0x10 100+60x50").fires(40, "MonitorWatermarkStalled", message)


@quiet("MonitorWatermarkStalled")
def time_stands_still_because_nothing_happens() -> Story:
    return _standing("0x60").quiet(40, "MonitorWatermarkStalled")


def _weekly(now: str) -> Story:
    return Story("5m").tell(EVENTS, now, topic=TOPIC, type="x", result="applied")


@firing("MonitorTopicSilent")
def a_topic_tells_a_tenth_of_last_week() -> Story:
    message = blind(
        "MonitorTopicSilent",
        f"Far less than usual is heard on {TOPIC}; customers may be failed unseen",
        "6 events in the last hour, under a fifth of the same hour a week ago.",
        topic=TOPIC,
    )
    story = _weekly("0+1x10080 10080+0.1x200")
    return story.fires(10250, "MonitorTopicSilent", message)


@quiet("MonitorTopicSilent")
def a_topic_tells_half_of_last_week() -> Story:
    return _weekly("0+1x10080 10080+0.5x200").quiet(10250, "MonitorTopicSilent")


def _refused(invalid: int, applied: int) -> Story:
    story = Story().jump(EVENTS, invalid, topic=TOPIC, type="x", result="invalid")
    story.jump(EVENTS, applied, topic=TOPIC, type="x", result="applied")
    return story.jump("cx_dead_letters_total", invalid, topic=TOPIC, reason="not_an_event")


@firing("MonitorSchemaErrors")
def one_record_in_ten_cannot_be_read() -> Story:
    message = blind(
        "MonitorSchemaErrors",
        f"Records of customers on {TOPIC} cannot be read and are not judged",
        "20 in 15 minutes, more than 1 in 100. By reason: not_an_event: 20. ",
        topic=TOPIC,
    )
    return _refused(20, 180).fires(20, "MonitorSchemaErrors", message)


@quiet("MonitorSchemaErrors")
def one_record_in_a_thousand_cannot_be_read() -> Story:
    return _refused(20, 19_980).quiet(20, "MonitorSchemaErrors")


@quiet("MonitorSchemaErrors")
def all_of_three_records_cannot_be_read() -> Story:
    return _refused(3, 0).quiet(20, "MonitorSchemaErrors")


@firing("MonitorDeadLetters")
def a_record_was_set_aside() -> Story:
    message = told(
        "MonitorDeadLetters",
        "blind",
        "ticket",
        "dead_letter",
        "platform",
        f"1 records of customers on {TOPIC} were set aside unread in 1h (not_an_event)",
        "They lie in cx.dead-letters as they came.",
        topic=TOPIC,
        reason="not_an_event",
        job=JOB,
    )
    return _refused(1, 99).fires(30, "MonitorDeadLetters", message)


@quiet("MonitorDeadLetters")
def the_last_was_set_aside_two_hours_ago() -> Story:
    return _refused(1, 99).quiet(130, "MonitorDeadLetters")


def _signal(values: str) -> Story:
    return Story().tell("cx_monitor_blind", values, signal="ledger")


@firing("MonitorSignalBlind")
def the_ledger_is_not_heard() -> Story:
    message = blind(
        "MonitorSignalBlind",
        "ledger is not seen; what rests on it cannot be trusted",
        "The monitor itself found this (SF-20) by heartbeats, or by the same hour of the last "
        "week.",
        source="ledger",
    )
    return _signal("_x10 1x30").fires(15, "MonitorSignalBlind", message)


@quiet("MonitorSignalBlind")
def the_ledger_is_heard_again() -> Story:
    return _signal("0x40").quiet(15, "MonitorSignalBlind")


GROUP = "/etc/prometheus/silent.rules.yml;cx-silent-failures-usual"


def _failing(values: str, group: str = GROUP) -> Story:
    return Story().tell(
        "prometheus_rule_evaluation_failures_total",
        values,
        job="prometheus",
        partition="",
        rule_group=group,
    )


@firing("MonitorRulesFailing")
def a_group_of_ours_fails() -> Story:
    message = blind(
        "MonitorRulesFailing",
        f"Prometheus cannot compute {GROUP}: alerts on customers may be missing",
        "Its log says why.",
        rule_group=GROUP,
    )
    return _failing("0+1x40").fires(20, "MonitorRulesFailing", message)


@quiet("MonitorRulesFailing")
def a_group_of_somebody_else_fails() -> Story:
    return _failing("0+1x40", "/etc/node.yml;node").quiet(20, "MonitorRulesFailing")


def _samples(number: int) -> Story:
    return Story().tell("scrape_samples_post_metric_relabeling", f"{number}x60", partition="")


@firing("MonitorTooManySeries")
def a_worker_shows_thirty_thousand_series() -> Story:
    message = told(
        "MonitorTooManySeries",
        "blind",
        "ticket",
        "cardinality",
        "platform",
        "Worker w1 shows 30000 series; alerts on customers will come late, then not at all",
        "A label has more values than it should: see which metric has most.",
        instance="w1",
        job=JOB,
    )
    return _samples(30_000).fires(30, "MonitorTooManySeries", message)


@quiet("MonitorTooManySeries")
def a_worker_shows_twenty_thousand_series() -> Story:
    return _samples(20_000).quiet(30, "MonitorTooManySeries")


@firing("MonitorWatchdog")
def the_dead_mans_switch_always_fires() -> Story:
    labels, texts = told(
        "MonitorWatchdog",
        "blind",
        "none",
        "watchdog",
        "platform",
        "The way from Prometheus to the people on call works, and customers' alerts go this way",
        "Always fires; whoever receives it must raise an alarm when it stops.",
    )
    return Story().fires(1, "MonitorWatchdog", (labels, texts))
