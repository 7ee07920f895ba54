package bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;

/** The contract of the minimal job, as bench/minimal/contract.py has it. */
final class Contract {
    static final ObjectMapper JSON =
            new ObjectMapper()
                    .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private static final Map<String, ObjectReader> READERS =
            Map.of(
                    "conversations", JSON.readerFor(Conversation.class),
                    "handoffs", JSON.readerFor(Handoff.class),
                    "followups", JSON.readerFor(Followup.class));

    private Contract() {}

    /** Reads a record, or throws where it breaks the contract. */
    static Event read(String topic, byte[] value) throws IOException {
        return READERS.get(topic).readValue(value);
    }

    enum Channel { chat, voice, email, whatsapp }

    enum ConversationType { conversation_started, message, resolution_claimed }

    enum HandoffType { handoff_requested, handoff_accepted }

    enum FollowupType { promise_made, promise_fulfilled, repeat_contact, survey_answered }

    enum Direction { inbound, outbound }

    enum Author { customer, ai, human }

    interface Event {
        String id();

        Enum<?> type();

        String time();

        String conversation_id();

        String intent();

        default double at() {
            return seconds(time());
        }
    }

    static double seconds(String time) {
        return Instant.parse(time).toEpochMilli() / 1000.0;
    }

    record Conversation(
            @JsonProperty(required = true) String id,
            @JsonProperty(required = true) String source,
            @JsonProperty(required = true) String time,
            @JsonProperty(required = true) String customer_ref,
            @JsonProperty(required = true) String conversation_id,
            @JsonProperty(required = true) Channel channel,
            @JsonProperty(required = true) String intent,
            @JsonProperty(required = true) String ai_version,
            @JsonProperty(required = true) ConversationType type,
            @JsonProperty(required = true) Direction direction,
            @JsonProperty(required = true) Author author,
            @JsonProperty(required = true) int turn,
            @JsonProperty(required = true) double sentiment,
            @JsonProperty(required = true) String text)
            implements Event {}

    record Handoff(
            @JsonProperty(required = true) String id,
            @JsonProperty(required = true) String source,
            @JsonProperty(required = true) String time,
            @JsonProperty(required = true) String customer_ref,
            @JsonProperty(required = true) String conversation_id,
            @JsonProperty(required = true) Channel channel,
            @JsonProperty(required = true) String intent,
            @JsonProperty(required = true) String ai_version,
            @JsonProperty(required = true) HandoffType type,
            @JsonProperty(required = true) String handoff_id,
            @JsonProperty(required = true) String queue,
            @JsonProperty(required = true) String reason,
            @JsonProperty(required = true) int priority,
            String agent_ref,
            @JsonProperty(required = true) String summary)
            implements Event {}

    record Followup(
            @JsonProperty(required = true) String id,
            @JsonProperty(required = true) String source,
            @JsonProperty(required = true) String time,
            @JsonProperty(required = true) String customer_ref,
            @JsonProperty(required = true) String conversation_id,
            @JsonProperty(required = true) Channel channel,
            @JsonProperty(required = true) String intent,
            @JsonProperty(required = true) String ai_version,
            @JsonProperty(required = true) FollowupType type,
            String promise_id,
            String due,
            Double amount,
            Integer score,
            @JsonProperty(required = true) String note)
            implements Event {}
}
