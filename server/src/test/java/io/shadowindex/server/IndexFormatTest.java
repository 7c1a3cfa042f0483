package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.testing.LuceneIndexes;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.ValidationCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a switch finds out about an index by reading it, and what it believes. */
final class IndexFormatTest {

  private TestServer server;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    server = TestServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aFileThatChangedAfterCompletionIsFoundByTheIntegrityCheckAndCannotBeForced()
      throws IOException {
    ShadowIndex build = server.startBuild("main");
    TestServer.write(build, "segments_2", "before");
    TestServer.write(build, "kept", "x");
    server.complete(build, 1);
    Files.delete(Path.of(build.getShadowIndexPath()).resolve("segments_2"));
    TestServer.write(build, "segments_2", "behind");

    SwitchIndexResponse response = checked(build, true, ValidationCheck.Enum.INTEGRITY_CHECK);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList()).containsExactly("segments_2: checksum mismatch");
    assertThat(response.getMessage()).contains("damaged");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
  }

  @Test
  void missingChangedAndExtraFilesAreAllNamed() throws IOException {
    ShadowIndex build = server.startBuild("main");
    for (String name : new String[] {"changed", "lost", "truncated"}) {
      TestServer.write(build, name, "content of " + name);
    }
    server.complete(build, 1);
    Path directory = Path.of(build.getShadowIndexPath());
    for (String name : new String[] {"changed", "lost", "truncated"}) {
      Files.delete(directory.resolve(name));
    }
    TestServer.write(build, "changed", "Content of changed");
    TestServer.write(build, "truncated", "content");
    TestServer.write(build, "deep/extra", "x");

    assertThat(
            checked(build, false, ValidationCheck.Enum.INTEGRITY_CHECK).getValidationErrorsList())
        .containsExactly(
            "lost is missing",
            "truncated has 7 bytes, 20 in the manifest",
            "deep/extra is not in the manifest",
            "changed: checksum mismatch");
  }

  @Test
  void aWholeLuceneIndexPassesEveryCheck() throws IOException {
    ShadowIndex build = lucene("one", "two", "three");
    server.complete(build, 3);

    SwitchIndexResponse response =
        checked(
            build,
            false,
            ValidationCheck.Enum.RECORD_COUNT_VALIDATION,
            ValidationCheck.Enum.SIZE_COMPARISON,
            ValidationCheck.Enum.INTEGRITY_CHECK);

    assertThat(response.getValidationErrorsList()).isEmpty();
    assertThat(response.getSuccess()).isTrue();
    assertThat(Path.of(build.getShadowIndexPath()).resolve("write.lock")).doesNotExist();
  }

  @Test
  void aWorkerThatCountsOtherwiseThanTheIndexIsNotBelieved() throws IOException {
    ShadowIndex build = lucene("one", "two", "three");
    server.complete(build, 1000);

    SwitchIndexResponse response = server.switchTo(build);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList())
        .containsExactly(
            "Shadow index record count differs from what was reported: 3 (lucene) vs 1000");
    assertThat(response.getMessage()).contains("force_switch");
  }

  @Test
  void aWorkerThatDoesNotCountLeavesItToTheIndex() throws IOException {
    ShadowIndex build = lucene("one", "two", "three");

    assertThat(server.complete(build, 0).getRecordCount()).isEqualTo(3);
    assertThat(server.switchTo(build).getSuccess()).isTrue();
  }

  @Test
  void theIndexsOwnCountIsHeldAgainstTheLiveGeneration() throws IOException {
    ShadowIndex old = lucene("one", "two", "three", "four");
    server.complete(old, 0);
    assertThat(server.switchTo(old).getSuccess()).isTrue();
    ShadowIndex next = lucene("one");
    server.complete(next, 4);

    assertThat(
            checked(next, false, ValidationCheck.Enum.RECORD_COUNT_VALIDATION)
                .getValidationErrorsList())
        .containsExactly(
            "Shadow index record count differs from what was reported: 1 (lucene) vs 4",
            "Shadow index has far fewer records than current: 1 vs 4");
  }

  @Test
  void anIndexThatWasBuiltBrokenIsFoundByItsFormatAndCanBeForced() throws IOException {
    ShadowIndex build = lucene("one", "two");
    LuceneIndexes.flipByte(Path.of(build.getShadowIndexPath()).resolve("_0.cfs"), 100);
    server.complete(build, 2);

    SwitchIndexResponse response = checked(build, false, ValidationCheck.Enum.INTEGRITY_CHECK);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList())
        .singleElement()
        .asString()
        .startsWith("_0.cfs: checksum failed");
    assertThat(checked(build, true, ValidationCheck.Enum.INTEGRITY_CHECK).getSuccess()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"exception", "error"})
  void aFormatThatThrowsIsAFailedCheckAndNoAccident(String thrown) throws IOException {
    ShadowIndex build = server.startBuild("main");
    TestServer.write(build, "script", "throws=" + thrown);
    assertThat(server.complete(build, 0).getState()).isEqualTo(State.BUILT);

    SwitchIndexResponse response =
        checked(
            build,
            false,
            ValidationCheck.Enum.RECORD_COUNT_VALIDATION,
            ValidationCheck.Enum.INTEGRITY_CHECK);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList())
        .hasSize(3)
        .satisfiesExactly(
            error -> assertThat(error).startsWith("the format scripted could not check the index"),
            error ->
                assertThat(error).startsWith("the format scripted could not count the records"),
            error -> assertThat(error).isEqualTo("Shadow index has no records"));
    assertThat(response.getValidationErrorsList().toString())
        .doesNotContain(build.getShadowIndexPath());
  }

  @Test
  void whatAFormatFindsWrongIsReported() throws IOException {
    ShadowIndex build = server.startBuild("main");
    TestServer.write(build, "script", "records=7\nerror=chapter 3: a page is missing");
    assertThat(server.complete(build, 0).getRecordCount()).isEqualTo(7);

    assertThat(
            checked(build, false, ValidationCheck.Enum.INTEGRITY_CHECK).getValidationErrorsList())
        .containsExactly("chapter 3: a page is missing");
  }

  private ShadowIndex lucene(String... texts) throws IOException {
    ShadowIndex build = server.startBuild("main");
    LuceneIndexes.write(Path.of(build.getShadowIndexPath()), texts);
    return build;
  }

  private SwitchIndexResponse checked(
      ShadowIndex build, boolean force, ValidationCheck.Enum... checks) {
    var request = TestServer.switchRequest(build).setForceSwitch(force);
    for (ValidationCheck.Enum check : checks) {
      request.addValidationChecks(check);
    }
    return server.stub().switchIndex(request.build());
  }
}
