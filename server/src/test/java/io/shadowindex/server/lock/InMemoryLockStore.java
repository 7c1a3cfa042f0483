package io.shadowindex.server.lock;

import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.request.Mutation;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Locks in memory, for tests: a map and a clock. */
public final class InMemoryLockStore implements LockStore {

  private final InstantSource clock;
  private final int mostHeld;
  private final Map<UUID, Lease> leases = new LinkedHashMap<>();
  private final Map<UUID, String> principals = new HashMap<>();
  private final List<Ended> endings = new ArrayList<>();
  private final List<Consumer<LockEvent>> listeners = new ArrayList<>();
  private long lastToken;

  public InMemoryLockStore(InstantSource clock, int mostHeld) {
    this.clock = clock;
    this.mostHeld = mostHeld;
  }

  @Override
  public synchronized void onEvent(Consumer<LockEvent> listener) {
    listeners.add(listener);
  }

  private void tell(LockEvent event) {
    listeners.forEach(listener -> listener.accept(event));
  }

  @Override
  public synchronized Attempt tryAcquire(UUID id, LockRequest request) {
    Conflicts conflicts = conflicts(request.name(), request.mode());
    if (!conflicts.isEmpty()) {
      return new Blocked(conflicts);
    }
    if (leases.size() >= mostHeld) {
      throw new Refusal.TooManyLocks(mostHeld).exception();
    }
    Instant now = clock.instant();
    var lease = new Lease(id, request, ++lastToken, now, now.plus(request.lifetime()));
    leases.put(id, lease);
    Mutation mutation = Mutation.current();
    principals.put(id, mutation == null ? "" : mutation.call().principal());
    tell(LockEvent.acquired(lease));
    return new Granted(lease);
  }

  @Override
  public synchronized Lease renew(UUID id, Holder holder) {
    Lease lease = require(id);
    lease.requireHeldBy(holder);
    Instant now = clock.instant();
    var renewed =
        new Lease(
            id,
            lease.request(),
            lease.fencingToken(),
            lease.acquiredAt(),
            now.plus(lease.request().lifetime()));
    leases.put(id, renewed);
    tell(LockEvent.renewed(renewed, now));
    return renewed;
  }

  @Override
  public synchronized Released release(UUID id, Holder holder, Set<String> resourceTypes) {
    Lease lease = require(id);
    lease.requireHeldBy(holder);
    LockName freed = lease.part(resourceTypes);
    Lease rest = lease.without(freed);
    if (rest == null) {
      leases.remove(id);
    } else {
      leases.put(id, rest);
    }
    var released = new Released(lease, freed, rest);
    tell(LockEvent.released(released, clock.instant()));
    return released;
  }

  @Override
  public synchronized Ended forceRelease(UUID id, String administrator, String reason) {
    return end(
        new Ended(require(id), Ended.How.FORCE_RELEASED, administrator, reason, clock.instant()));
  }

  @Override
  public synchronized Expiry expire() {
    var ended = new ArrayList<Ended>();
    for (Lease lease : List.copyOf(leases.values())) {
      if (!alive(lease)) {
        ended.add(
            end(
                new Ended(
                    lease,
                    Ended.How.EXPIRED,
                    "",
                    lease.request().expiryReason(),
                    clock.instant())));
      }
    }
    Duration next =
        leases.values().stream()
            .flatMap(lease -> Optional.ofNullable(lease.expiresAt()).stream())
            .min(Comparator.naturalOrder())
            .map(expires -> Duration.between(clock.instant(), expires))
            .orElse(null);
    return new Expiry(ended, next);
  }

  @Override
  public synchronized int held() {
    return leases.size();
  }

  private Ended end(Ended ended) {
    leases.remove(ended.lease().id());
    endings.addFirst(ended);
    tell(LockEvent.ended(ended));
    return ended;
  }

  @Override
  public synchronized Conflicts conflicts(LockName name, LockMode mode) {
    return new Conflicts(
        leases.values().stream()
            .filter(this::alive)
            .filter(lease -> lease.mode().excludes(mode) && lease.name().overlaps(name))
            .toList(),
        clock.instant());
  }

  @Override
  public synchronized Optional<Lease> find(UUID id) {
    return Optional.ofNullable(leases.get(id)).filter(this::alive);
  }

  @Override
  public synchronized Optional<String> acquiredBy(UUID id) {
    return find(id).map(lease -> principals.get(lease.id()));
  }

  @Override
  public synchronized List<Lease> list(LockFilter filter, long after, int limit) {
    return leases.values().stream() // in the order of their tokens
        .filter(this::alive)
        .filter(lease -> lease.fencingToken() > after)
        .filter(lease -> matches(filter.branchName(), lease.name().branchName()))
        .filter(lease -> matches(filter.owner(), lease.owner()))
        .filter(
            lease ->
                filter.resourceType() == null
                    || lease.name().resourceTypes().isEmpty()
                    || lease.name().resourceTypes().contains(filter.resourceType()))
        .limit(limit)
        .toList();
  }

  @Override
  public synchronized List<Ended> ended(@Nullable String branchName, int limit) {
    return endings.stream()
        .filter(ended -> matches(branchName, ended.lease().name().branchName()))
        .limit(limit)
        .toList();
  }

  private static boolean matches(@Nullable String wanted, String is) {
    return wanted == null || wanted.equals(is);
  }

  private Lease require(UUID id) {
    return find(id).orElseThrow(() -> new Refusal.LockNotFound(id).exception());
  }

  private boolean alive(Lease lease) {
    return lease.expiresAt() == null || lease.expiresAt().isAfter(clock.instant());
  }
}
