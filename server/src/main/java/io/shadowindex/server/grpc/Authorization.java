package io.shadowindex.server.grpc;

import com.google.protobuf.Message;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.shadowindex.server.access.Principal;
import io.shadowindex.server.access.Role;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import java.util.ArrayList;
import java.util.Optional;
import java.util.UUID;

/**
 * Refuses what the caller may not do, before anything else is told of the request. Looks at the
 * first message of a call; those that follow in a stream are about the same build.
 */
public final class Authorization implements ServerInterceptor {

  private final BuildStore builds;
  private final LockStore locks;

  public Authorization(BuildStore builds, LockStore locks) {
    this.builds = builds;
    this.locks = locks;
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

      private boolean allowed;

      @Override
      public void onMessage(ReqT message) {
        if (!allowed) {
          require(Authentication.principal(), call.getMethodDescriptor(), message);
          allowed = true;
        }
        super.onMessage(message);
      }
    };
  }

  private void require(Principal principal, MethodDescriptor<?, ?> method, Object message) {
    Role needed = AccessRules.roleFor(method, message);
    if (!principal.role().includes(needed)) {
      throw roleTooLow(principal, needed, method);
    }
    Message request = RequestFields.of(message);
    if (principal.isRestricted()) {
      requireBranch(principal, request);
    }
    if (principal.role() == Role.WORKER && needed == Role.WORKER) {
      requireOwnBuild(principal, request);
      requireOwnLock(principal, method, request);
    }
  }

  /**
   * Every branch that the request is about has to be one of the caller's, and it has to name one.
   */
  private void requireBranch(Principal principal, Message request) {
    var branches = new ArrayList<Optional<String>>();
    RequestFields.text(request, "branch_name").ifPresent(name -> branches.add(Optional.of(name)));
    RequestFields.uuid(request, "shadow_index_id")
        .ifPresent(
            id -> branches.add(builds.find(id).map(build -> build.spec().key().branchName())));
    RequestFields.uuid(request, "lock_id")
        .ifPresent(id -> branches.add(locks.find(id).map(lease -> lease.name().branchName())));
    boolean allowed =
        !branches.isEmpty()
            && branches.stream().allMatch(branch -> branch.filter(principal::mayUse).isPresent());
    if (!allowed) {
      throw new Refusal.BranchNotAllowed(principal.name(), principal.branches()).exception();
    }
  }

  private void requireOwnBuild(Principal principal, Message request) {
    Optional<UUID> build = RequestFields.uuid(request, "shadow_index_id");
    if (build.isPresent() && !builds.startedBy(build.get()).equals(Optional.of(principal.name()))) {
      throw new Refusal.NotBuildOwner(build.get(), principal.name()).exception();
    }
  }

  /** A worker's leases are its own, whoever else knows their tokens. */
  private void requireOwnLock(Principal principal, MethodDescriptor<?, ?> method, Message request) {
    Optional<String> holder = RequestFields.uuid(request, "lock_id").flatMap(locks::acquiredBy);
    if (holder.isPresent() && !holder.get().equals(principal.name())) {
      throw roleTooLow(principal, Role.OPERATOR, method);
    }
  }

  private static RefusedException roleTooLow(
      Principal principal, Role needed, MethodDescriptor<?, ?> method) {
    return new Refusal.RoleTooLow(
            principal.name(),
            principal.role().name(),
            needed.name(),
            String.valueOf(method.getBareMethodName()))
        .exception();
  }
}
