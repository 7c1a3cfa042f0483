package io.shadowindex.client.cli;

import io.grpc.StatusRuntimeException;
import io.shadowindex.client.BuildLostException;
import io.shadowindex.client.Refusal;
import io.shadowindex.client.ServerAddress;
import io.shadowindex.client.lucene.InputException;
import io.shadowindex.client.lucene.InvalidQueryException;
import io.shadowindex.client.lucene.NoLiveIndexException;
import io.shadowindex.v1.ErrorReason;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Turns what a command threw into one line on standard error and an exit code. */
final class FailureReport {
  private final ShadowCtl ctl;

  FailureReport(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  /** Prints the line, below a stack trace when asked for, and answers the exit code. */
  int tell(Exception failure) {
    if (ctl.verbose()) {
      failure.printStackTrace(ctl.output().err());
    }
    CommandFailure told = explain(failure, ctl.server());
    ctl.output().err().println("shadowctl: " + oneLine(String.valueOf(told.getMessage())));
    return told.exit().code();
  }

  static String oneLine(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static CommandFailure explain(Exception failure, ServerAddress server) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case CommandFailure told -> told;
      case StatusRuntimeException refused -> explain(Refusal.of(refused), server);
      case BuildLostException _ ->
          new CommandFailure(Exit.REFUSED, "The build was taken away from this worker: " + message);
      case InvalidQueryException _ -> new CommandFailure(Exit.USAGE, message);
      case InputException _ -> new CommandFailure(Exit.USAGE, message);
      case NoLiveIndexException _ -> new CommandFailure(Exit.NOT_FOUND, message);
      case NoSuchFileException _ ->
          new CommandFailure(Exit.REFUSED, "There is no file " + message + ".");
      case AccessDeniedException _ ->
          new CommandFailure(Exit.REFUSED, "No permission for " + message + ".");
      case IOException _ -> new CommandFailure(Exit.REFUSED, message);
      default ->
          new CommandFailure(
              Exit.REFUSED, "Unexpected (--verbose shows where it comes from): " + failure);
    };
  }

  private static CommandFailure explain(Refusal refusal, ServerAddress server) {
    boolean saidByServer = refusal.reason() != ErrorReason.Enum.ERROR_REASON_UNSPECIFIED;
    return switch (refusal.code()) {
      case UNAVAILABLE ->
          new CommandFailure(
              Exit.UNAVAILABLE,
              saidByServer
                  ? refusal.message() + " (" + server + ")"
                  : "No server answers at "
                      + server
                      + "; start one with server/bin/shadowindex-server, or name another with"
                      + " --server.");
      case DEADLINE_EXCEEDED ->
          new CommandFailure(
              Exit.UNAVAILABLE,
              "The server at " + server + " did not answer in time; look at the build with get.");
      case NOT_FOUND -> new CommandFailure(Exit.NOT_FOUND, words(refusal));
      default -> new CommandFailure(Exit.REFUSED, words(refusal));
    };
  }

  private static String words(Refusal refusal) {
    return refusal.message().isEmpty() ? refusal.code().name() : refusal.message();
  }
}
