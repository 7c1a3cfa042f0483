package io.shadowindex.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/**
 * The changes that a server acknowledged, each of which its audit file has a line about, unless the
 * server was killed right after.
 */
public final class AuditTrail {

  /** What a kill may take: of one interval of {@code --progress-flush}, with time to write it. */
  private static final Duration LOST_IN_A_KILL = Duration.ofSeconds(1);

  /** Of when, as {@link System#nanoTime}. */
  private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();

  private final Queue<Long> kills = new ConcurrentLinkedQueue<>();

  /** Notes the answer to a change of a build. */
  public void acknowledge(ShadowIndex told) {
    acknowledge(ofBuild(told.getShadowIndexId(), told.getRevision()));
  }

  /** Notes the answer to a call about a lock. */
  public void acknowledge(String method, Lock told) {
    acknowledge(ofLock(method, told.getLockId()));
  }

  private void acknowledge(String change) {
    acknowledged.put(change, System.nanoTime());
  }

  /** Notes that the server is about to be killed. */
  public void kill() {
    kills.add(System.nanoTime());
  }

  /** Fails unless the file has what it has to; says how much that was. */
  public String assertIn(Path file) throws IOException {
    var missing = new HashMap<>(acknowledged);
    int whole = 0;
    int torn = 0;
    try (Stream<String> lines = Files.lines(file)) {
      for (String line : (Iterable<String>) lines::iterator) {
        try {
          missing.remove(change(line));
          whole++;
        } catch (InvalidProtocolBufferException e) {
          torn++;
        }
      }
    }
    assertThat(torn).as("lines cut off").isLessThanOrEqualTo(kills.size());
    assertThat(missing.entrySet()).allMatch(change -> isLostInAKill(change.getValue()));
    return "audit file: %d lines, %d cut off; of %d changes acknowledged %d lost in kills"
        .formatted(whole, torn, acknowledged.size(), missing.size());
  }

  private boolean isLostInAKill(long nanos) {
    return kills.stream().anyMatch(kill -> Math.abs(kill - nanos) < LOST_IN_A_KILL.toNanos());
  }

  private static String change(String line) throws InvalidProtocolBufferException {
    var entry = Struct.newBuilder();
    JsonFormat.parser().merge(line, entry);
    Value build = entry.getFieldsOrDefault("shadow_index_id", Value.getDefaultInstance());
    return build.hasStringValue()
        ? ofBuild(
            build.getStringValue(),
            (long)
                entry.getFieldsOrDefault("revision", Value.getDefaultInstance()).getNumberValue())
        : ofLock(
            entry.getFieldsOrThrow("method").getStringValue(),
            entry.getFieldsOrDefault("lock_id", Value.getDefaultInstance()).getStringValue());
  }

  private static String ofBuild(String id, long revision) {
    return id + " " + revision;
  }

  private static String ofLock(String method, String id) {
    return method + " " + id;
  }
}
