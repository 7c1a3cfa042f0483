package io.shadowindex.client.cli;

import io.shadowindex.client.ServerAddress;
import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.client.lucene.InputException;
import io.shadowindex.client.lucene.InvalidQueryException;
import io.shadowindex.client.lucene.NoLiveIndexException;
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
      case ShadowIndexException refused -> explain(refused, server);
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

  private static CommandFailure explain(ShadowIndexException failure, ServerAddress server) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case ShadowIndexException.BuildLost _ ->
          new CommandFailure(Exit.REFUSED, "The build was taken away from this worker: " + message);
      case ShadowIndexException.NotFound _ -> new CommandFailure(Exit.NOT_FOUND, message);
      case ShadowIndexException.Unavailable _ ->
          new CommandFailure(
              Exit.UNAVAILABLE,
              message.startsWith("No server answers")
                  ? "No server answers at "
                      + server
                      + "; start one with server/bin/shadowindex-server, or name another with"
                      + " --server."
                  : message);
      case ShadowIndexException.OutcomeUnknown _ ->
          new CommandFailure(Exit.UNAVAILABLE, message + " Look at the build with get.");
      case ShadowIndexException.InvalidArgument _,
          ShadowIndexException.FailedPrecondition _,
          ShadowIndexException.Conflict _,
          ShadowIndexException.Locked _,
          ShadowIndexException.ResourceExhausted _,
          ShadowIndexException.PermissionDenied _,
          ShadowIndexException.RevisionOutOfRange _,
          ShadowIndexException.Cancelled _,
          ShadowIndexException.Internal _ ->
          new CommandFailure(Exit.REFUSED, message);
    };
  }
}
