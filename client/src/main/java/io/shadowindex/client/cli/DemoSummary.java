package io.shadowindex.client.cli;

import com.google.protobuf.Struct;
import com.google.protobuf.util.Values;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.SwitchIndexResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a demo came to.
 *
 * @param files how many files the input has
 * @param first the switch to generation 1
 * @param second the switch to generation 2
 * @param before the live generation before the second switch, as the server tells it
 * @param after the live generation at the end, as the server tells it
 * @param searchesBefore searches that were right, on generation 1
 * @param searchesAfter searches that were right, on generation 2
 * @param failed searches that threw or found a wrong number
 * @param firstFailures what the first of those met
 * @param duration of everything
 */
record DemoSummary(
    int files,
    SwitchIndexResponse first,
    SwitchIndexResponse second,
    ShadowIndex before,
    ShadowIndex after,
    long searchesBefore,
    long searchesAfter,
    long failed,
    List<String> firstFailures,
    Duration duration) {
  DemoSummary {
    firstFailures = List.copyOf(firstFailures);
  }

  /** True when both generations were searched, and no search failed. */
  boolean succeeded() {
    return failed == 0 && searchesBefore > 0 && searchesAfter > 0;
  }

  private Struct fields() {
    return Struct.newBuilder()
        .putFields("succeeded", Values.of(succeeded()))
        .putFields("searches", Values.of((double) (searchesBefore + searchesAfter + failed)))
        .putFields("failed_searches", Values.of((double) failed))
        .putFields("first_lock_held_micros", Values.of((double) first.getLockHeldMicros()))
        .putFields("second_lock_held_micros", Values.of((double) second.getLockHeldMicros()))
        .putFields("seconds", Values.of(duration.toMillis() / 1000.0))
        .build();
  }

  void print(ShadowCtl ctl, Path input) {
    ctl.show(fields());
    ctl.print("");
    ctl.print("input               %s, %,d files", input, files);
    ctl.print(
        "documents           %,d in generation 1, %,d in generation 2",
        before.getRecordCount(), after.getRecordCount());
    ctl.print(
        "searches            %,d: %,d read generation 1, %,d generation 2",
        searchesBefore + searchesAfter + failed, searchesBefore, searchesAfter);
    ctl.print("failed searches     %,d", failed);
    firstFailures.forEach(failure -> ctl.print("                    %s", failure));
    ctl.print(
        "writers locked out  %s by the first switch, %s by the second",
        Words.millis(first.getLockHeldMicros()), Words.millis(second.getLockHeldMicros()));
    ctl.print("generation before   %s", before.getShadowIndexId());
    ctl.print("                    %s", before.getShadowIndexPath());
    ctl.print("generation after    %s", after.getShadowIndexId());
    ctl.print("                    %s", after.getShadowIndexPath());
    ctl.print("whole duration      %.1f s", duration.toMillis() / 1000.0);
    ctl.print(
        "%s",
        succeeded()
            ? "The index was replaced under its readers, and none of them noticed."
            : "FAILED: a search failed, or a generation was never searched.");
  }
}
