package io.shadowindex.client.examples;

import io.shadowindex.client.ShadowIndexException;

/** What to do about a failure. */
public final class FailureExample {
  private FailureExample() {}

  public static String advice(ShadowIndexException failure) {
    // @start region="example"
    return switch (failure) {
      case ShadowIndexException.InvalidArgument _ -> "mend the request";
      case ShadowIndexException.NotFound _ -> "it is not there";
      case ShadowIndexException.FailedPrecondition _ -> "do first what the message says";
      case ShadowIndexException.Conflict _ -> "read it again";
      case ShadowIndexException.Locked locked -> "ask " + locked.holder();
      case ShadowIndexException.ResourceExhausted _ -> "wait " + failure.retryAfter();
      case ShadowIndexException.PermissionDenied _ -> "get other credentials";
      case ShadowIndexException.RevisionOutOfRange _ -> "watch from a snapshot on";
      case ShadowIndexException.Unavailable _ -> "try later";
      case ShadowIndexException.OutcomeUnknown _ -> "look whether it was done";
      case ShadowIndexException.Cancelled _ -> "nothing, it was asked for";
      case ShadowIndexException.BuildLost _ -> "stop working";
      case ShadowIndexException.Internal broken -> "report incident " + broken.incidentId();
    };
    // @end
  }
}
