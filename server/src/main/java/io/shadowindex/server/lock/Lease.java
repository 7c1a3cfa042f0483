package io.shadowindex.server.lock;

import io.shadowindex.server.refusal.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A lock that is held.
 *
 * @param id of the generation that is switched to, for the lock of a switch
 * @param request what was asked for; its name shrinks when a part is released
 * @param fencingToken larger than that of any lease granted before; for a switch the one of its
 *     build
 * @param acquiredAt by the database's clock, as all times here
 * @param expiresAt null for the lock of a switch, which ends with the switch or its recovery
 */
public record Lease(
    UUID id,
    LockRequest request,
    long fencingToken,
    Instant acquiredAt,
    @Nullable Instant expiresAt) {

  public LockName name() {
    return request.name();
  }

  public LockMode mode() {
    return request.mode();
  }

  public String owner() {
    return request.owner();
  }

  /** Whether a switch, a rollback or a removal holds it. */
  public boolean ofSwitch() {
    return expiresAt == null;
  }

  /** Refuses with {@code NotLockOwner} or {@code StaleLockToken} whoever is not its holder. */
  public void requireHeldBy(LockStore.Holder holder) {
    if (!owner().equals(holder.owner())) {
      throw new Refusal.NotLockOwner(id, owner()).exception();
    }
    if (fencingToken != holder.fencingToken()) {
      throw new Refusal.StaleLockToken(id, holder.fencingToken()).exception();
    }
  }

  /** What a holder gives back, the whole of it for an empty set; refuses what it does not have. */
  public LockName part(Set<String> resourceTypes) {
    if (!name().resourceTypes().containsAll(resourceTypes)) {
      throw new Refusal.InvalidFields(
              List.of(
                  new Refusal.Violation(
                      "resource_types", "the lock is on %s only".formatted(name()))))
          .exception();
    }
    return resourceTypes.isEmpty() ? name() : name().only(resourceTypes);
  }

  /** What is left of it without these resource types; null when that is nothing. */
  public @Nullable Lease without(LockName freed) {
    if (freed.equals(name())) {
      return null;
    }
    List<String> left =
        name().resourceTypes().stream()
            .filter(type -> !freed.resourceTypes().contains(type))
            .toList();
    var rest = new LockName(name().branchName(), left, name().resourceId());
    return new Lease(id, request.with(rest), fencingToken, acquiredAt, expiresAt);
  }

  /** One sentence for those it keeps out: what is locked, by whom, for how long, and why. */
  public String describe(Instant now) {
    String description =
        "%s is locked (%s, %s, %s) by %s for %s"
            .formatted(
                name(),
                name().scope(),
                request.type(),
                mode(),
                owner(),
                words(Duration.between(acquiredAt, now)));
    return request.reason().isEmpty() ? description : description + ": " + request.reason();
  }

  /** A duration for people: {@code 3 ms}, {@code 42 s}, {@code 12 min}. */
  static String words(Duration duration) {
    long millis = Math.max(0, duration.toMillis());
    if (millis < 1_000) {
      return millis + " ms";
    }
    return millis < 120_000 ? (millis + 500) / 1_000 + " s" : millis / 60_000 + " min";
  }
}
