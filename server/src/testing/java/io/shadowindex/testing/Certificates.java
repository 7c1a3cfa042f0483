package io.shadowindex.testing;

import static java.util.concurrent.TimeUnit.MINUTES;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Real certificates, made by the JDK's keytool, as PEM files. */
public final class Certificates {
  private static final String PASSWORD = "changeit";

  private final Path directory;
  private final Path store;

  public Certificates(Path directory) {
    this.directory = directory;
    this.store = directory.resolve("keys.p12");
  }

  /** An authority that signs itself. */
  public void authority(String alias) throws Exception {
    generate(alias, List.of("-ext", "bc:c"));
  }

  /** A certificate for that name alone, with its key. */
  public void signed(String alias, String authority, String dnsName) throws Exception {
    generate(alias, List.of("-signer", authority, "-ext", "san=dns:" + dnsName));
  }

  /** The same, but its month ended ten days ago. */
  public void expired(String alias, String authority, String dnsName) throws Exception {
    generate(
        alias,
        List.of(
            "-signer",
            authority,
            "-ext",
            "san=dns:" + dnsName,
            "-startdate",
            "-40d",
            "-validity",
            "30"));
  }

  /** The chain of certificates, as PEM. */
  public Path chain(String alias) throws GeneralSecurityException, IOException {
    StringBuilder pem = new StringBuilder();
    for (Certificate certificate : open().getCertificateChain(alias)) {
      pem.append(pem("CERTIFICATE", certificate.getEncoded()));
    }
    return Files.writeString(directory.resolve(alias + ".crt"), pem);
  }

  /** The private key, as PEM (PKCS #8). */
  public Path key(String alias) throws GeneralSecurityException, IOException {
    Key key = open().getKey(alias, PASSWORD.toCharArray());
    return Files.writeString(
        directory.resolve(alias + ".key"), pem("PRIVATE KEY", key.getEncoded()));
  }

  private KeyStore open() throws GeneralSecurityException, IOException {
    return KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
  }

  private void generate(String alias, List<String> more) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-keyalg", "EC", "-dname", "CN=" + alias));
    command.addAll(List.of("-keystore", store.toString(), "-storepass", PASSWORD));
    command.addAll(List.of("-alias", alias));
    command.addAll(more);
    Path said = directory.resolve("keytool.out");
    Process keytool =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    if (!keytool.waitFor(1, MINUTES) || keytool.exitValue() != 0) {
      throw new IOException(Files.readString(said));
    }
  }

  private static String pem(String kind, byte[] bytes) {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(kind, lines, kind);
  }
}
