package io.shadowindex.server.request;

import org.jspecify.annotations.Nullable;

/**
 * A call that changes something while it is carried out, until the transaction of its first effect
 * has recorded it.
 *
 * <p>Bound to the thread that carries it out, so that whatever has an effect need not know of it;
 * what other threads do later, such as an automatic switch, is no part of it.
 */
public final class Mutation {

  private static final ScopedValue<Mutation> CURRENT = ScopedValue.newInstance();

  private final Call call;
  private volatile @Nullable RequestKey key;
  private volatile boolean goingOn;
  private volatile boolean audited = true;
  private volatile long entry;
  private volatile Recorded recorded = Recorded.NO;

  /** How far it is with being recorded. */
  private enum Recorded {
    NO,
    WRITTEN,
    COMMITTED
  }

  public Mutation(Call call) {
    this.call = call;
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

  /** Makes it the call that has the turn among those with its request id. */
  void begin(RequestKey ofRequest, boolean goesOn) {
    key = ofRequest;
    goingOn = goesOn;
  }

  public Call call() {
    return call;
  }

  /** The request to be recorded with its first effect; null where there is none, or it was. */
  public @Nullable RequestKey unrecordedRequest() {
    return goingOn ? null : key;
  }

  /** Keeps it out of the audit log: nobody will ask who did it. */
  public void forgoAudit() {
    audited = false;
  }

  public boolean isAudited() {
    return audited;
  }

  /** Whether it still has to be recorded. */
  public boolean isUnrecorded() {
    return recorded == Recorded.NO;
  }

  /** Whether it has had an effect. */
  public boolean isEffective() {
    return recorded == Recorded.COMMITTED;
  }

  /** The place in the audit log of the entry that its first effect has written; 0 for none. */
  public long entry() {
    return isEffective() ? entry : 0;
  }

  /** Whether its request has had an effect, in this call or an earlier one. */
  boolean isRequestEffective() {
    return goingOn || (key != null && isEffective());
  }

  /**
   * Says that the transaction under way has recorded it.
   *
   * @param entryInLog the place in the audit log of the entry that it wrote; 0 for none
   */
  public void written(long entryInLog) {
    entry = entryInLog;
    recorded = Recorded.WRITTEN;
  }

  /** Says how the transaction ended that may have recorded it. */
  public void ended(boolean committed) {
    if (recorded == Recorded.WRITTEN) {
      recorded = committed ? Recorded.COMMITTED : Recorded.NO;
    }
  }
}
