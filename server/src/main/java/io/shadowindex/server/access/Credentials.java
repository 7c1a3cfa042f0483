package io.shadowindex.server.access;

import java.util.Collection;
import java.util.Optional;

/** Knows whose a credential is. For any number of threads. */
public interface Credentials {

  /** Asks nobody: everybody may do everything. */
  Credentials NOT_ASKED =
      new Credentials() {
        @Override
        public Optional<Principal> ofToken(String token) {
          return Optional.of(Principal.NOBODY_ASKED);
        }

        @Override
        public Optional<Principal> ofCertificate(Collection<String> names) {
          return Optional.of(Principal.NOBODY_ASKED);
        }
      };

  /** Lets in everybody with a certificate, which the handshake has verified, as what it says. */
  Credentials ANY_CERTIFICATE =
      new Credentials() {
        @Override
        public Optional<Principal> ofToken(String token) {
          return Optional.empty();
        }

        @Override
        public Optional<Principal> ofCertificate(Collection<String> names) {
          return names.stream().findFirst().map(Principal::admin);
        }
      };

  /** Whose a bearer token is. */
  Optional<Principal> ofToken(String token);

  /**
   * Whose a verified client certificate is.
   *
   * @param names its subject alternative names; none when there is no certificate
   */
  Optional<Principal> ofCertificate(Collection<String> names);
}
