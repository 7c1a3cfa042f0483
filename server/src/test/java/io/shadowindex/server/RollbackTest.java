package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.CheckIndexesResponse;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.DeleteIndexResponse;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Going back to a generation that was live before, and taking an index out of service. */
final class RollbackTest {

  private static final SwitchStep.Observer NOTHING = SwitchStep.Observer.NONE;

  private Path directory = Path.of("");
  private TestServer server;
  private volatile SwitchStep.Observer observer = NOTHING;

  @BeforeEach
  void startServer(@TempDir Path temporary) throws IOException {
    directory = temporary;
    start();
  }

  private void start() throws IOException {
    server =
        TestServer.start(
            directory,
            new Environment(
                InstantSource.system(), FileOperations.real(), step -> observer.before(step)));
  }

  private void restart() throws IOException {
    server.close();
    observer = NOTHING;
    start();
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void thePreviousGenerationIsLiveAgain() throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();

    RollbackIndexResponse response = rollBack(request());

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getLockHeldMicros()).isPositive();
    assertThat(response.getMessage()).startsWith("Index rolled back in ");
    assertThat(response.getOldIndexPath()).isEqualTo(second.getShadowIndexPath());
    assertThat(response.getNewIndexPath()).isEqualTo(first.getShadowIndexPath());
    assertThat(response.getIndexAccessible()).isTrue();
    assertThat(response.getShadowIndex().getState()).isEqualTo(State.ACTIVE);
    assertThat(response.getShadowIndex().hasRetainUntil()).isFalse();
    assertThat(server.get(second).getState()).isEqualTo(State.CLEANUP);
    assertThat(server.get(second).hasRetainUntil()).isTrue();
    assertLive(first);
  }

  @Test
  void everyFurtherRollbackGoesBackAnotherStep() throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();
    switched();

    assertThat(rollBack(request()).getShadowIndex().getShadowIndexId())
        .isEqualTo(second.getShadowIndexId());
    assertThat(rollBack(request()).getShadowIndex().getShadowIndexId())
        .isEqualTo(first.getShadowIndexId());
    assertRefused(request(), Code.FAILED_PRECONDITION, "NO_PREVIOUS_GENERATION");
    assertLive(first);
  }

  @Test
  void aGenerationThatARollbackLeftIsNotPreviousToTheNext() throws IOException {
    ShadowIndex first = switched();
    switched();
    rollBack(request());
    switched();

    assertThat(rollBack(request()).getSuccess()).isTrue();
    assertLive(first);
  }

  @Test
  void thePreviousGenerationIsTheOneThatWasLiveBeforeHoweverOldItsBuild() throws IOException {
    ShadowIndex retried = server.startBuild("main");
    server.fail(retried);
    ShadowIndex between = switched();
    TestServer.write(server.retry(retried), "segment", "records of the second attempt, as many");
    server.switchTo(server.complete(retried, 100));
    assertLive(retried);

    assertThat(rollBack(request()).getSuccess()).isTrue();
    assertLive(between);
  }

  @Test
  void whatARollbackLeadsBackFromIsPreviousAgain() throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();
    rollBack(request());
    rollBack(request(second));

    assertThat(rollBack(request()).getSuccess()).isTrue();
    assertLive(first);
  }

  @Test
  void aNamedGenerationMayBeNewerThanTheLiveOne() throws IOException {
    switched();
    ShadowIndex second = switched();
    rollBack(request());

    assertThat(rollBack(request(second)).getSuccess()).isTrue();
    assertLive(second);
  }

  @Test
  void aRollbackDoesNotDisturbABuildUnderWay() throws IOException {
    ShadowIndex first = switched();
    switched();
    ShadowIndex next = server.built("main");

    assertThat(rollBack(request()).getSuccess()).isTrue();

    assertLive(first);
    assertThat(server.switchTo(next).getSuccess()).isTrue();
    assertLive(next);
    assertThat(server.get(first).getState()).isEqualTo(State.CLEANUP);
  }

  @Test
  void damagedFilesAreNotRolledBackTo() throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();
    Files.delete(Path.of(first.getShadowIndexPath()).resolve("segment"));

    RollbackIndexResponse response = rollBack(request());

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList()).contains("segment is missing");
    assertThat(response.getMessage()).contains("damaged");
    assertThat(response.getLockHeldMicros()).isZero();
    assertThat(response.getNewIndexPath()).isEmpty();
    assertLive(second);
    assertThat(server.get(first).getState()).isEqualTo(State.CLEANUP);
  }

  @Test
  void aGenerationWhoseContentChangedSinceIsNotRolledBackTo() throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();
    Path segment = Path.of(first.getShadowIndexPath()).resolve("segment");
    assertThat(segment.toFile().setWritable(true)).isTrue();
    Files.writeString(segment, Files.readString(segment).replace('r', 'x'));

    RollbackIndexResponse response = rollBack(request());

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList()).containsExactly("segment: checksum mismatch");
    assertLive(second);
  }

  @Test
  void aGenerationThatBreaksAfterTheFlipIsLeftAgain() throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();
    observer = breakAtVerify(first);

    RollbackIndexResponse response = rollBack(request());

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getVerificationErrorsList()).containsExactly("segment is missing");
    assertLive(second);
    assertThat(server.get(first).getState()).isEqualTo(State.CLEANUP);
    assertThat(server.get(second).getState()).isEqualTo(State.ACTIVE);
    assertNothingIsUnderWay();
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"VALIDATE", "STAGE", "INTEND", "FLIP", "VERIFY", "COMMIT"})
  void aRollbackStoppedAtAnyStepIsUndoneOrFinishedByTheNextStart(SwitchStep step)
      throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();
    stopAt(step);

    assertThat(catchThrowable(() -> rollBack(request()))).isNotNull();
    restart();

    boolean flipped = step.compareTo(SwitchStep.FLIP) > 0;
    assertLive(flipped ? first : second);
    assertThat(server.get(first).getState()).isEqualTo(flipped ? State.ACTIVE : State.CLEANUP);
    assertThat(server.get(second).getState()).isEqualTo(flipped ? State.CLEANUP : State.ACTIVE);
    assertNothingIsUnderWay();
    if (!flipped) {
      assertThat(rollBack(request()).getSuccess()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"MARK_ROLLING_BACK", "FLIP_BACK", "COMMIT_ROLLBACK"})
  void aRollbackThatBreaksAndIsStoppedIsLeftByTheNextStart(SwitchStep step) throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();
    observer =
        reached -> {
          breakAtVerify(first).before(reached);
          if (reached == step) {
            throw new Stopped();
          }
        };

    assertThat(catchThrowable(() -> rollBack(request()))).isNotNull();
    restart();

    assertLive(second);
    assertThat(server.get(first).getState()).isEqualTo(State.CLEANUP);
    assertNothingIsUnderWay();
  }

  @Test
  void whatCannotBeRolledBackToIsRefusedWithItsReason() throws IOException {
    assertRefused(request(), Code.NOT_FOUND, "INDEX_NOT_FOUND");
    ShadowIndex first = switched();
    assertRefused(request(), Code.FAILED_PRECONDITION, "NO_PREVIOUS_GENERATION");
    assertRefused(request(first), Code.FAILED_PRECONDITION, "ILLEGAL_TRANSITION");
    ShadowIndex elsewhere = server.built("elsewhere");
    assertRefused(request(elsewhere), Code.NOT_FOUND, "SHADOW_INDEX_NOT_FOUND");
    assertRefused(request().setShadowIndexId("no uuid"), Code.INVALID_ARGUMENT, "INVALID_FIELD");
    assertRefused(request().setSwitchTimeoutSeconds(-1), Code.INVALID_ARGUMENT, "INVALID_FIELD");
    assertRefused(request().setBranchName(".."), Code.INVALID_ARGUMENT, "INVALID_FIELD");
  }

  @Test
  void aDeletedIndexIsGoneForReadersAndItsFilesAreKept() throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();

    DeleteIndexResponse response = delete(deletion());

    assertThat(response.getRemovedGeneration().getShadowIndexId())
        .isEqualTo(second.getShadowIndexId());
    assertThat(response.getRemovedGeneration().getState()).isEqualTo(State.CLEANUP);
    assertThat(response.getRemovedGeneration().hasRetainUntil()).isTrue();
    assertThat(response.getLockHeldMicros()).isPositive();
    assertNoLink(first);
    assertThat(Path.of(second.getShadowIndexPath())).isNotEmptyDirectory();
    assertThat(server.stub().listIndexes(ListIndexesRequest.getDefaultInstance()).getIndexesList())
        .isEmpty();
    assertNothingIsUnderWay();
    restart();
    assertNoLink(first);
    assertThat(directory.resolve("index/live")).doesNotExist();
  }

  @Test
  void aDeletedIndexComesBackByRollingBackToANamedGeneration() throws IOException {
    ShadowIndex first = switched();
    delete(deletion());
    assertRefused(request(), Code.NOT_FOUND, "INDEX_NOT_FOUND");

    RollbackIndexResponse response = rollBack(request(first));

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getOldIndexPath()).isEmpty();
    assertLive(first);
  }

  @Test
  void anIndexWithABuildUnderWayIsDeletedOnlyWithTheBuild() throws IOException {
    switched();
    ShadowIndex building = server.startBuild("main");

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> delete(deletion()));
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refused)).isEqualTo("INDEX_HAS_LIVE_BUILD");
    assertThat(server.get(building).getState()).isEqualTo(State.BUILDING);

    DeleteIndexResponse response = delete(deletion().setCancelBuilds(true));
    assertThat(response.getCancelledBuildsList())
        .extracting(ShadowIndex::getShadowIndexId)
        .containsExactly(building.getShadowIndexId());
    assertNoLink(building);
    assertThat(server.startBuild("main").getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void noBuildIsCancelledForADeletionThatCannotBe() throws IOException {
    ShadowIndex active = switched();
    ShadowIndex building = server.startBuild("main");
    Path link = Path.of(active.getCurrentIndexPath());
    Files.delete(link);
    Files.createDirectory(link);

    var refused =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> delete(deletion().setCancelBuilds(true)));

    assertThat(TestServer.reason(refused)).isEqualTo("LIVE_NAME_OCCUPIED");
    assertThat(server.get(building).getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void anIndexThatNeverWentLiveIsForgotten() {
    ShadowIndex building = server.startBuild("main");

    DeleteIndexResponse response = delete(deletion().setCancelBuilds(true));

    assertThat(response.hasRemovedGeneration()).isFalse();
    assertThat(response.getLockHeldMicros()).isZero();
    assertThat(server.get(building).getState()).isEqualTo(State.CANCELLED);
    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> delete(deletion()));
    assertThat(TestServer.reason(refused)).isEqualTo("INDEX_NOT_FOUND");
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"INTEND", "FLIP", "VERIFY", "COMMIT"})
  void aDeletionStoppedAtAnyStepIsUndoneOrFinishedByTheNextStart(SwitchStep step)
      throws IOException {
    ShadowIndex active = switched();
    stopAt(step);

    assertThat(catchThrowable(() -> delete(deletion()))).isNotNull();
    restart();

    boolean removed = step.compareTo(SwitchStep.FLIP) > 0;
    assertThat(server.get(active).getState()).isEqualTo(removed ? State.CLEANUP : State.ACTIVE);
    if (removed) {
      assertNoLink(active);
    } else {
      assertLive(active);
    }
    assertNothingIsUnderWay();
  }

  @Test
  void theDoctorFindsNothingWhereAllIsWell() throws IOException {
    switched();
    server.startBuild("elsewhere");

    var diagnosis = examine();

    assertThat(diagnosis.getCheckedIndexes()).isEqualTo(2);
    assertThat(diagnosis.getFindingsList()).isEmpty();
  }

  @Test
  void theDoctorNamesLinksAndFilesThatAreNotAsTheyShouldBe() throws IOException {
    ShadowIndex first = switched();
    ShadowIndex second = switched();
    Path link = Path.of(first.getCurrentIndexPath());
    Files.delete(link);
    assertThat(examine().getFindingsList())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.getProblem()).contains("there is no live link");
              assertThat(finding.getShadowIndexId()).isEqualTo(second.getShadowIndexId());
              assertThat(finding.getCurrentIndexPath()).isEqualTo(link.toString());
            });
    Files.createSymbolicLink(link, Path.of(first.getShadowIndexPath()));
    assertThat(problems()).containsExactly("the live link does not lead to the active generation");
    Files.delete(link);
    Files.createDirectory(link);
    assertThat(problems())
        .containsExactly("something that is not a link stands where the live link belongs");
    Files.delete(link);
    restart();
    assertThat(problems()).isEmpty();
    assertLive(second);
    Files.delete(Path.of(second.getShadowIndexPath()).resolve("segment"));
    assertThat(problems()).containsExactly("segment is missing");
  }

  @Test
  void theDoctorNamesALinkOfWhichTheDatabaseKnowsNothing() throws IOException {
    ShadowIndex known = switched();
    Path live = directory.resolve("index/live");
    Path stray = live.resolve("feature%2Fgone/SEARCH_INDEX/default");
    Files.createDirectories(stray.getParent());
    Files.createSymbolicLink(stray, Path.of(known.getShadowIndexPath()));
    Files.createSymbolicLink(live.resolve("not-of-an-index"), Path.of("."));

    assertThat(examine().getFindingsList())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.getProblem()).contains("not known");
              assertThat(finding.getBranchName()).isEqualTo("feature/gone");
              assertThat(finding.getIndexType()).isEqualTo(IndexType.Enum.SEARCH_INDEX);
              assertThat(finding.getCurrentIndexPath()).isEqualTo(stray.toString());
              assertThat(finding.getShadowIndexId()).isEmpty();
            });
  }

  private CheckIndexesResponse examine() {
    return server.stub().checkIndexes(CheckIndexesRequest.getDefaultInstance());
  }

  private List<String> problems() {
    return examine().getFindingsList().stream()
        .map(CheckIndexesResponse.Finding::getProblem)
        .toList();
  }

  private static final class Stopped extends Error {
    private static final long serialVersionUID = 1L;
  }

  private void stopAt(SwitchStep step) {
    observer =
        reached -> {
          if (reached == step) {
            throw new Stopped();
          }
        };
  }

  private static SwitchStep.Observer breakAtVerify(ShadowIndex generation) {
    return reached -> {
      if (reached == SwitchStep.VERIFY) {
        try {
          Files.delete(Path.of(generation.getShadowIndexPath()).resolve("segment"));
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    };
  }

  private ShadowIndex switched() throws IOException {
    ShadowIndex build = server.built("main");
    assertThat(server.switchTo(build).getSuccess()).isTrue();
    return build;
  }

  private RollbackIndexResponse rollBack(RollbackIndexRequest.Builder request) {
    return server.stub().rollbackIndex(request.build());
  }

  private static RollbackIndexRequest.Builder request() {
    return RollbackIndexRequest.newBuilder()
        .setBranchName("main")
        .setIndexType(IndexType.Enum.SEARCH_INDEX);
  }

  private static RollbackIndexRequest.Builder request(ShadowIndex generation) {
    return request().setShadowIndexId(generation.getShadowIndexId());
  }

  private DeleteIndexResponse delete(DeleteIndexRequest.Builder request) {
    return server.stub().deleteIndex(request.build());
  }

  private static DeleteIndexRequest.Builder deletion() {
    return DeleteIndexRequest.newBuilder()
        .setBranchName("main")
        .setIndexType(IndexType.Enum.SEARCH_INDEX);
  }

  private void assertRefused(RollbackIndexRequest.Builder request, Code code, String reason) {
    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> rollBack(request));
    assertThat(refused.getStatus().getCode()).isEqualTo(code);
    assertThat(TestServer.reason(refused)).isEqualTo(reason);
  }

  private static void assertLive(ShadowIndex expected) throws IOException {
    assertThat(Path.of(expected.getCurrentIndexPath()).toRealPath())
        .isEqualTo(Path.of(expected.getShadowIndexPath()).toRealPath());
  }

  private static void assertNoLink(ShadowIndex of) {
    assertThat(Files.exists(Path.of(of.getCurrentIndexPath()), LinkOption.NOFOLLOW_LINKS))
        .isFalse();
  }

  private void assertNothingIsUnderWay() {
    assertThat(server.server().switchStore().open()).isEmpty();
    assertThat(server.lockedResourceTypes("main")).isEmpty();
  }
}
