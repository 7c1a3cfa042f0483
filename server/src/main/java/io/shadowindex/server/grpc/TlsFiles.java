package io.shadowindex.server.grpc;

import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.grpc.util.CertificateUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the server proves itself with, and whose client certificates it believes. New connections go
 * by what was read last; a connection keeps what it began with. {@link #refresh} is for one thread.
 */
public final class TlsFiles {

  private static final Logger log = LoggerFactory.getLogger(TlsFiles.class);

  private final Path certificates;
  private final Path key;
  private final @Nullable Path clientAuthorities;
  private final ClientAuth clientAuth;
  private final AdvancedTlsX509KeyManager identity = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager trust;
  private FileTime certificatesRead = FileTime.fromMillis(0);
  private FileTime keyRead = FileTime.fromMillis(0);
  private FileTime clientAuthoritiesRead = FileTime.fromMillis(0);

  private TlsFiles(
      Path certificates, Path key, @Nullable Path clientAuthorities, ClientAuth clientAuth)
      throws GeneralSecurityException {
    this.certificates = certificates;
    this.key = key;
    this.clientAuthorities = clientAuthorities;
    this.clientAuth = clientAuth;
    this.trust =
        AdvancedTlsX509TrustManager.newBuilder()
            .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
            .build();
  }

  /**
   * Reads the files, all of them PEM; the key is PKCS #8 and not encrypted.
   *
   * @param clientAuthorities empty when clients are not asked for certificates
   * @param clientCertificateRequired whether a client without one is turned away in the handshake
   */
  public static TlsFiles open(
      Path certificates,
      Path key,
      Optional<Path> clientAuthorities,
      boolean clientCertificateRequired)
      throws IOException {
    try {
      var files =
          new TlsFiles(
              certificates,
              key,
              clientAuthorities.orElse(null),
              clientCertificateRequired ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL);
      files.readChanged();
      return files;
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException("certificates or key are not what they should be: " + e, e);
    }
  }

  /** Reads them again when they have changed; what cannot be read leaves all as it was. */
  public void refresh() {
    try {
      readChanged();
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      log.error("certificates stay as they were", e);
    }
  }

  ServerCredentials credentials() {
    var credentials = TlsServerCredentials.newBuilder().keyManager(identity);
    if (clientAuthorities != null) {
      credentials.trustManager(trust).clientAuth(clientAuth);
    }
    return credentials.build();
  }

  /** While the files are replaced one after the other they do not fit, and the former two count. */
  private void readChanged() throws IOException, GeneralSecurityException {
    FileTime certificatesChanged = Files.getLastModifiedTime(certificates);
    FileTime keyChanged = Files.getLastModifiedTime(key);
    if (!certificatesChanged.equals(certificatesRead) || !keyChanged.equals(keyRead)) {
      X509Certificate[] chain = read(certificates, CertificateUtils::getX509Certificates);
      PrivateKey privateKey = read(key, CertificateUtils::getPrivateKey);
      requirePair(chain, privateKey);
      identity.updateIdentityCredentials(chain, privateKey);
      certificatesRead = certificatesChanged;
      keyRead = keyChanged;
      log.info("the certificate of {} is in force", certificatesChanged);
    }
    if (clientAuthorities == null) {
      return;
    }
    FileTime authoritiesChanged = Files.getLastModifiedTime(clientAuthorities);
    if (!authoritiesChanged.equals(clientAuthoritiesRead)) {
      trust.updateTrustCredentials(clientAuthorities.toFile());
      clientAuthoritiesRead = authoritiesChanged;
      log.info("the client authorities of {} are in force", authoritiesChanged);
    }
  }

  /** How something is read from a file. */
  @FunctionalInterface
  private interface Parser<T> {
    T parse(InputStream file) throws IOException, GeneralSecurityException;
  }

  private static <T> T read(Path file, Parser<T> parser)
      throws IOException, GeneralSecurityException {
    try (InputStream in = Files.newInputStream(file)) {
      return parser.parse(in);
    }
  }

  /** With a key of another certificate every handshake would fail. */
  private static void requirePair(X509Certificate[] chain, PrivateKey key)
      throws GeneralSecurityException {
    if (chain.length == 0) {
      throw new GeneralSecurityException("there is no certificate");
    }
    var signature =
        Signature.getInstance(
            key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
    byte[] anything = {1};
    signature.initSign(key);
    signature.update(anything);
    byte[] signed = signature.sign();
    signature.initVerify(chain[0].getPublicKey());
    signature.update(anything);
    if (!signature.verify(signed)) {
      throw new GeneralSecurityException("the key is not that of the certificate");
    }
  }
}
