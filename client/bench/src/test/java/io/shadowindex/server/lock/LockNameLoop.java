package io.shadowindex.server.lock;

import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Whether a lock is in the way of a write: asked of each lock that is waited for. */
@State(Scope.Benchmark)
public class LockNameLoop {

  private final LockName held =
      LockName.resourceTypes(
          "main", List.of("action_type", "function_type", "link_type", "object_type"));
  private final LockName written = LockName.resource("main", "object_type", "customer");

  @Benchmark
  public boolean overlaps() {
    return held.overlaps(written);
  }
}
