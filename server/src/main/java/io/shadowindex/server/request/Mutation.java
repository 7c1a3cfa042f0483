package io.shadowindex.server.request;

import org.jspecify.annotations.Nullable;

/**
 * A repeatable call that is being carried out, until the transaction of its first effect has
 * recorded it.
 *
 * <p>Bound to the thread that carries it out, so that whatever has an effect need not know of it;
 * what other threads do later, such as an automatic switch, is no part of it.
 */
public final class Mutation {

  private static final ScopedValue<Mutation> CURRENT = ScopedValue.newInstance();

  private final RequestKey key;
  private volatile Recorded recorded;

  /** How far it is with being recorded. */
  private enum Recorded {
    NONE,
    WRITTEN,
    COMMITTED,
    /** An earlier call has recorded it; this one goes on with what that one began. */
    FOUND
  }

  private Mutation(RequestKey key, Recorded recorded) {
    this.key = key;
    this.recorded = recorded;
  }

  static Mutation ofNew(RequestKey key) {
    return new Mutation(key, Recorded.NONE);
  }

  static Mutation goingOn(RequestKey key) {
    return new Mutation(key, Recorded.FOUND);
  }

  /** The one that the calling thread carries out; null when it carries none out. */
  public static @Nullable Mutation current() {
    return CURRENT.isBound() ? CURRENT.get() : null;
  }

  /** Does something as a part of a mutation, or of none when it is null. */
  public static <T, X extends Throwable> T during(
      @Nullable Mutation mutation, ScopedValue.CallableOp<T, X> work) throws X {
    return mutation == null ? work.call() : ScopedValue.where(CURRENT, mutation).call(work);
  }

  public RequestKey key() {
    return key;
  }

  /** Whether it still has to be recorded. */
  public boolean isUnrecorded() {
    return recorded == Recorded.NONE;
  }

  /** Whether it has had an effect. */
  boolean isEffective() {
    return recorded == Recorded.COMMITTED || recorded == Recorded.FOUND;
  }

  /** Says that the transaction under way has recorded it. */
  public void written() {
    recorded = Recorded.WRITTEN;
  }

  /** Says how the transaction ended that may have recorded it. */
  public void ended(boolean committed) {
    if (recorded == Recorded.WRITTEN) {
      recorded = committed ? Recorded.COMMITTED : Recorded.NONE;
    }
  }
}
