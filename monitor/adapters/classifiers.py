"""From the wording of a message to its class. The wording ends here.

Rule: a classifier gives one of the classes that it names, never anything from the text, so that
whatever a mapping does with the answer, no text can pass.

All of them are lists of English words and phrases, meant to be read in a minute and to be right
about the plain cases. Where they are in doubt they fall to the side that does less harm, which
each of them states. A source that has a better judge of its own should say the class itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_Class = TypeVar("_Class", bound=Callable[[str], str | bool])


@dataclass(frozen=True, slots=True)
class Classifier:
    """A named way to read a text, and all that it may answer."""

    name: str
    classes: frozenset[str | bool]
    classify: Callable[[str], str | bool]

    def __call__(self, text: object) -> str | bool:
        """Read a text; what is no text is read as an empty one."""
        answer = self.classify(_plain(text) if isinstance(text, str) else "")
        assert answer in self.classes, f"{self.name} answered outside of its classes"
        return answer


_YES_OR_NO = (True, False)
_TEXT_CHARACTERS_MAX = 8_000  # A message says what it does at its start or at its end.

CLASSIFIERS: dict[str, Classifier] = {}


def _classifier(*classes: str | bool) -> Callable[[_Class], _Class]:
    def register(classify: _Class) -> _Class:
        name = classify.__name__
        CLASSIFIERS[name] = Classifier(name, frozenset(classes), classify)
        return classify

    return register


def _plain(text: str) -> str:
    """Lower case, straight apostrophes, single spaces, and the middle of a novel left out."""
    if len(text) > _TEXT_CHARACTERS_MAX:
        half = _TEXT_CHARACTERS_MAX // 2
        text = f"{text[:half]} {text[-half:]}"
    return " ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower().split())


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b")


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Only as the message's own words: "I got an automatic reply" tells of somebody else's.
_AUTO_REPLY = re.compile(
    r"^\W*(?:this is an )?auto(?:matic|mated)?[ -]?(?:reply|response)\b"
    r"|^\W*out of (?:the |my )?office\b"
    r"|\bi(?:'m| am| will be) (?:currently )?(?:out of (?:the |my )?office|away from my desk)\b"
    r"|\bi(?:'m| am) (?:currently )?(?:away|on (?:leave|vacation|holiday)) (?:until|and will)\b"
)
_THANKS = _any("thanks", "thank you", "thank u", "thx", "cheers", "appreciate", "appreciated")
_GREETING = _any("hi", "hello", "hey", "good (?:morning|afternoon|evening)")
_ASKS = re.compile(
    r"\?|^(?:what|how|when|where|why|who|which|can|could|would|will|do|does|is|are)\b"
    r"|\b(?:can|could|would) you\b"
)
# Taken out first, because their words mean something else elsewhere: "I need help" is no courtesy.
_COURTESIES = _any(
    "for (?:all )?(?:of )?(?:the|this|your|you) (?:kind |quick |great )?"
    "(?:help|assistance|support|patience|time|service)(?: today| and (?:patience|time|support))?",
    "for (?:helping|assisting)(?: me)?(?: out)?(?: today)?",
    "(?:that's|that is|that was|it's) (?:all|everything|it)(?: that)?(?: i)?(?: need(?:ed)?)?",
    "(?:that's|that is) all for (?:now|today)",
    "have (?:a|an) (?:really )?\\w+ (?:day|evening|night|weekend|time|one)(?: too| as well)?",
    "you(?:'ve| have) been (?:very |so |really )?(?:helpful|great|kind)",
    "(?:you too|take care|all set|all good|got it|no (?:worries|problem)|i appreciate it)",
    "i (?:really )?appreciate (?:it|that|this|(?:all )?(?:the|your) (?:help|assistance|support))",
)
# Words that carry neither a request nor news, and those among them that approve.
_APPROVING = _words(
    "alright appreciate appreciated amazing awesome cheers cool excellent fantastic fine glad good "
    "great lovely nice ok okay perfect thank thanks thx understood wonderful works"
)
_FILLING = _words(
    "a absolutely again all am and bye goodbye hello hey hi i i'll i'm is it it's just lot madam "
    "morning afternoon evening much now oh really sir so sounds sure that that's the then there "
    "this today too u very was well yeah yep yes you"
)
_CONTRARY = _any("but", "however", "still", "yet", "although", "except", "no", "not", r"\w+n't")
_NAMED_THANKS_WORDS_MAX = 4  # "thank you so much, Ann" minus the courtesy that was taken out.


@_classifier("auto_reply", "question", "thanks", "ack", "greeting", "other")
def customer_kind(text: str) -> str:
    """Say what a customer's message does.

    ``thanks``, ``ack`` and ``auto_reply`` are the kinds after which a resolution still stands,
    so they are given only to messages without any other content; one contrary word, digit or
    question makes the message something else. A bare "yes" may answer "anything else?", and is
    ``other``, as is everything in doubt.
    """
    if _AUTO_REPLY.search(text):
        return "auto_reply"
    if _ASKS.search(text):
        return "question"
    greeted = _GREETING.match(text) is not None
    rest = _COURTESIES.sub("", _GREETING.sub("", text))
    words = re.findall(r"[\w']+", rest)
    if _CONTRARY.search(rest) or any(char.isdigit() for char in rest):
        return "other"
    contentful = [word for word in words if word not in _APPROVING and word not in _FILLING]
    if _THANKS.search(text):
        name = len(contentful) == 1 and len(words) <= _NAMED_THANKS_WORDS_MAX
        return "other" if contentful and not name else "thanks"
    if contentful:
        return "other"
    if _COURTESIES.search(text) or _APPROVING.intersection(words):
        return "ack"
    return "greeting" if greeted else "other"


_PERSON = (
    r"(?:(?:a|an|another|your|some|the|any|live|real|actual|human|customer|service|support)\s+)*"
    r"(?:human(?: being)?|person|agent|representative|rep|supervisor|manager|operator"
    r"|specialist|advisor|adviser|somebody|someone|colleague)"
)
_REQUESTS_HUMAN = re.compile(
    rf"\b(?:speak|talk|chat)(?:ing)? (?:to|with) {_PERSON}\b"
    rf"|\b(?:transfer|connect|escalate|pass|hand|forward|redirect)(?:red|ed|ring|ing)?\b"
    rf"(?: (?:me|this|it|us|my \w+))?(?: (?:over|on|through))?(?: (?:to|with)) {_PERSON}\b"
    rf"|\bput me through\b"
    rf"|\btransfer me\b"
    rf"|\b(?:want|need|get|give|like|prefer)(?: me)? {_PERSON}\b"
    rf"|\b(?:real|live|actual) (?:human|person|agent)\b"
    rf"|^(?:human|agent|representative|operator)(?: please)?\W*$"
)
_REFUSAL_CHARACTERS_MAX = 200  # Else a text full of such words is read again for each of them.
_REFUSES = re.compile(
    r"(?:\b(?:not|never|without|avoid)\b|n't\b|\brather than\b|\binstead of\b)(?:\W+\w+){0,5}\W*$"
)


@_classifier(*_YES_OR_NO)
def requests_human(text: str) -> bool:
    """Tell whether a customer asks for a person.

    A refusal close before the words ("please don't transfer me", "without talking to an agent")
    takes them back. In doubt the answer is no: a request that is missed costs a finding, one
    that is imagined accuses the AI.
    """
    for found in _REQUESTS_HUMAN.finditer(text):
        end = found.start()
        near = max(0, end - _REFUSAL_CHARACTERS_MAX)
        clause = max(text.rfind(mark, near, end) + 1 for mark in ".,!?;")
        if not _REFUSES.search(text, max(near, clause), end):
            return True
    return False


_ERROR = _any(
    "something went wrong",
    "an (?:unexpected |internal )?error (?:has )?occurred",
    "(?:i'm|i am|we're|we are) (?:currently )?(?:experiencing|having) (?:technical|system) "
    "(?:issues|difficulties|problems)",
    "try again later",
)
_OPENING = _any(
    "how (?:can|may) (?:i|we) (?:help|assist)", "what can (?:i|we) do for you", "welcome to"
)
_OPENING_WORDS_MAX = 25
# An invitation to come back is no question that waits for an answer.
_COURTESY_OFFER = re.compile(
    r"(?:anything|something) else|^(?!.*\bwould you like\b).*(?:have any (?:other )?questions"
    r"|(?:further|more|other|additional) (?:\w+ )?(?:questions?|help|assistance|requests?|issues)"
    r"|need (?:any )?(?:help|assistance)|feel free|in the future)"
)
_ASKS_CUSTOMER = re.compile(
    r"\?\W*$|\bplease (?:\w+ )?(?:provide|confirm|share|tell|reply|send|specify|check|try|verify"
    r"|choose|select|follow|run|go ahead)\b|\blet me know\b|\b(?:could|can|would) you\b"
)


@_classifier("greeting", "question", "error", "answer", "other")
def ai_kind(text: str) -> str:
    """Say what a message of the AI does.

    A message whose last sentences ask the customer for something waits for the customer and is a
    ``question``, however much it answered before; polite offers of more help do not count. There
    is no ``handoff_notice`` among the classes: words alone cannot tell an offered transfer from
    an announced one, and a notice without a handoff is held against the AI.
    """
    if not text:
        return "other"
    if len(text.split()) <= _OPENING_WORDS_MAX and _OPENING.search(text):
        return "greeting"
    if _ERROR.search(text):
        return "error"
    sentences = re.split(r"(?<=[.!?])\s+", text)
    asking = (
        _ASKS_CUSTOMER.search(sentence) and not _COURTESY_OFFER.search(sentence)
        for sentence in sentences[-3:]
    )
    return "question" if any(asking) else "answer"


_REASONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "customer_requested",
        re.compile(
            r"\b(?:customer|user|client|caller|passenger|he|she|they)\b(?: \w+){0,2} "
            r"(?:request|ask|want|insist|prefer|demand|wish)\w*\b[^.]{0,60}"
            r"\b(?:humans?|supervisor|manager|representative|real person|live agent|transferred"
            r"|escalat\w+)\b"
        ),
    ),
    (
        "safety_risk",
        _any("self[- ]harm", "suicid\\w+", "threat\\w*", "unsafe", "fraud\\w*", "abus\\w+"),
    ),
    (
        "verification_failed",
        re.compile(
            r"\b(?:fail\w*|unable|could not|cannot|can't|not)\b(?: \w+){0,3} "
            r"(?:(?:verif\w+|confirm\w*)(?: [\w']+){0,3} identity|authenticat\w+)\b"
            r"|\b(?:identity|authentication)\b(?: \w+){0,3} (?:fail\w*|mismatch\w*|not)\b"
        ),
    ),
    (
        "policy_required",
        _any("polic(?:y|ies)", "not (?:allowed|permitted|eligible)", "exceptions?", "restrict\\w+"),
    ),
    (
        "tool_failure",
        _any(
            "(?:system|technical|tool|internal|server) (?:error|issue|failure|problem)s?",
            "(?:system|tool) (?:is|was|does|did|will|would)(?: not|n't)",
        ),
    ),
    (
        "knowledge_gap",
        _any(
            "troubleshoot\\w*",
            "(?:issue|problem)s? (?:still )?(?:persists?|remains?)",
            "(?:does|do|did) not (?:have|know)",
            "further (?:\\w+ )?(?:investigation|diagnos\\w+|assistance|support)",
        ),
    ),
    ("missing_capability", _any("unable to", "cannot", "can't", "not (?:able|supported|possible)")),
)


@_classifier(*(reason for reason, _ in _REASONS), "unclassified")
def handoff_reason(text: str) -> str:
    """Say why an AI asked for a handoff, from the reason it gave.

    The first that fits counts, in the order of the table: that the customer asked stands above
    all, because such a handoff is never a false one; an exhausted troubleshooting is a gap in
    knowledge; the mere "unable to" says least and comes last.
    """
    return next((reason for reason, words in _REASONS if words.search(text)), "unclassified")


_END_MARK = re.compile(r"#{3}[a-z][a-z_-]*#{3}")


@_classifier(*_YES_OR_NO)
def only_end_mark(text: str) -> bool:
    """Tell whether a text is nothing but marks like ``###STOP###``, by which simulators end."""
    return bool(_END_MARK.search(text)) and not _END_MARK.sub("", text).strip()
