package io.shadowindex.server.grpc;

import static io.shadowindex.server.access.Role.ADMIN;
import static io.shadowindex.server.access.Role.ANYONE;
import static io.shadowindex.server.access.Role.OPERATOR;
import static io.shadowindex.server.access.Role.VIEWER;
import static io.shadowindex.server.access.Role.WORKER;
import static java.util.stream.Collectors.toUnmodifiableMap;

import io.grpc.MethodDescriptor;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.shadowindex.server.access.Role;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.StartBuildRequest;
import java.util.List;
import java.util.Map;

/** Which role each RPC needs. What is not here is nobody's. */
final class AccessRules {

  private static final Map<String, Role> ROLES =
      table(
          Map.of(
              ANYONE,
              List.of(
                  HealthGrpc.getCheckMethod(),
                  HealthGrpc.getWatchMethod(),
                  ServerReflectionGrpc.getServerReflectionInfoMethod()),
              VIEWER,
              List.of(
                  ShadowIndexServiceGrpc.getGetShadowIndexMethod(),
                  ShadowIndexServiceGrpc.getListShadowIndexesMethod(),
                  ShadowIndexServiceGrpc.getGetIndexMethod(),
                  ShadowIndexServiceGrpc.getListIndexesMethod(),
                  ShadowIndexServiceGrpc.getWatchBuildMethod(),
                  ShadowIndexServiceGrpc.getWatchBuildsMethod(),
                  LockServiceGrpc.getListLocksMethod(),
                  LockServiceGrpc.getWatchLocksMethod(),
                  LockServiceGrpc.getCheckWritePermissionMethod()),
              WORKER,
              List.of(
                  ShadowIndexServiceGrpc.getStartBuildMethod(),
                  ShadowIndexServiceGrpc.getReportProgressMethod(),
                  ShadowIndexServiceGrpc.getStreamProgressMethod(),
                  ShadowIndexServiceGrpc.getCompleteBuildMethod(),
                  ShadowIndexServiceGrpc.getFailBuildMethod(),
                  ShadowIndexServiceGrpc.getRetryBuildMethod(),
                  ShadowIndexServiceGrpc.getClaimBuildMethod(),
                  LockServiceGrpc.getRenewLockMethod(),
                  LockServiceGrpc.getReleaseLockMethod()),
              OPERATOR,
              List.of(
                  ShadowIndexServiceGrpc.getCancelBuildMethod(),
                  ShadowIndexServiceGrpc.getPauseBuildMethod(),
                  ShadowIndexServiceGrpc.getResumeBuildMethod(),
                  ShadowIndexServiceGrpc.getSwitchIndexMethod(),
                  ShadowIndexServiceGrpc.getRollbackIndexMethod(),
                  ShadowIndexServiceGrpc.getCheckIndexesMethod(),
                  ShadowIndexServiceGrpc.getListAuditEntriesMethod(),
                  LockServiceGrpc.getAcquireLockMethod()),
              ADMIN,
              List.of(
                  ShadowIndexServiceGrpc.getDeleteIndexMethod(),
                  AdminServiceGrpc.getBackUpStateMethod())));

  private AccessRules() {}

  /** The role for any call of a method. */
  static Role roleFor(MethodDescriptor<?, ?> method) {
    Role role = ROLES.get(method.getFullMethodName());
    if (role == null) {
      throw new IllegalStateException(method.getFullMethodName() + " is in no row of the table");
    }
    return role;
  }

  /** Whether everybody may call a method, or there is none of that name. */
  static boolean needsNoName(String fullMethodName) {
    return ROLES.getOrDefault(fullMethodName, ANYONE) == ANYONE;
  }

  /** The role for one request, which may ask for more, or for less, than its method does. */
  static Role roleFor(MethodDescriptor<?, ?> method, Object request) {
    return switch (request) {
      case AcquireLockRequest acquire when acquire.getMode() == Lock.Mode.SHARED -> WORKER;
      case ReleaseLockRequest release when release.getForceRelease() -> ADMIN;
      case StartBuildRequest start when start.getAutoSwitch().getEnabled() -> OPERATOR;
      default -> roleFor(method);
    };
  }

  private static Map<String, Role> table(Map<Role, List<MethodDescriptor<?, ?>>> methods) {
    return methods.entrySet().stream()
        .flatMap(row -> row.getValue().stream().map(method -> Map.entry(method, row.getKey())))
        .collect(toUnmodifiableMap(row -> row.getKey().getFullMethodName(), Map.Entry::getValue));
  }
}
