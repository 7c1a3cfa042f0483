package io.shadowindex.server.testing;

import io.shadowindex.v1.WatchBuildsResponse;
import java.util.Iterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** What WatchBuilds tells several of in one message. */
public final class Batches {

  private Batches() {}

  /** What one message tells, in order. */
  public static Stream<WatchBuildsResponse> singly(WatchBuildsResponse batch) {
    return Stream.concat(
        Stream.of(batch.toBuilder().clearFurther().build()), batch.getFurtherList().stream());
  }

  /** The same of a whole watch, which is read no further than it has to be. */
  public static Iterator<WatchBuildsResponse> singly(Iterator<WatchBuildsResponse> batches) {
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(batches, Spliterator.ORDERED), false)
        .flatMap(Batches::singly)
        .iterator();
  }
}
