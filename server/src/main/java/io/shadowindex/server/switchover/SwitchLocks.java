package io.shadowindex.server.switchover;

import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockEvent;
import io.shadowindex.server.lock.LockFeed;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockQueue;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.lock.LockStore.Conflicts;
import java.time.InstantSource;

/**
 * The place of changes among all who want locks. The lock itself is granted and released by the
 * transactions that open and close the journal.
 *
 * @param store to look at what is in the way before anybody is kept out
 * @param queue where a change takes its turn like everybody else
 * @param feed told of the lock when it is over, so that nothing is told while it is held
 */
public record SwitchLocks(LockStore store, LockQueue queue, LockFeed feed, InstantSource clock) {

  LockQueue.Ticket join(LockName name) {
    return queue.joinConsiderately(name, "a switch");
  }

  Conflicts inTheWayOf(LockName name) {
    return store.conflicts(name, LockMode.EXCLUSIVE);
  }

  void released(Lease lease) {
    queue.freed(lease.name());
    feed.publish(LockEvent.acquired(lease));
    var all = new LockStore.Released(lease, lease.name(), null);
    feed.publish(LockEvent.released(all, clock.instant()));
  }
}
