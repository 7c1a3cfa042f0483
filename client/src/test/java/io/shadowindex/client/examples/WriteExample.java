package io.shadowindex.client.examples;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.client.WriteGuard;
import java.time.Duration;
import java.util.function.LongConsumer;

/** A write that no switch may split. */
public final class WriteExample {
  private WriteExample() {}

  /** Answers what the developer is told. */
  public static String save(ShadowIndexClient client, Duration wait, LongConsumer storage) {
    // @start region="example"
    WriteGuard guard = new WriteGuard(client, "alice", wait);
    try (var write = guard.write("main", "object_type")) {
      write.requireHeld(); // only after a pause that may have been longer than the lease
      storage.accept(write.fencingToken());
      return "saved";
    } catch (ShadowIndexException.Locked e) {
      return "not now, ask " + e.holder();
    }
    // @end
  }
}
