package io.shadowindex.server;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.testing.ErrorConformance;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AcquireLockResponse;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ManifestFile;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.RenewLockRequest;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.StartBuildResponse;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Requests made of bytes, sent to a real server: each is answered, or refused with a reason that is
 * documented, and the server goes on.
 *
 * <p>An input is a sequence of calls: a byte for the method, two for the length of its request, the
 * request. As no mutation finds a UUID, every {@code shadow_index_id} and {@code lock_id} that is
 * none stands for a build or lock of this sequence; and no request waits longer than a second.
 */
public final class RequestsFuzz {

  private static final Set<Code> NEVER =
      Set.of(
          Code.INTERNAL,
          Code.UNKNOWN,
          Code.UNIMPLEMENTED,
          Code.DATA_LOSS,
          Code.DEADLINE_EXCEEDED,
          Code.UNAVAILABLE);

  private static final List<MethodDescriptor<?, ?>> METHODS =
      Stream.of(
              ShadowIndexServiceGrpc.getServiceDescriptor(), LockServiceGrpc.getServiceDescriptor())
          .flatMap(service -> service.getMethods().stream())
          .filter(method -> method.getType() == MethodType.UNARY)
          .sorted(Comparator.comparing(MethodDescriptor::getFullMethodName))
          .toList();

  private static final String PROBED_BRANCH = "probed";
  private static final int UUID_LENGTH = 36;
  private static final int CALLS_AT_MOST = 30;

  private static final ErrorConformance CONFORMANCE = ErrorConformance.everywhere();
  private static final TestServer SERVER = startServer(); // after that, which is to see its calls

  private final Deque<String> builds = new ArrayDeque<>();
  private final Deque<String> locks = new ArrayDeque<>();

  private RequestsFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    new RequestsFuzz().run(ByteBuffer.wrap(input));
  }

  /** The life of a build, of a lock, and of a failure. */
  public static List<byte[]> seeds() {
    StartBuildRequest start =
        StartBuildRequest.newBuilder()
            .setBranchName("main")
            .setIndexType(IndexType.Enum.SEARCH_INDEX)
            .addResourceTypes("object_type")
            .build();
    ReportProgressRequest report =
        ReportProgressRequest.newBuilder()
            .setShadowIndexId("b")
            .setProgressPercent(50)
            .setRecordCount(1)
            .build();
    CompleteBuildRequest complete =
        CompleteBuildRequest.newBuilder().setShadowIndexId("b").setRecordCount(1).build();
    SwitchIndexRequest switchIndex =
        SwitchIndexRequest.newBuilder().setShadowIndexId("b").setBackupCurrent(true).build();
    AcquireLockRequest lock =
        AcquireLockRequest.newBuilder()
            .setBranchName("main")
            .setScope(Lock.Scope.RESOURCE_TYPE)
            .addResourceTypes("object_type")
            .setOwner("me")
            .setTtlSeconds(60)
            .build();
    return List.of(
        sequence(start, report, complete, switchIndex),
        sequence(
            start,
            complete,
            switchIndex,
            start,
            complete.toBuilder()
                .addFiles(ManifestFile.newBuilder().setPath("segment").setSizeBytes(1))
                .build(),
            complete,
            switchIndex,
            RollbackIndexRequest.newBuilder()
                .setBranchName("main")
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .build(),
            DeleteIndexRequest.newBuilder()
                .setBranchName("main")
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .build()),
        sequence(
            start,
            FailBuildRequest.newBuilder().setShadowIndexId("b").setErrorMessage("no").build(),
            RetryBuildRequest.newBuilder().setShadowIndexId("b").build(),
            CancelBuildRequest.newBuilder().setShadowIndexId("b").build()),
        sequence(
            lock,
            lock,
            CheckWritePermissionRequest.newBuilder()
                .setBranchName("main")
                .setResourceType("object_type")
                .build(),
            RenewLockRequest.newBuilder().setLockId("l").setOwner("me").setFencingToken(1).build(),
            ReleaseLockRequest.newBuilder()
                .setLockId("l")
                .setOwner("me")
                .setForceRelease(true)
                .setReason("done")
                .build()),
        sequence(
            ListShadowIndexesRequest.newBuilder().setPageSize(1).setPageToken("x").build(),
            ListIndexesRequest.newBuilder().setPageSize(1).setPageToken("x").build(),
            ListAuditEntriesRequest.newBuilder().setPageSize(1).setPageToken("x").build(),
            ListLocksRequest.newBuilder().setPageSize(1).setPageToken("x").build()));
  }

  private static byte[] sequence(Message... requests) {
    var bytes = new ByteArrayOutputStream();
    for (Message request : requests) {
      byte[] body = request.toByteArray();
      bytes.write(methodOf(request));
      bytes.write(body.length >> 8);
      bytes.write(body.length);
      bytes.writeBytes(body);
    }
    return bytes.toByteArray();
  }

  private static int methodOf(Message request) {
    for (int i = 0; i < METHODS.size(); i++) {
      String method = METHODS.get(i).getBareMethodName();
      if (request.getDescriptorForType().getName().equals(method + "Request")) {
        return i;
      }
    }
    throw new AssertionError("no method takes " + request.getDescriptorForType().getFullName());
  }

  private void run(ByteBuffer input) throws IOException {
    try {
      for (int i = 0; i < CALLS_AT_MOST && input.remaining() >= 3; i++) {
        var method = METHODS.get((input.get() & 0xff) % METHODS.size());
        byte[] body = new byte[Math.min(input.getShort() & 0xffff, input.remaining())];
        input.get(body);
        call(method, body);
      }
      CONFORMANCE.assertConformed();
      if (!SERVER.failures().isEmpty()) {
        throw new AssertionError("the server would have ended: " + SERVER.failures());
      }
      var _ = SERVER.stub().getIndex(probe());
    } finally {
      cleanUp();
    }
  }

  private <ReqT, RespT> void call(MethodDescriptor<ReqT, RespT> method, byte[] body)
      throws IOException {
    ReqT request;
    try {
      request = parse(method, body);
    } catch (StatusRuntimeException notARequest) {
      return;
    }
    RespT response;
    try {
      response =
          ClientCalls.blockingUnaryCall(
              SERVER.channel(),
              method,
              CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
              request);
    } catch (StatusRuntimeException e) {
      if (NEVER.contains(e.getStatus().getCode())) {
        throw new AssertionError(method.getFullMethodName() + " of\n" + request, e);
      }
      return;
    }
    switch (response) {
      case StartBuildResponse started -> {
        builds.push(started.getShadowIndex().getShadowIndexId());
        write(started.getShadowIndex());
      }
      case AcquireLockResponse acquired -> locks.push(acquired.getLock().getLockId());
      default -> {}
    }
  }

  private static void write(ShadowIndex build) throws IOException {
    if (build.getState() == ShadowIndex.State.BUILDING) {
      TestServer.write(build, "segment", "x");
    }
  }

  private <ReqT> ReqT parse(MethodDescriptor<ReqT, ?> method, byte[] body) {
    ReqT request = method.parseRequest(new ByteArrayInputStream(body));
    Message.Builder builder = ((Message) request).toBuilder();
    adapt(builder);
    return method.parseRequest(builder.build().toByteString().newInput());
  }

  private void adapt(Message.Builder message) {
    message.getAllFields().forEach((field, value) -> adapt(message, field, value));
    FieldDescriptor timeout =
        message.getDescriptorForType().findFieldByName("switch_timeout_seconds");
    if (timeout != null && message.getField(timeout).equals(0)) {
      message.setField(timeout, 1); // as the default is much longer
    }
  }

  private void adapt(Message.Builder message, FieldDescriptor field, Object value) {
    switch (field.getName()) {
      case "shadow_index_id" -> message.setField(field, known(builds, (String) value));
      case "lock_id" -> message.setField(field, known(locks, (String) value));
      case "switch_timeout_seconds", "wait_seconds" ->
          message.setField(field, Math.min((Integer) value, 1));
      default -> {
        if (field.getJavaType() == JavaType.MESSAGE && !field.isRepeated()) {
          adapt(message.getFieldBuilder(field));
        }
      }
    }
  }

  private static String known(Deque<String> ids, String given) {
    return given.length() == UUID_LENGTH || ids.isEmpty() ? given : ids.getFirst();
  }

  /** Neither locks nor builds are in the way of the next input. */
  private void cleanUp() {
    for (String lock : locks) {
      ignoringRefusal(
          () ->
              SERVER
                  .locks()
                  .releaseLock(
                      ReleaseLockRequest.newBuilder()
                          .setLockId(lock)
                          .setOwner("fuzz")
                          .setForceRelease(true)
                          .setReason("the input ends")
                          .build()));
    }
    for (String build : builds) {
      ignoringRefusal(
          () ->
              SERVER
                  .stub()
                  .cancelBuild(CancelBuildRequest.newBuilder().setShadowIndexId(build).build()));
    }
  }

  private static void ignoringRefusal(Supplier<?> call) {
    try {
      var _ = call.get();
    } catch (StatusRuntimeException ended) {
      if (NEVER.contains(ended.getStatus().getCode())) {
        throw ended;
      }
    }
  }

  private static GetIndexRequest probe() {
    return GetIndexRequest.newBuilder()
        .setBranchName(PROBED_BRANCH)
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .build();
  }

  private static TestServer startServer() {
    try {
      Path target = Files.createDirectories(Path.of("target").toAbsolutePath());
      Path directory =
          Files.createTempDirectory(target, "requests-fuzz"); // `make clean` deletes it
      var config =
          TestServer.config(directory)
              .with(Settings.RETENTION, Duration.ZERO)
              .with(Settings.KEEP_GENERATIONS, 0);
      TestServer server = TestServer.start(config, ShadowIndexServer.Environment.real());
      var _ = server.startBuild(PROBED_BRANCH);
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
