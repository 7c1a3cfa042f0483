package io.shadowindex.client;

import io.grpc.StatusRuntimeException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a connection, in one sentence. gRPC tells it in the causes of UNAVAILABLE; the
 * transport's own exceptions can only be known by their names.
 */
final class ConnectionTrouble {
  private final StatusRuntimeException failure;

  ConnectionTrouble(StatusRuntimeException failure) {
    this.failure = failure;
  }

  /** True when no connection came about, so that the server cannot have seen the call. */
  boolean nothingWasSent() {
    return cause(ConnectException.class) != null
        || cause(NoRouteToHostException.class) != null
        || cause(UnknownHostException.class) != null
        || handshakeFailed();
  }

  /**
   * The sentence.
   *
   * @param address where the server should be
   * @param secured whether the connection is TLS
   * @param reached whether the server was ever there
   */
  String at(ServerAddress address, boolean secured, boolean reached) {
    String server = "The server at " + address;
    CertificateException certificate = cause(CertificateException.class);
    if (cause(UnknownHostException.class) != null) {
      return "There is no host " + address.host() + ".";
    }
    if (cause(CertificateExpiredException.class) != null) {
      return server + " has a certificate that has expired.";
    }
    if (cause(CertificateNotYetValidException.class) != null) {
      return server + " has a certificate that is not valid yet.";
    }
    if (cause(CertPathBuilderException.class) != null) {
      return server + " has a certificate that no trusted authority has issued.";
    }
    if (certificate != null) {
      return server + " has a certificate that is not for this name: " + deepest(certificate) + ".";
    }
    if (named("NotSslRecordException")) {
      return server + " does not speak TLS; ask for plaintext.";
    }
    if (says("CERTIFICATE_REQUIRED")) {
      return server + " wants to see a certificate of the client that it trusts.";
    }
    if (handshakeFailed()) {
      return server + " and this client do not agree on TLS: " + deepest(failure) + ".";
    }
    if (nothingWasSent()) {
      return "No server answers at " + address + ".";
    }
    if (!secured && !reached) {
      return server + " ends plaintext connections before it has answered; does it expect TLS?";
    }
    return "The connection to the server at " + address + " broke: " + inShort() + ".";
  }

  private boolean handshakeFailed() {
    return cause(SSLException.class) != null || named("OpenSslException");
  }

  private String inShort() {
    String description = String.valueOf(failure.getStatus().getDescription());
    return failure.getCause() == null ? description : deepest(failure);
  }

  private static String deepest(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = String.valueOf(cause.getMessage());
    return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
  }

  private boolean says(String word) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (String.valueOf(cause.getMessage()).contains(word)) {
        return true;
      }
    }
    return false;
  }

  private boolean named(String simpleName) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause.getClass().getSimpleName().equals(simpleName)) {
        return true;
      }
    }
    return false;
  }

  private <T extends Throwable> @Nullable T cause(Class<T> kind) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (kind.isInstance(cause)) {
        return kind.cast(cause);
      }
    }
    return null;
  }
}
