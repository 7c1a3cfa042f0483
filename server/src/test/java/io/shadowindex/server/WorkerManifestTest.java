package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.PreconditionFailure;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.ManifestFile;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a build whose worker lists its files. */
final class WorkerManifestTest {

  /** The hash of {@code hello} and a line feed. */
  private static final String HELLO =
      "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

  private TestServer server;
  private ShadowIndex build;

  @BeforeEach
  void startBuild(@TempDir Path directory) throws IOException {
    server = TestServer.start(directory);
    build = server.startBuild("main");
    TestServer.write(build, "a", "hello\n");
    TestServer.write(build, "deep/er/b", "hello\n");
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aBuildThatIsWhatItsWorkerListsIsComplete() {
    complete(file("deep/er/b", 6, HELLO.toUpperCase(java.util.Locale.ROOT)), file("a", 6, HELLO));

    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
  }

  @Test
  void everyFileThatDiffersIsNamedAndTheBuildGoesOn() throws IOException {
    TestServer.write(build, "extra", "x");

    var refused =
        refusal(
            file("a", 7, HELLO),
            file("lost", 6, HELLO),
            file("deep/er/b", 6, HELLO),
            file("deep/er/b", 6, HELLO));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refused)).isEqualTo("MANIFEST_DIFFERS");
    assertThat(violations(refused))
        .containsExactly(
            "a: has 6 bytes, 7 in the worker's manifest",
            "lost: is not in the build's directory",
            "deep/er/b: is listed twice",
            "extra: is not in the worker's manifest");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);
    assertThat(Files.isWritable(directory().resolve("a"))).isTrue();
  }

  @Test
  void aFileWithAnotherContentIsNamedAndCanBeReplaced() throws IOException {
    Files.delete(directory().resolve("a"));
    TestServer.write(build, "a", "hallo\n");

    var refused = refusal(file("a", 6, HELLO), file("deep/er/b", 6, HELLO));

    assertThat(TestServer.reason(refused)).isEqualTo("MANIFEST_DIFFERS");
    assertThat(violations(refused)).containsExactly("a: checksum mismatch");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);

    Files.delete(directory().resolve("a"));
    TestServer.write(build, "a", "hello\n");
    complete(file("a", 6, HELLO), file("deep/er/b", 6, HELLO));
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
  }

  @Test
  void ofManyFilesThatDifferTwentyAreNamed() {
    var refused =
        refusal(
            IntStream.range(0, 50)
                .mapToObj(i -> file("lost-" + i, 6, HELLO))
                .toArray(ManifestFile[]::new));

    assertThat(violations(refused)).hasSize(20);
    assertThat(refused.getStatus().getDescription()).contains("52 files");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/etc/passwd", "../secret", "a/../../secret", "deep//b", "./a", "a/", ".."})
  void aPathThatCouldLeadOutsideIsRefused(String path) {
    var refused = refusal(file(path, 6, HELLO));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refused)).isEqualTo("UNSAFE_FILE");
    assertThat(violations(refused))
        .containsExactly(path + ": is not a path within the build's directory");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void aListThatIsNoneIsRefusedFieldByField() {
    for (ManifestFile wrong :
        List.of(file("", 6, HELLO), file("a", -1, HELLO), file("a", 6, "abc"))) {
      var refused = refusal(wrong);

      assertThat(refused.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
      assertThat(TestServer.reason(refused)).isEqualTo("INVALID_FIELD");
      assertThat(refused.getStatus().getDescription()).startsWith("files[0].");
    }
  }

  @Test
  void aListAsLongAsAMessageCanHoldIsCompared() {
    var refused =
        refusal(
            IntStream.range(0, 8_000)
                .mapToObj(i -> file("directory/segment-" + i, 6, HELLO))
                .toArray(ManifestFile[]::new));

    assertThat(TestServer.reason(refused)).isEqualTo("MANIFEST_DIFFERS");
  }

  private Path directory() {
    return Path.of(build.getShadowIndexPath());
  }

  private void complete(ManifestFile... files) {
    var _ =
        server
            .stub()
            .completeBuild(
                CompleteBuildRequest.newBuilder()
                    .setShadowIndexId(build.getShadowIndexId())
                    .setRecordCount(1)
                    .addAllFiles(List.of(files))
                    .build());
  }

  private StatusRuntimeException refusal(ManifestFile... files) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> complete(files));
  }

  private static List<String> violations(StatusRuntimeException refused) {
    return TestServer.detail(refused, PreconditionFailure.class).getViolationsList().stream()
        .map(violation -> violation.getSubject() + ": " + violation.getDescription())
        .toList();
  }

  private static ManifestFile file(String path, long sizeBytes, String sha256) {
    return ManifestFile.newBuilder()
        .setPath(path)
        .setSizeBytes(sizeBytes)
        .setSha256(sha256)
        .build();
  }
}
