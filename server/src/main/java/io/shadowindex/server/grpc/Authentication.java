package io.shadowindex.server.grpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.shadowindex.server.access.Credentials;
import io.shadowindex.server.access.Principal;
import io.shadowindex.server.access.Role;
import io.shadowindex.server.refusal.Refusal;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** Finds out who calls, by a bearer token or else by the certificate of the connection. */
final class Authentication implements ServerInterceptor {

  private static final Context.Key<Principal> PRINCIPAL = Context.key("principal");
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final String SCHEME = "bearer ";

  private final Credentials credentials;

  Authentication(Credentials credentials) {
    this.credentials = credentials;
  }

  /** Who makes the call that the calling thread carries out. */
  static Principal principal() {
    return Objects.requireNonNull(PRINCIPAL.get(), "a call that did not pass here");
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    if (AccessRules.roleFor(call.getMethodDescriptor()) == Role.ANYONE) {
      return next.startCall(call, headers);
    }
    String authorization = headers.get(AUTHORIZATION);
    Optional<Principal> principal =
        authorization == null
            ? credentials.ofCertificate(names(call))
            : credentials.ofToken(token(authorization));
    if (principal.isEmpty()) {
      return GrpcErrors.refuse(
          call,
          authorization == null
              ? new Refusal.CredentialMissing()
              : new Refusal.CredentialUnknown());
    }
    return Contexts.interceptCall(
        Context.current().withValue(PRINCIPAL, principal.get()), call, headers, next);
  }

  /** What follows the scheme of RFC 6750; empty for another one, which no token is. */
  private static String token(String authorization) {
    return authorization.toLowerCase(Locale.ROOT).startsWith(SCHEME)
        ? authorization.substring(SCHEME.length()).strip()
        : "";
  }

  /** The subject alternative names of the verified certificate of a connection, if it has one. */
  private static List<String> names(ServerCall<?, ?> call) {
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (session == null) {
      return List.of();
    }
    try {
      Certificate certificate = session.getPeerCertificates()[0];
      Collection<List<?>> names = ((X509Certificate) certificate).getSubjectAlternativeNames();
      // A name is a pair of its kind and its value, which is a text for names of hosts and URIs.
      return names == null
          ? List.of()
          : names.stream()
              .map(List::getLast)
              .filter(String.class::isInstance)
              .map(String.class::cast)
              .toList();
    } catch (SSLPeerUnverifiedException e) {
      return List.of(); // a client without a certificate
    } catch (CertificateParsingException e) {
      throw new IllegalStateException("the handshake verified what cannot be read", e);
    }
  }
}
