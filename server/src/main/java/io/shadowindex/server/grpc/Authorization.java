package io.shadowindex.server.grpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
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
import io.shadowindex.v1.StreamProgressRequest;
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
      throw new Refusal.RoleTooLow(
              principal.name(),
              principal.role().name(),
              needed.name(),
              String.valueOf(method.getBareMethodName()))
          .exception();
    }
    Message request =
        message instanceof StreamProgressRequest stream ? stream.getReport() : (Message) message;
    if (principal.isRestricted()) {
      requireBranch(principal, request);
    }
    if (principal.role() == Role.WORKER && needed == Role.WORKER) {
      requireOwnBuild(principal, request);
    }
  }

  /**
   * Every branch that the request is about has to be one of the caller's, and it has to name one.
   */
  private void requireBranch(Principal principal, Message request) {
    var branches = new ArrayList<Optional<String>>();
    text(request, "branch_name").ifPresent(name -> branches.add(Optional.of(name)));
    uuid(request, "shadow_index_id")
        .ifPresent(
            id -> branches.add(builds.find(id).map(build -> build.spec().key().branchName())));
    uuid(request, "lock_id")
        .ifPresent(id -> branches.add(locks.find(id).map(lease -> lease.name().branchName())));
    boolean allowed =
        !branches.isEmpty()
            && branches.stream().allMatch(branch -> branch.filter(principal::mayUse).isPresent());
    if (!allowed) {
      throw new Refusal.BranchNotAllowed(principal.name(), principal.branches()).exception();
    }
  }

  private void requireOwnBuild(Principal principal, Message request) {
    Optional<UUID> build = uuid(request, "shadow_index_id");
    if (build.isPresent() && !builds.startedBy(build.get()).equals(Optional.of(principal.name()))) {
      throw new Refusal.NotBuildOwner(build.get(), principal.name()).exception();
    }
  }

  private static Optional<String> text(Message request, String name) {
    FieldDescriptor field = request.getDescriptorForType().findFieldByName(name);
    return Optional.ofNullable(field == null ? null : (String) request.getField(field))
        .filter(text -> !text.isEmpty());
  }

  /** Empty also for what is no UUID, which the field rules refuse. */
  private static Optional<UUID> uuid(Message request, String name) {
    return text(request, name)
        .flatMap(
            text -> {
              try {
                return Optional.of(UUID.fromString(text));
              } catch (IllegalArgumentException e) {
                return Optional.empty();
              }
            });
  }
}
