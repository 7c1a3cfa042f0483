package io.shadowindex.server.refusal;

import static java.util.stream.Collectors.joining;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Why a call was refused. Nothing was changed by a refused call, except by {@link OutcomeUnknown},
 * which says that it does not know.
 */
public sealed interface Refusal {

  /** One sentence for people: which thing, which state, what would work. Holds nothing internal. */
  String message();

  /** This refusal as something to throw. */
  default RefusedException exception() {
    return new RefusedException(this);
  }

  /** What is wrong with a field of the request or with a file of a build. */
  record Violation(String subject, String description) {
    @Override
    public String toString() {
      return subject + ": " + description;
    }
  }

  /** Fields that break the rules that stand beside them in the contract. */
  record InvalidFields(List<Violation> violations) implements Refusal {
    public InvalidFields {
      violations = List.copyOf(violations);
    }

    @Override
    public String message() {
      return violations.stream().map(Violation::toString).collect(joining("; "));
    }
  }

  /** A report that is behind an earlier one of the same attempt. */
  record ProgressBackwards(UUID buildId, String field, long known, long reported)
      implements Refusal {
    @Override
    public String message() {
      return "%s of build %s cannot go back from %d to %d"
          .formatted(field, buildId, known, reported);
    }
  }

  /** A page token that this server did not give out for these filters. */
  record InvalidPageToken() implements Refusal {
    @Override
    public String message() {
      return "the page token was not issued for these filters; start again without one";
    }
  }

  /** There is no build of that id. */
  record BuildNotFound(UUID buildId) implements Refusal {
    @Override
    public String message() {
      return "there is no build " + buildId;
    }
  }

  /** No build of that index was ever started. */
  record IndexNotFound(String branchName, String indexType, String indexName) implements Refusal {
    @Override
    public String message() {
      return "there is no %s named %s in branch %s; StartBuild begins one"
          .formatted(indexType, indexName, branchName);
    }
  }

  /** The index already has a build that is not finished. */
  record BuildAlreadyExists(UUID buildId, String state) implements Refusal {
    @Override
    public String message() {
      return "the index already has build %s, which is %s; complete and switch it, or cancel it"
          .formatted(buildId, state);
    }
  }

  /**
   * The build is in a state from which this cannot be done; {@code required} lists those it can.
   */
  record IllegalTransition(UUID buildId, String action, String state, List<String> required)
      implements Refusal {
    public IllegalTransition {
      required = List.copyOf(required);
    }

    @Override
    public String message() {
      return "cannot %s build %s: it is %s and would have to be %s"
          .formatted(action, buildId, state, String.join(" or ", required));
    }
  }

  /** The directory of the build is gone. */
  record DirectoryMissing(UUID buildId) implements Refusal {
    @Override
    public String message() {
      return "Shadow index directory not found: the files of build %s are gone".formatted(buildId);
    }
  }

  /** Files, by their path in the build's directory, that a generation cannot have. */
  record UnsafeFiles(UUID buildId, List<Violation> files) implements Refusal {
    public UnsafeFiles {
      files = List.copyOf(files);
    }

    @Override
    public String message() {
      return "build %s cannot be completed with %d of its files; the first is %s"
          .formatted(buildId, files.size(), files.getFirst());
    }
  }

  /** Files, by their path, in which a build is not what its worker's manifest says. */
  record ManifestDiffers(UUID buildId, List<Violation> files) implements Refusal {
    public ManifestDiffers {
      files = List.copyOf(files);
    }

    @Override
    public String message() {
      return "build %s differs from its worker's manifest in %d files; the first is %s"
          .formatted(buildId, files.size(), files.getFirst());
    }
  }

  /** There is nothing in the directory of a build. */
  record DirectoryEmpty(UUID buildId) implements Refusal {
    @Override
    public String message() {
      return "the directory of build %s holds no files; write the index to it, then complete"
          .formatted(buildId);
    }
  }

  /** Another change of an index came before the one that was asked for. */
  record IndexChanged(UUID buildId) implements Refusal {
    @Override
    public String message() {
      return "generation %s is not the live one any more; look at the index and ask again"
          .formatted(buildId);
    }
  }

  /** Something that is not a link stands where the live link belongs. */
  record LiveNameOccupied(UUID buildId) implements Refusal {
    @Override
    public String message() {
      return "a file or directory stands where the live link for build %s belongs; move it away, it"
              .formatted(buildId)
          + " is never overwritten";
    }
  }

  /** Somebody else changed the build since the caller read it. */
  record StaleEtag(UUID buildId) implements Refusal {
    @Override
    public String message() {
      return "build %s has changed since that etag; read it again".formatted(buildId);
    }
  }

  /** The right to work on the build has passed to another attempt. */
  record StaleFencingToken(UUID buildId, long token) implements Refusal {
    @Override
    public String message() {
      return "fencing token %d of build %s is not the current one; another attempt has taken over"
          .formatted(token, buildId);
    }
  }

  /**
   * A lock was not granted in time.
   *
   * @param buildId the build that was to be switched to; null for a lock by hand
   * @param lockId the lock in the way; null when there is none and others only came first
   * @param resourceTypes what the lock in the way is on; empty for the whole branch
   * @param holder its owner
   * @param explanation one sentence that says who holds what for how long
   */
  record LockHeld(
      @Nullable UUID buildId,
      @Nullable UUID lockId,
      String branchName,
      List<String> resourceTypes,
      String holder,
      String explanation,
      Duration retryAfter)
      implements Refusal {
    public LockHeld {
      resourceTypes = List.copyOf(resourceTypes);
    }

    @Override
    public String message() {
      return (buildId == null ? "not granted: " : "the live link was left as it is: ")
          + explanation
          + "; try again";
    }
  }

  /** There is no lock of that id; it may have expired or been released. */
  record LockNotFound(UUID lockId) implements Refusal {
    @Override
    public String message() {
      return "there is no lock %s; it has expired, was released or never existed, acquire another"
          .formatted(lockId);
    }
  }

  /** The lock is somebody else's. */
  record NotLockOwner(UUID lockId, String owner) implements Refusal {
    @Override
    public String message() {
      return "lock %s belongs to %s; ask them, or have an administrator release it by force"
          .formatted(lockId, owner);
    }
  }

  /** The token is not the one that the lock was granted with. */
  record StaleLockToken(UUID lockId, long token) implements Refusal {
    @Override
    public String message() {
      return "fencing token %d is not that of lock %s".formatted(token, lockId);
    }
  }

  /** A write under a lease that is not held any more, or that does not cover it. */
  record LeaseLost(UUID lockId) implements Refusal {
    @Override
    public String message() {
      return "lease %s does not cover this write any more; stop, and acquire another"
          .formatted(lockId);
    }
  }

  /** The files of a generation are no longer kept. */
  record GenerationNotRetained(UUID buildId) implements Refusal {
    @Override
    public String message() {
      return "the files of generation %s are no longer kept; GetIndex lists those that are"
          .formatted(buildId);
    }
  }

  /** An index has no generation to go back to. */
  record NoPreviousGeneration(String branchName, String indexType, String indexName)
      implements Refusal {
    @Override
    public String message() {
      return "no generation of %s %s in branch %s from before the live one is kept; GetIndex lists"
              .formatted(indexType, indexName, branchName)
          + " those that are";
    }
  }

  /** An index that is to go still has a build that is not finished. */
  record IndexHasLiveBuild(UUID buildId, String state) implements Refusal {
    @Override
    public String message() {
      return "build %s of the index is %s; cancel it, or set cancel_builds"
          .formatted(buildId, state);
    }
  }

  /** The id of a request was used before for another one. */
  record RequestIdReused(UUID requestId) implements Refusal {
    @Override
    public String message() {
      return "request_id %s was used before for another request; make up a new one"
          .formatted(requestId);
    }
  }

  /** Another call with the same id is not over yet. */
  record RequestUnderWay(UUID requestId) implements Refusal {
    @Override
    public String message() {
      return "request %s is still under way; call again with the same request_id to get its answer"
          .formatted(requestId);
    }
  }

  /** As many builds are unfinished as may be; null for all branches together. */
  record TooManyBuilds(int limit, @Nullable String branchName) implements Refusal {
    @Override
    public String message() {
      return "%d builds are unfinished%s, which is the limit; complete and switch some, or cancel them"
          .formatted(limit, branchName == null ? "" : " in branch " + branchName);
    }
  }

  /** As many locks are held as may be. */
  record TooManyLocks(int limit) implements Refusal {
    @Override
    public String message() {
      return "%d locks are held, which is the limit; release some, or wait until they expire"
          .formatted(limit);
    }
  }

  /** There is no room on the disk. */
  record DiskFull() implements Refusal {
    @Override
    public String message() {
      return "the disk is full; nothing was changed";
    }
  }

  /** The volume with the indexes can only be read. */
  record ReadOnlyVolume() implements Refusal {
    @Override
    public String message() {
      return "the volume with the indexes can only be read; nothing was changed";
    }
  }

  /** The log has nothing from after a revision: it is too old, or does not exist yet. */
  record RevisionOutOfRange(long revision, long oldest, long newest) implements Refusal {
    @Override
    public String message() {
      return revision > newest
          ? "revision %d is in the future: the newest is %d".formatted(revision, newest)
          : "the log begins with revision %d and cannot continue after %d; watch without a revision"
              .formatted(oldest, revision);
    }
  }

  /**
   * There are as many streams as there may be.
   *
   * @param scope {@code connection} or {@code server}
   */
  record TooManyStreams(String scope, int limit, Duration retryAfter) implements Refusal {
    @Override
    public String message() {
      return "the %s has %d streams, which is as many as it may; close some, or open another %s"
          .formatted(scope, limit, scope);
    }
  }

  /** Another stream reports under the same id. */
  record WorkerReplaced(UUID buildId, String workerId) implements Refusal {
    @Override
    public String message() {
      return "another stream reports as worker '%s' of build %s; two workers must not share an id"
          .formatted(workerId, buildId);
    }
  }

  /** Nothing came over a stream of reports. */
  record StreamSilent(Duration limit) implements Refusal {
    @Override
    public String message() {
      return "nothing was reported within %d ms of opening the stream".formatted(limit.toMillis());
    }
  }

  /** More came over a stream of reports than the server takes. */
  record StreamFlooded(int limit, Duration retryAfter) implements Refusal {
    @Override
    public String message() {
      return "more than %d reports a second came over one stream; only the newest one counts anyway"
          .formatted(limit);
    }
  }

  /** A build that is to be claimed has workers that report. */
  record BuildNotStalled(UUID buildId) implements Refusal {
    @Override
    public String message() {
      return "build %s has workers that report; set force to take it from them".formatted(buildId);
    }
  }

  /** A build has as many workers as it may. */
  record TooManyWorkers(UUID buildId, int limit) implements Refusal {
    @Override
    public String message() {
      return "build %s has %d workers with different ids, which is as many as it may"
          .formatted(buildId, limit);
    }
  }

  /** Nobody says who calls. */
  record CredentialMissing() implements Refusal {
    @Override
    public String message() {
      return "this server asks who calls: send a token as 'authorization: Bearer …', or use a"
          + " certificate it knows";
    }
  }

  /** The token is nobody's. */
  record CredentialUnknown() implements Refusal {
    @Override
    public String message() {
      return "the token is none that this server knows; ask whoever keeps its credentials file";
    }
  }

  /** The caller's role is less than the call needs. */
  record RoleTooLow(String principal, String role, String required, String method)
      implements Refusal {
    @Override
    public String message() {
      return "%s has the role %s, and this %s needs %s"
          .formatted(principal, role, method, required);
    }
  }

  /** The caller may use some branches only, and the request is about another one or names none. */
  record BranchNotAllowed(String principal, String branches) implements Refusal {
    @Override
    public String message() {
      return "%s may use the branches %s only; name one of them, or what is in one of them"
          .formatted(principal, branches);
    }
  }

  /** A worker's call about a build that it has not started. */
  record NotBuildOwner(UUID buildId, String principal) implements Refusal {
    @Override
    public String message() {
      return "%s has started no build %s, and a worker may only work on its own"
          .formatted(principal, buildId);
    }
  }

  /**
   * As many calls are under way as may be.
   *
   * @param scope {@code server}, or {@code lock_waits} for those that wait for a lock
   */
  record TooManyCalls(String scope, int limit, Duration retryAfter) implements Refusal {
    @Override
    public String message() {
      return "%d calls are under way already (%s), which is as many as may be; call again later"
          .formatted(limit, scope);
    }
  }

  /** The requests of the calls under way are as large together as they may be. */
  record TooManyBytes(int limit, Duration retryAfter) implements Refusal {
    @Override
    public String message() {
      return "the requests under way would have more than %d bytes together; call again later"
          .formatted(limit);
    }
  }

  /** A client began a call and did not send all of its request. */
  record RequestIncomplete(Duration limit) implements Refusal {
    @Override
    public String message() {
      return "the request was not complete %d ms after the call had begun"
          .formatted(limit.toMillis());
    }
  }

  /** A watch ended because the server is shutting down. */
  record WatchDrained(long revision) implements Refusal {
    @Override
    public String message() {
      return "the server is shutting down; watch again from revision " + revision;
    }
  }

  /** The server is shutting down. */
  record Draining() implements Refusal {
    @Override
    public String message() {
      return "the server is shutting down; call again";
    }
  }

  /** The disk failed in the middle of a change; recovery decides at the next start. */
  record OutcomeUnknown() implements Refusal {
    @Override
    public String message() {
      return "the disk failed and the server cannot tell whether the change took effect; it restarts"
          + " and decides from what is on disk, read the build before you try again";
    }
  }
}
