package io.shadowindex.server.access;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Credentials of a file: a line each with name, role, branches, and {@code sha256:} with the hash
 * of a token or {@code san:} with a name in a certificate. A hash has no salt: tokens are long and
 * random, so that nobody finds one by trying.
 */
public final class CredentialsFile implements Credentials {

  private static final Logger log = LoggerFactory.getLogger(CredentialsFile.class);

  /** As many characters as the audit log has room for. */
  private static final int LONGEST_NAME = 255;

  private final Path file;
  private volatile List<String> lines;
  private volatile Map<String, Principal> principals;

  private CredentialsFile(Path file, List<String> lines) throws InvalidFileException {
    this.file = file;
    this.lines = lines;
    this.principals = parse(lines);
  }

  /** The file has mistakes; the message names their lines. */
  private static final class InvalidFileException extends IOException {
    private static final long serialVersionUID = 1L;

    InvalidFileException(List<String> errors) {
      super(String.join("; ", errors));
    }
  }

  /** Reads a file. The message of the exception says all that is wrong with it. */
  public static CredentialsFile open(Path file) throws IOException {
    return new CredentialsFile(file, Files.readAllLines(file));
  }

  /** Reads it again when it has changed; with a mistake in it, what was read before counts. */
  public void refresh() {
    try {
      List<String> read = Files.readAllLines(file);
      if (!read.equals(lines)) {
        lines = read; // a mistake is told once
        principals = parse(read);
        log.info("{} credentials are in force", principals.size());
      }
    } catch (IOException e) {
      log.error("credentials stay as they were: {}", e.getMessage());
    }
  }

  @Override
  public Optional<Principal> ofToken(String token) {
    return Optional.ofNullable(principals.get("sha256:" + sha256(token)));
  }

  @Override
  public Optional<Principal> ofCertificate(Collection<String> names) {
    return names.stream()
        .map(name -> principals.get("san:" + name))
        .flatMap(Stream::ofNullable)
        .findFirst();
  }

  private static Map<String, Principal> parse(List<String> lines) throws InvalidFileException {
    var principals = new HashMap<String, Principal>();
    var errors = new ArrayList<String>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String[] fields = line.split("\\s+", -1);
      Optional<Role> role = fields.length == 4 ? role(fields[1]) : Optional.empty();
      if (role.isEmpty()
          || fields[0].length() > LONGEST_NAME
          || !fields[3].matches("sha256:[0-9a-f]{64}|san:.+")) {
        errors.add(
            "line %d: must be NAME ROLE BRANCHES CREDENTIAL with a role of %s and a credential of"
                    .formatted(i + 1, roles().collect(Collectors.joining(", ")))
                + " sha256:HASH or san:NAME");
      } else if (principals.putIfAbsent(fields[3], new Principal(fields[0], role.get(), fields[2]))
          != null) {
        errors.add("line %d: this credential is in an earlier line too".formatted(i + 1));
      }
    }
    if (!errors.isEmpty()) {
      throw new InvalidFileException(errors);
    }
    return Map.copyOf(principals);
  }

  private static Optional<Role> role(String name) {
    return roles().anyMatch(name::equals)
        ? Optional.of(Role.valueOf(name.toUpperCase(Locale.ROOT)))
        : Optional.empty();
  }

  private static Stream<String> roles() {
    return Stream.of(Role.values())
        .filter(role -> role != Role.ANYONE)
        .map(role -> role.name().toLowerCase(Locale.ROOT));
  }

  private static String sha256(String token) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}
