package io.shadowindex.client;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.util.concurrent.Executor;

/** Sends a token with each call, as RFC 6750 says; a call for which there is none is not sent. */
final class BearerToken extends CallCredentials {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final TokenSource source;

  BearerToken(TokenSource source) {
    this.source = source;
  }

  @Override
  public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
    executor.execute(() -> apply(applier));
  }

  private void apply(MetadataApplier applier) {
    String token;
    try {
      token = source.token();
    } catch (IOException e) {
      applier.fail(unauthenticated(String.valueOf(e.getMessage())).withCause(e));
      return;
    } catch (RuntimeException e) { // a source of the caller's; without this the call would hang
      applier.fail(unauthenticated("The source of the token failed: " + e).withCause(e));
      return;
    }
    if (token.isEmpty() || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      applier.fail(unauthenticated("The token is empty or has characters that no token has."));
      return;
    }
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + token);
    applier.apply(headers);
  }

  private static Status unauthenticated(String why) {
    return Status.UNAUTHENTICATED.withDescription(why);
  }
}
