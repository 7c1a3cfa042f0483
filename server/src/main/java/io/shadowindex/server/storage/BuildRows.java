package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import io.shadowindex.server.build.AutoSwitch;
import io.shadowindex.server.build.BuildProgress;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.Completion;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchPolicy;
import io.shadowindex.server.build.SwitchResult;
import io.shadowindex.server.build.ValidationCheck;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.index.SwitchStrategy;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/** Rows of the table {@code shadow_index} as {@link ShadowIndex} and back. */
final class BuildRows {

  private static final JsonFactory JSON = new JsonFactory();

  private BuildRows() {}

  static ShadowIndex toShadowIndex(Record row) {
    return new ShadowIndex(
        row.get(SHADOW_INDEX.SHADOW_INDEX_ID),
        row.get(SHADOW_INDEX.SEQUENCE),
        toSpec(row),
        BuildState.valueOf(row.get(SHADOW_INDEX.STATE)),
        row.get(SHADOW_INDEX.ATTEMPT),
        row.get(SHADOW_INDEX.FENCING_TOKEN),
        row.get(SHADOW_INDEX.REVISION),
        new BuildProgress(
            row.get(SHADOW_INDEX.PROGRESS_PERCENT),
            row.get(SHADOW_INDEX.RECORD_COUNT),
            row.get(SHADOW_INDEX.ESTIMATED_COMPLETION_SECONDS),
            row.get(SHADOW_INDEX.LAST_HEARTBEAT_AT)),
        toCompletion(row),
        new ShadowIndex.Times(
            row.get(SHADOW_INDEX.CREATED_AT),
            row.get(SHADOW_INDEX.STARTED_AT),
            row.get(SHADOW_INDEX.COMPLETED_AT),
            row.get(SHADOW_INDEX.SWITCHED_AT),
            row.get(SHADOW_INDEX.RETAIN_UNTIL),
            row.get(SHADOW_INDEX.FILES_DELETED_AT)),
        row.get(SHADOW_INDEX.BACKUP),
        row.get(SHADOW_INDEX.AUTO_SWITCH_DUE),
        toSwitchResult(row),
        row.get(SHADOW_INDEX.ERROR_MESSAGE),
        row.get(SHADOW_INDEX.STALLED),
        row.get(SHADOW_INDEX.PAUSED));
  }

  private static BuildSpec toSpec(Record row) {
    return new BuildSpec(
        toKey(row),
        List.of(row.get(SHADOW_INDEX.RESOURCE_TYPES)),
        row.get(SHADOW_INDEX.FULL_REBUILD),
        row.get(SHADOW_INDEX.PARALLEL_WORKERS),
        probeQueries(row),
        new SwitchPolicy(
            SwitchStrategy.valueOf(row.get(SHADOW_INDEX.SWITCH_STRATEGY)), toAutoSwitch(row)),
        row.get(SHADOW_INDEX.SERVICE_NAME),
        row.get(SHADOW_INDEX.SERVICE_INSTANCE_ID),
        labels(row.get(SHADOW_INDEX.LABELS)));
  }

  /** Builds from before there were probe queries have null. */
  private static List<String> probeQueries(Record row) {
    String[] queries = row.get(SHADOW_INDEX.PROBE_QUERIES);
    return queries == null ? List.of() : List.of(queries);
  }

  private static @Nullable AutoSwitch toAutoSwitch(Record row) {
    if (!row.get(SHADOW_INDEX.AUTO_SWITCH)) {
      return null;
    }
    return new AutoSwitch(
        Arrays.stream(row.get(SHADOW_INDEX.AUTO_SWITCH_CHECKS))
            .map(ValidationCheck::valueOf)
            .collect(Collectors.toSet()),
        row.get(SHADOW_INDEX.AUTO_SWITCH_BACKUP),
        Duration.ofSeconds(row.get(SHADOW_INDEX.AUTO_SWITCH_TIMEOUT_SECONDS)));
  }

  private static @Nullable SwitchResult toSwitchResult(Record row) {
    Instant at = row.get(SHADOW_INDEX.LAST_SWITCH_AT);
    if (at == null) {
      return null;
    }
    return new SwitchResult(
        row.get(SHADOW_INDEX.LAST_SWITCH_SUCCESS),
        row.get(SHADOW_INDEX.LAST_SWITCH_AUTOMATIC),
        row.get(SHADOW_INDEX.LAST_SWITCH_MESSAGE),
        micros(row.get(SHADOW_INDEX.LAST_SWITCH_LOCK_HELD_MICROS)),
        micros(row.get(SHADOW_INDEX.LAST_SWITCH_DURATION_MICROS)),
        List.of(row.get(SHADOW_INDEX.LAST_SWITCH_VALIDATION_ERRORS)),
        List.of(row.get(SHADOW_INDEX.LAST_SWITCH_VERIFICATION_ERRORS)),
        at);
  }

  /** Null, where a crash came before it was measured, is zero. */
  static Duration micros(@Nullable Long micros) {
    return micros == null ? Duration.ZERO : Duration.of(micros, ChronoUnit.MICROS);
  }

  static long micros(Duration duration) {
    return duration.toNanos() / 1000;
  }

  static IndexKey toKey(Record row) {
    return new IndexKey(
        row.get(SHADOW_INDEX.BRANCH_NAME),
        IndexType.valueOf(row.get(SHADOW_INDEX.INDEX_TYPE)),
        row.get(SHADOW_INDEX.INDEX_NAME));
  }

  static Condition isBuildOf(IndexKey key) {
    return SHADOW_INDEX
        .BRANCH_NAME
        .eq(key.branchName())
        .and(SHADOW_INDEX.INDEX_TYPE.eq(key.indexType().name()))
        .and(SHADOW_INDEX.INDEX_NAME.eq(key.indexName()));
  }

  private static @Nullable Completion toCompletion(Record row) {
    Long measured = row.get(SHADOW_INDEX.MEASURED_SIZE_BYTES);
    if (measured == null) {
      return null;
    }
    String attributes = row.get(SHADOW_INDEX.ATTRIBUTES);
    return new Completion(
        row.get(SHADOW_INDEX.RECORD_COUNT),
        row.get(SHADOW_INDEX.REPORTED_SIZE_BYTES),
        measured,
        row.get(SHADOW_INDEX.EXPECTED_RECORD_COUNT),
        attributes == null
            ? null
            : new Completion.Summary(
                row.get(SHADOW_INDEX.BUILD_DURATION_SECONDS),
                row.get(SHADOW_INDEX.PERFORMANCE_INDEX),
                attributes),
        row.get(SHADOW_INDEX.SOURCE_WATERMARK));
  }

  /** The newest builds of those that match. */
  static List<ShadowIndex> newest(DSLContext query, Condition condition, int limit) {
    return query
        .selectFrom(SHADOW_INDEX)
        .where(condition)
        .orderBy(SHADOW_INDEX.SEQUENCE.desc())
        .limit(limit)
        .fetch(BuildRows::toShadowIndex);
  }

  /** Whether a build is a superseded generation of the index whose files are kept. */
  static Condition isRetainedBy(IndexKey key) {
    return isBuildOf(key)
        .and(SHADOW_INDEX.STATE.eq(BuildState.CLEANUP.name()))
        .and(SHADOW_INDEX.FILES_DELETED_AT.isNull());
  }

  /** Labels as a JSON object. */
  static String json(Map<String, String> labels) {
    var text = new StringWriter();
    try (var json = JSON.createGenerator(text)) {
      json.writeStartObject();
      for (var label : labels.entrySet()) {
        json.writeStringField(label.getKey(), label.getValue());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  static Map<String, String> labels(String text) {
    var labels = new LinkedHashMap<String, String>();
    try (var json = JSON.createParser(text)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        labels.put(json.currentName(), json.nextTextValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return labels;
  }
}
