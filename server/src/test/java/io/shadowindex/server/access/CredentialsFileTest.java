package io.shadowindex.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CredentialsFileTest {

  /** Of the token "secret": {@code printf %s secret | sha256sum}. */
  private static final String HASH =
      "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

  private Path file;

  @BeforeEach
  void setUp(@TempDir Path directory) {
    file = directory.resolve("credentials");
  }

  @Test
  void aTokenIsWhoseHashIsInTheFile() throws IOException {
    Credentials credentials = read("# people", "", "ann  operator\tmain,feature/*  sha256:" + HASH);

    assertThat(credentials.ofToken("secret"))
        .hasValue(new Principal("ann", Role.OPERATOR, "main,feature/*"));
    assertThat(credentials.ofToken("Secret")).isEmpty();
    assertThat(credentials.ofToken(HASH)).isEmpty();
    assertThat(credentials.ofToken("")).isEmpty();
  }

  @Test
  void aCertificateIsWhoseNameIsInTheFile() throws IOException {
    Credentials credentials = read("worker-1 worker * san:worker.example");

    assertThat(credentials.ofCertificate(List.of("other.example", "worker.example")))
        .hasValue(new Principal("worker-1", Role.WORKER, "*"));
    assertThat(credentials.ofCertificate(List.of())).isEmpty();
  }

  @Test
  void everyMistakeIsToldWithItsLine() {
    assertThatThrownBy(
            () ->
                read(
                    "ann viewer sha256:" + HASH,
                    "ann anyone * sha256:" + HASH,
                    "ann viewer * secret",
                    "ann VIEWER * sha256:" + HASH,
                    "ann viewer * sha256:" + HASH,
                    "eve viewer * sha256:" + HASH))
        .hasMessageContainingAll("line 1: ", "line 2: ", "line 3: ", "line 4: ", "line 6: ")
        .message()
        .doesNotContain("line 5", "secret", HASH);
  }

  @Test
  void aChangedFileCountsUnlessThereIsAMistakeInIt() throws IOException {
    CredentialsFile credentials = read("ann viewer * sha256:" + HASH);

    Files.writeString(file, "eve admin * sha256:" + HASH);
    credentials.refresh();
    assertThat(credentials.ofToken("secret").orElseThrow().name()).isEqualTo("eve");
    Files.writeString(file, "nonsense");
    credentials.refresh();
    Files.delete(file);
    credentials.refresh();
    assertThat(credentials.ofToken("secret").orElseThrow().name()).isEqualTo("eve");
  }

  @Test
  void aStarStandsForAnyCharactersAndNothingElseIsSpecial() {
    var principal = new Principal("ann", Role.VIEWER, "main,feature/*,v1.*.x");

    assertThat(List.of("main", "feature/", "feature/a/b", "v1.2.x")).allMatch(principal::mayUse);
    assertThat(List.of("main2", "feature", "v1a2.x", "", "xmain")).noneMatch(principal::mayUse);
    assertThat(new Principal("ann", Role.VIEWER, "*").mayUse("anything")).isTrue();
  }

  private CredentialsFile read(String... lines) throws IOException {
    return CredentialsFile.open(Files.write(file, List.of(lines)));
  }
}
