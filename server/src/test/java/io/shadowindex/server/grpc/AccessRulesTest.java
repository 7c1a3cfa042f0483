package io.shadowindex.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.MethodDescriptor;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.shadowindex.server.access.Role;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of who may call what; the client's MisuseTest pins its rows. */
final class AccessRulesTest {

  @Test
  void everyRpcOfEveryServiceIsInTheTable() {
    Stream.of(
            ShadowIndexServiceGrpc.getServiceDescriptor(),
            LockServiceGrpc.getServiceDescriptor(),
            AdminServiceGrpc.getServiceDescriptor(),
            HealthGrpc.getServiceDescriptor(),
            ServerReflectionGrpc.getServiceDescriptor())
        .flatMap(service -> service.getMethods().stream())
        .forEach(method -> assertThat(AccessRules.roleFor(method)).isNotNull());
  }

  @Test
  void onlyHealthAndReflectionAreForAnyone() {
    for (MethodDescriptor<?, ?> method :
        ShadowIndexServiceGrpc.getServiceDescriptor().getMethods()) {
      assertThat(AccessRules.roleFor(method)).isNotEqualTo(Role.ANYONE);
    }
    for (MethodDescriptor<?, ?> method : LockServiceGrpc.getServiceDescriptor().getMethods()) {
      assertThat(AccessRules.roleFor(method)).isNotEqualTo(Role.ANYONE);
    }
  }
}
