package io.shadowindex.client.cli;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/** An authority for trying TLS, whose key is nowhere but in memory, and what it signs. */
final class DevCertificates {
  private static final Duration CLOCKS_MAY_DIFFER = Duration.ofMinutes(5);

  private final KeyPair key = newKey();
  private final X500Name name = new X500Name("CN=ShadowIndex throw-away authority");
  private final SecureRandom random = new SecureRandom();
  private final Instant now;
  private final X509CertificateHolder certificate;

  /**
   * Makes an authority.
   *
   * @param validity how long it is good from now on
   */
  DevCertificates(Instant now, Duration validity) {
    this.now = now;
    this.certificate = sign(name, key, now.plus(validity), new BasicConstraints(true));
  }

  /** Writes its certificate. */
  void writeAuthority(Path file) throws IOException {
    Files.writeString(file, pem("CERTIFICATE", certificate.getEncoded()));
  }

  /**
   * Writes a certificate for those names of hosts or addresses, and its key, which only this user
   * can read.
   */
  void write(Path certificateFile, Path keyFile, List<String> names, Instant until)
      throws IOException {
    KeyPair own = newKey();
    var alternatives =
        names.stream()
            .map(
                each ->
                    new GeneralName(
                        each.matches("[0-9.]+|.*:.*") ? GeneralName.iPAddress : GeneralName.dNSName,
                        each))
            .toArray(GeneralName[]::new);
    X509CertificateHolder signed =
        sign(
            new X500Name("CN=" + names.getFirst()),
            own,
            until,
            new BasicConstraints(false),
            new GeneralNames(alternatives));
    Files.writeString(certificateFile, pem("CERTIFICATE", signed.getEncoded()));
    Files.deleteIfExists(keyFile);
    Files.createFile(
        keyFile,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(keyFile, pem("PRIVATE KEY", own.getPrivate().getEncoded()));
  }

  private X509CertificateHolder sign(
      X500Name subject,
      KeyPair subjectKey,
      Instant until,
      BasicConstraints constraints,
      GeneralNames... alternatives) {
    try {
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  name,
                  new BigInteger(127, random),
                  Date.from(min(now, until).minus(CLOCKS_MAY_DIFFER)),
                  Date.from(until),
                  subject,
                  subjectKey.getPublic())
              .addExtension(Extension.basicConstraints, true, constraints)
              .addExtension(
                  Extension.keyUsage,
                  true,
                  new KeyUsage(
                      constraints.isCA() ? KeyUsage.keyCertSign : KeyUsage.digitalSignature));
      for (GeneralNames each : alternatives) {
        builder.addExtension(Extension.subjectAlternativeName, false, each);
      }
      return builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()));
    } catch (OperatorCreationException | IOException e) {
      throw new IllegalStateException("every JVM has ECDSA with SHA-256", e);
    }
  }

  private static Instant min(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  private static KeyPair newKey() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JVM has the curve P-256", e);
    }
  }

  private static String pem(String kind, byte[] encoded) throws IOException {
    var text = new StringWriter();
    try (var writer = new PemWriter(text)) {
      writer.writeObject(new PemObject(kind, encoded));
    }
    return text.toString();
  }
}
