package io.shadowindex.server.lock;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Who holds what, as the holders see it, and whether two of them ever held what excludes each
 * other. A holder enters after it was granted a lock and leaves before it releases it, so every
 * violation is one of the locks.
 */
public final class LockHistory {

  private static final List<String> TYPES = List.of("object_type", "link_type", "action_type");

  private record Entry(LockName name, LockMode mode, long token) {}

  private final Map<Long, Entry> inside = new HashMap<>();
  private final List<String> violations = new ArrayList<>();
  private long entries;
  private int mostAtOnce;

  /** A branch, some types or a resource; seldom a branch. */
  public static LockName anyName(Random random) {
    String type = TYPES.get(random.nextInt(TYPES.size()));
    return switch (random.nextInt(10)) {
      case 0 -> LockName.branch("main");
      case 1, 2 -> LockName.resourceTypes("main", List.of(type, TYPES.getFirst()));
      case 3, 4, 5 -> LockName.resourceTypes("main", List.of(type));
      default -> LockName.resource("main", type, "r" + random.nextInt(3));
    };
  }

  public synchronized long enter(LockName name, LockMode mode, long token) {
    for (Entry other : inside.values()) {
      if (other.mode.excludes(mode) && other.name.overlaps(name)) {
        violations.add("%s %s while %s %s".formatted(mode, name, other.mode, other.name));
      }
      if (other.token == token) {
        violations.add("token %d twice".formatted(token));
      }
    }
    entries++;
    inside.put(entries, new Entry(name, mode, token));
    mostAtOnce = Math.max(mostAtOnce, inside.size());
    return entries;
  }

  public synchronized void leave(long entry) {
    inside.remove(entry);
  }

  public synchronized List<String> violations() {
    return List.copyOf(violations);
  }

  @Override
  public synchronized String toString() {
    return "%d locks held, %d at once at most, %d violations"
        .formatted(entries, mostAtOnce, violations.size());
  }
}
