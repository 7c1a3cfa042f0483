package io.shadowindex.server.request;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who asks for which change, as it stands in the request.
 *
 * @param id of this one call
 * @param principal who calls; empty when nobody was asked
 * @param peer the address it came from
 * @param method the RPC, without its service
 * @param requestId the id that the client made up; null for none
 * @param buildId the build that is named; null for none
 * @param lockId the lock that is named; null for none
 * @param fencingToken the token that is given; null for none
 * @param forced whether failed checks are to be passed over, or a lock of somebody else ended
 */
public record Call(
    UUID id,
    Instant at,
    String principal,
    String peer,
    String method,
    @Nullable UUID requestId,
    Target target,
    @Nullable UUID buildId,
    @Nullable UUID lockId,
    @Nullable Long fencingToken,
    boolean forced) {

  /** The index, or only the branch, that a call is about; empty where it is not named. */
  public record Target(String branchName, String indexType, String indexName) {
    public static final Target NONE = new Target("", "", "");
  }
}
