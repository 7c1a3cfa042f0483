package io.shadowindex.client;

import io.grpc.StatusRuntimeException;

/**
 * Tells a worker to stop: the build was cancelled, failed or completed by somebody else, or another
 * attempt has taken over. What the worker has written no longer matters.
 */
public final class BuildLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BuildLostException(StatusRuntimeException cause) {
    super(Refusal.of(cause).message(), cause);
  }
}
