package io.shadowindex.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.Lifecycle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The events that one watcher was told, across connections and servers, in the order they came. */
public final class History {

  private final List<Event> events = new ArrayList<>();

  /**
   * What is kept of an event; a million of them have to fit into the heap.
   *
   * @param stateChange whether it says of a change of state, or of something else in that state
   * @param previous null for the beginning of a build, and where {@code state} is
   * @param state null where it was not told
   */
  public record Event(
      long revision,
      UUID build,
      boolean stateChange,
      @Nullable BuildState previous,
      @Nullable BuildState state) {}

  public void add(Event event) {
    events.add(event);
  }

  /** The revision of the last event; 0 when there is none. */
  public long revision() {
    return events.isEmpty() ? 0 : events.getLast().revision();
  }

  /** All of them, in the order they came. */
  public List<Long> revisions() {
    return events.stream().map(Event::revision).toList();
  }

  /** Those of one build. */
  public List<Long> revisionsOf(UUID build) {
    return events.stream()
        .filter(event -> event.build().equals(build))
        .map(Event::revision)
        .toList();
  }

  /** Which build an event is of; of a history that has all. */
  public UUID buildAt(long revision) {
    return events.get((int) revision - 1).build();
  }

  /** Fails unless these are all events there are, in order, each once. */
  public void assertComplete(long newest) {
    for (int i = 0; i < events.size(); i++) {
      assertThat(events.get(i).revision()).isEqualTo(i + 1L);
    }
    assertThat(revision()).isEqualTo(newest);
  }

  /** Fails unless every change of state is one that the lifecycle allows from where a build was. */
  public void assertLegal() {
    var states = new HashMap<UUID, BuildState>();
    for (Event event : events) {
      if (event.state() == null) {
        assertThat(states).containsKey(event.build());
        continue;
      }
      BuildState before = states.put(event.build(), event.state());
      assertThat(event.previous()).isEqualTo(before);
      if (!event.stateChange()) {
        assertThat(event.state()).isEqualTo(before);
      } else if (before != null) {
        assertThat(Lifecycle.rows())
            .anyMatch(row -> row.from() == before && row.to() == event.state());
      }
    }
  }
}
