"""SF-07, handoff bounce: it was taken, nothing was done, and soon it went to another queue.

Confirmed: both steps are on record. A triage queue is there to pass things on. Word of something
that had been done before it was passed on takes the finding back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.outputs import Misrouted
from monitor.core.silent.findings import SilentFailure, raise_finding, retract
from monitor.core.state import Bounce
from monitor.core.step import UNKNOWN
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Handoff
    from monitor.core.step import Step
    from schemas.handoffs import HandoffStepData

KIND = SilentFailure("SF-07", "Handoff bounce")
_TRIAGE = "triage"


def transferred(step: Step, handoff: Handoff, data: HandoffStepData) -> None:
    """It goes on to a queue, and is still where it was."""
    taken_at, to_queue = handoff.accepted_at, data.queue or handoff.queue
    soon = taken_at is not None and step.at - taken_at < step.policy.bounce_window
    wrongly = to_queue != handoff.queue and handoff.queue_role != _TRIAGE
    if not soon or not wrongly or handoff.human_actions or handoff.bounce is not None:
        return
    from_role, to_role = handoff.queue_role or UNKNOWN, data.queue_role or UNKNOWN
    handoff.bounce = Bounce(step.at, from_role, to_role)
    step.count("cx_misroutes_total", handoff.kind, from_role, to_role)
    step.say(Misrouted(handoff.conversation_id, handoff.id))
    conversation = step.customer.conversations[handoff.conversation_id]
    proof = (handoff.request, step.mark)
    raise_finding(step, KIND, handoff.id, conversation, Confidence.CONFIRMED, proof)


def helped(step: Step, handoff: Handoff) -> None:
    """A human did something for the customer, perhaps before it was passed on."""
    bounce = handoff.bounce
    if bounce is None or step.at >= bounce.at:
        return
    handoff.bounce = None
    step.count("cx_misroutes_retractions_total", handoff.kind, bounce.from_role, bounce.to_role)
    step.say(Misrouted(handoff.conversation_id, handoff.id, retracted=True))
    conversation = step.customer.conversations[handoff.conversation_id]
    retract(step, KIND, handoff.id, conversation)
