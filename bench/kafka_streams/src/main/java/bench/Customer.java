package bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One customer's state and the join itself, as bench/minimal/join.py has it. */
public final class Customer {
    private static final double WEEK_SECONDS = 7 * 86_400.0;
    private static final int IDS_KEPT = 64;
    private static final double ACCEPTED_WITHIN_SECONDS = 300.0;

    public static final class Claim {
        public String conversation;
        public String intent;
        public double at;
        public boolean failed;
    }

    /** A contact contradicts claims about its conversation or, where that is null, its intent. */
    public static final class Contact {
        public double at;
        public String conversation;
        public String intent;
    }

    /** Counts by what and verdict; one thread folds. */
    static final class Counts extends TreeMap<String, TreeMap<String, Integer>> {
        void add(String what, String verdict) {
            computeIfAbsent(what, ignored -> new TreeMap<>()).merge(verdict, 1, Integer::sum);
        }
    }

    public List<String> ids = new ArrayList<>();
    public Map<String, Double> open = new HashMap<>();
    public List<Claim> claims = new ArrayList<>();
    public List<Contact> contacts = new ArrayList<>();
    public Map<String, Double> pending = new HashMap<>();
    public Map<String, Double> promises = new HashMap<>();

    void update(Contract.Event event, Counts counts) {
        String kind = event.type().name();
        if (ids.contains(event.id())) {
            counts.add(kind, "duplicate");
            return;
        }
        ids.add(event.id());
        if (ids.size() > IDS_KEPT) {
            ids.remove(0);
        }
        String verdict;
        if (event instanceof Contract.Conversation said) {
            verdict = said(said, counts);
        } else if (event instanceof Contract.Handoff handoff) {
            verdict = handoff(handoff, counts);
        } else {
            verdict = followup((Contract.Followup) event, counts);
        }
        counts.add(kind, verdict);
    }

    private String said(Contract.Conversation event, Counts counts) {
        double at = event.at();
        String conversation = event.conversation_id();
        switch (event.type()) {
            case message:
                if (event.author() == Contract.Author.customer) {
                    contradict(contact(at, conversation, null), counts);
                }
                return open.containsKey(conversation) ? "open" : "orphan";
            case conversation_started:
                open.put(conversation, at);
                if (event.direction() == Contract.Direction.inbound) {
                    contradict(contact(at, null, event.intent()), counts);
                }
                return event.direction().name();
            default:
                return claimed(event, at, counts);
        }
    }

    private String claimed(Contract.Conversation event, double at, Counts counts) {
        Claim claim = new Claim();
        claim.conversation = event.conversation_id();
        claim.intent = event.intent();
        claim.at = at;
        claim.failed = contacts.stream().anyMatch(contact -> contradicts(contact, claim));
        claims.add(claim);
        counts.add("episode", "opened");
        if (claim.failed) {
            counts.add("episode", "failed");
        }
        return open.remove(claim.conversation) == null ? "claimed_unopened" : "claimed";
    }

    private String handoff(Contract.Handoff event, Counts counts) {
        double at = event.at();
        if (event.type() == Contract.HandoffType.handoff_requested) {
            pending.put(event.handoff_id(), at);
            remember(contact(at, event.conversation_id(), null), counts);
            return "requested";
        }
        Double asked = pending.remove(event.handoff_id());
        if (asked == null) {
            return "unmatched";
        }
        return at - asked <= ACCEPTED_WITHIN_SECONDS ? "in_time" : "late";
    }

    private String followup(Contract.Followup event, Counts counts) {
        switch (event.type()) {
            case promise_made:
                promises.put(event.promise_id(), Contract.seconds(event.due()));
                return "made";
            case promise_fulfilled:
                Double due = promises.remove(event.promise_id());
                return due == null ? "unmatched" : event.at() <= due ? "kept" : "broken";
            case repeat_contact:
                remember(contact(event.at(), null, event.intent()), counts);
                return "recorded";
            default:
                return event.score() != null && event.score() >= 4 ? "good" : "bad";
        }
    }

    private static Contact contact(double at, String conversation, String intent) {
        Contact contact = new Contact();
        contact.at = at;
        contact.conversation = conversation;
        contact.intent = intent;
        return contact;
    }

    private void remember(Contact contact, Counts counts) {
        contacts.add(contact);
        contradict(contact, counts);
    }

    private void contradict(Contact contact, Counts counts) {
        for (Claim claim : claims) {
            if (!claim.failed && contradicts(contact, claim)) {
                claim.failed = true;
                counts.add("episode", "failed");
            }
        }
    }

    private static boolean contradicts(Contact contact, Claim claim) {
        double after = contact.at - claim.at;
        boolean same =
                contact.conversation == null
                        ? contact.intent.equals(claim.intent)
                        : contact.conversation.equals(claim.conversation);
        return same && 0.0 < after && after <= WEEK_SECONDS;
    }
}
