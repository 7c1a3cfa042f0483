package io.shadowindex.client.cli;

import io.grpc.Status;
import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.client.lucene.InputException;
import io.shadowindex.client.lucene.InvalidQueryException;
import io.shadowindex.client.lucene.NoLiveIndexException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.TreeMap;

/** Turns what a command threw into one line on standard error and an exit code. */
final class FailureReport {
  private final ShadowCtl ctl;

  FailureReport(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  /** Prints the line, and below it all else that is known when asked for; answers the exit code. */
  int tell(Exception failure) {
    PrintWriter err = ctl.output().err();
    CommandFailure told = explain(failure);
    err.println("shadowctl: " + oneLine(String.valueOf(told.getMessage())));
    if (ctl.verbose()) {
      if (failure instanceof ShadowIndexException refused) {
        details(refused, err);
      }
      failure.printStackTrace(err);
    }
    return told.exit().code();
  }

  static String oneLine(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static void details(ShadowIndexException refused, PrintWriter err) {
    err.println("status: " + refused.code());
    err.println("reason: " + refused.reason());
    new TreeMap<>(refused.metadata()).forEach((name, value) -> err.println(name + ": " + value));
    refused.retryAfter().ifPresent(time -> err.println("retry after: " + time));
  }

  private static CommandFailure explain(Exception failure) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case CommandFailure told -> told;
      case ShadowIndexException refused -> explain(refused);
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

  private static CommandFailure explain(ShadowIndexException failure) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case ShadowIndexException.BuildLost _ ->
          new CommandFailure(Exit.REFUSED, "The build was taken away from this worker: " + message);
      case ShadowIndexException.NotFound _ -> new CommandFailure(Exit.NOT_FOUND, message);
      case ShadowIndexException.Unavailable _ ->
          new CommandFailure(Exit.UNAVAILABLE, message + remedy(message));
      case ShadowIndexException.OutcomeUnknown _ ->
          new CommandFailure(Exit.UNAVAILABLE, hinted(message, "Look at the build with get."));
      case ShadowIndexException.PermissionDenied _
          when failure.code() == Status.Code.UNAUTHENTICATED ->
          new CommandFailure(
              Exit.NOT_PERMITTED,
              hinted(message, "Tokens come from --token-file or from SHADOWINDEX_TOKEN."));
      case ShadowIndexException.PermissionDenied _ ->
          new CommandFailure(Exit.NOT_PERMITTED, message);
      case ShadowIndexException.Locked _ ->
          new CommandFailure(Exit.REFUSED, hinted(message, "All locks: shadowctl locks."));
      case ShadowIndexException.InvalidArgument _,
          ShadowIndexException.FailedPrecondition _,
          ShadowIndexException.Conflict _,
          ShadowIndexException.ResourceExhausted _,
          ShadowIndexException.RevisionOutOfRange _,
          ShadowIndexException.Cancelled _,
          ShadowIndexException.Internal _ ->
          new CommandFailure(Exit.REFUSED, message);
    };
  }

  /** Ends the server's sentence, which may come without a full stop, and begins another one. */
  private static String hinted(String message, String hint) {
    return message + (message.endsWith(".") ? " " : ". ") + hint;
  }

  /** What to do about a connection that does not come about, by what the client library says. */
  private static String remedy(String message) {
    if (message.startsWith("No server answers")) {
      return " Start one with server/bin/shadowindex-server, or name another with --server.";
    }
    if (message.startsWith("There is no host")) {
      return " Name another with --server.";
    }
    if (message.contains("does not speak TLS")) {
      return " That is --tls=false.";
    }
    if (message.contains("expect TLS")) {
      return " Try --tls.";
    }
    if (message.contains("no trusted authority")) {
      return " --tls-ca names one.";
    }
    if (message.contains("not for this name")) {
      return " --tls-server-name says for which.";
    }
    return "";
  }
}
