package io.shadowindex.server.request;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/**
 * The port to where requests are kept.
 *
 * <p>A request gets there in the transaction of its first effect, which the other stores see to:
 * they record the {@link Mutation} that the calling thread carries out. Two calls of one id cannot
 * both have an effect: the second one's transaction is refused with {@code RequestUnderWay} and
 * rolled back, unless it goes on with what the first one began.
 */
public interface RequestStore {

  /** A request that has had an effect; durable. */
  Optional<RecordedRequest> find(UUID id);

  /** Begins to keep the answer to a request. Done when it is durable, or cannot be kept. */
  CompletionStage<?> saveAnswer(UUID id, ByteBuffer answer);

  /** Forgets at most {@code limit} requests from before that moment, and answers how many. */
  int forget(Instant before, int limit);
}
