package io.shadowindex.server.refusal;

/**
 * A call that cannot be served as it stands. Carries no stack trace: it is an answer, not an
 * accident.
 */
public final class RefusedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient Refusal refusal;

  public RefusedException(Refusal refusal) {
    super(refusal.message(), null, false, false);
    this.refusal = refusal;
  }

  public Refusal refusal() {
    return refusal;
  }
}
