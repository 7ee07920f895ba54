package bench;

import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams on the minimal job: one thread, one stateful step, RocksDB, cache and changelog by
 * its defaults. What is measured is what bench/minimal/meter.py measures, of the whole JVM.
 */
public final class Main {
    private static final String STORE = "customers";
    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final long begun = System.nanoTime();
    private final long total;
    private final CountDownLatch drained = new CountDownLatch(1);
    private final Customer.Counts counts = new Customer.Counts();
    private long seen;
    private long firstAt;
    private long firstCpu;

    private Main(long total) {
        this.total = total;
    }

    /** Drains the backlog; closing commits, which flushes the cache and the changelog. */
    public static void main(String[] words) throws Exception {
        Map<String, String> told = new HashMap<>();
        for (int place = 0; place < words.length; place += 2) {
            told.put(words[place], words[place + 1]);
        }
        Main main = new Main(Long.parseLong(told.get("--total")));
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "bench-kafka-streams");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, told.get("--bootstrap"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, told.get("--state-dir"));
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put("auto.offset.reset", "earliest");
        settings.put("session.timeout.ms", 6000);
        settings.put("heartbeat.interval.ms", 2000);
        try (KafkaStreams streams = new KafkaStreams(main.topology().build(), settings)) {
            streams.start();
            main.drained.await();
        }
        main.tell();
    }

    private StreamsBuilder topology() {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(
                Stores.keyValueStoreBuilder(
                                Stores.persistentKeyValueStore(STORE),
                                Serdes.ByteArray(),
                                Serdes.ByteArray())
                        .withCachingEnabled());
        builder.stream(
                        List.of("conversations", "handoffs", "followups"),
                        Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .process(Join::new, STORE);
        return builder;
    }

    private void tell() throws IOException {
        long now = System.nanoTime();
        List<List<Object>> rows = new ArrayList<>();
        counts.forEach(
                (what, verdicts) ->
                        verdicts.forEach((verdict, n) -> rows.add(List.of(what, verdict, n))));
        String status = Files.readString(Path.of("/proc/self/status"));
        String peak = status.substring(status.indexOf("VmHWM:") + 6).strip().split("\\s")[0];
        Map<String, Object> told = new HashMap<>();
        told.put("events", seen);
        told.put("cpu_seconds", (PROCESS.getProcessCpuTime() - firstCpu) / 1e9);
        told.put("seconds", (now - firstAt) / 1e9);
        told.put("seconds_to_first", (firstAt - begun) / 1e9);
        told.put("rss_peak_mb", Long.parseLong(peak) / 1024.0);
        told.put("counts", rows);
        System.out.println(Contract.JSON.writeValueAsString(told));
    }

    private final class Join implements Processor<byte[], byte[], Void, Void> {
        private final ObjectReader reader = Contract.JSON.readerFor(Customer.class);
        private final ObjectWriter writer = Contract.JSON.writerFor(Customer.class);
        private ProcessorContext<Void, Void> context;
        private KeyValueStore<byte[], byte[]> customers;

        @Override
        public void init(ProcessorContext<Void, Void> given) {
            context = given;
            customers = given.getStateStore(STORE);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            if (seen == 0) {
                firstAt = System.nanoTime();
                firstCpu = PROCESS.getProcessCpuTime();
            }
            seen++;
            String topic = context.recordMetadata().orElseThrow().topic();
            try {
                fold(record.key(), Contract.read(topic, record.value()));
            } catch (IOException broken) {
                counts.add(topic, "invalid");
            }
            if (seen == total) {
                drained.countDown();
            }
        }

        private void fold(byte[] key, Contract.Event event) {
            try {
                byte[] known = customers.get(key);
                Customer customer = known == null ? new Customer() : reader.readValue(known);
                customer.update(event, counts);
                customers.put(key, writer.writeValueAsBytes(customer));
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }
}
