package io.shadowindex.server.grpc;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.Status;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.StartBuildRequest;
import java.util.UUID;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Every rule of the contract about one request's fields, and a turn to be carried out. */
@State(Scope.Benchmark)
public class RequestLoop {

  private final Message report =
      ReportProgressRequest.newBuilder()
          .setShadowIndexId(UUID.randomUUID().toString())
          .setProgressPercent(50)
          .setRecordCount(1_000_000)
          .build();
  private final Message question =
      CheckWritePermissionRequest.newBuilder()
          .setBranchName("main")
          .setAction("write")
          .setResourceType("object_type")
          .build();
  private final Message start =
      StartBuildRequest.newBuilder()
          .setBranchName("main")
          .setIndexType(IndexType.Enum.SEARCH_INDEX)
          .addResourceTypes("object_type")
          .putLabels("team", "search")
          .build();

  private final Listener<Message> validation = validation();

  private final Turns turns = new Turns(32);
  private final Turns.Line line = new Turns.Line();

  private static Listener<Message> validation() {
    return new RequestValidation()
        .interceptCall(new NobodysCall(), new Metadata(), (call, headers) -> new Listener<>() {});
  }

  @Benchmark
  public void validateReportProgress() {
    validation.onMessage(report);
  }

  @Benchmark
  public void validateCheckWritePermission() {
    validation.onMessage(question);
  }

  @Benchmark
  public void validateStartBuild() {
    validation.onMessage(start);
  }

  @Benchmark
  public void takeTurnAndPassIt() {
    turns.take(line);
    turns.pass();
  }

  /** A call that nobody answers. */
  private static final class NobodysCall extends ServerCall<Message, Message> {
    @Override
    public void request(int messages) {}

    @Override
    public void sendHeaders(Metadata headers) {}

    @Override
    public void sendMessage(Message message) {}

    @Override
    public void close(Status status, Metadata trailers) {}

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    @SuppressWarnings("unchecked") // nobody looks at its types
    public MethodDescriptor<Message, Message> getMethodDescriptor() {
      return (MethodDescriptor<Message, Message>)
          (MethodDescriptor<?, ?>) LockServiceGrpc.getCheckWritePermissionMethod();
    }
  }
}
