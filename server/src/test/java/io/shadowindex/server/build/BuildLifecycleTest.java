package io.shadowindex.server.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.storage.StateStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens between the commit of a change and the moment at which its caller hears of it. */
final class BuildLifecycleTest {

  private StateStore state;
  private BuildLifecycle builds;

  /** What happens right after a change is durable, before the call that made it goes on. */
  private volatile Runnable afterChange = () -> {};

  @BeforeEach
  void open(@TempDir Path directory) throws IOException {
    state =
        StateStore.open(
            directory,
            InstantSource.system(),
            failure -> {
              throw new AssertionError(failure);
            });
    BuildStore store = pausingAfterChanges(state.builds());
    var layout = new IndexLayout(directory.resolve("index"));
    FileOperations files = FileOperations.real();
    builds =
        new BuildLifecycle(
            store,
            new ProgressBoard(),
            layout,
            IndexFormats.installed(),
            files,
            new RetentionSweeper(store, layout, files, InstantSource.system(), 0),
            InstantSource.system(),
            UUID::randomUUID,
            Duration.ofHours(1));
  }

  @AfterEach
  void close() {
    state.close();
  }

  @Test
  void noReportUnderTheOldTokenIsTakenOnceAClaimIsDurable() throws Exception {
    ShadowIndex build = start();
    FutureTask<ShadowIndex> late = reportAfterTheNextChangeOf(build);

    ShadowIndex claimed =
        builds.claim(build.id(), Precondition.NONE, new BuildMark.Claimed("somebody", true));

    assertRefused(late, Refusal.StaleFencingToken.class);
    assertThat(builds.get(build.id()).progress().recordCount()).isZero();
    assertThat(builds.report(build.id(), report(claimed)).progress().recordCount()).isEqualTo(7);
  }

  @Test
  void noReportIsTakenOnceTheEndOfTheAttemptIsDurable() throws Exception {
    ShadowIndex build = start();
    FutureTask<ShadowIndex> late = reportAfterTheNextChangeOf(build);

    builds.fail(build.id(), Precondition.NONE, "on purpose");

    assertRefused(late, Refusal.IllegalTransition.class);
  }

  private FutureTask<ShadowIndex> reportAfterTheNextChangeOf(ShadowIndex build) {
    var late = new FutureTask<>(() -> builds.report(build.id(), report(build)));
    var reporter = new Thread(late);
    afterChange =
        () -> {
          afterChange = () -> {};
          reporter.start();
          await().until(() -> late.isDone() || reporter.getState() == Thread.State.BLOCKED);
        };
    return late;
  }

  private static void assertRefused(FutureTask<?> late, Class<? extends Refusal> refusal) {
    assertThatThrownBy(late::get)
        .cause()
        .isInstanceOfSatisfying(
            RefusedException.class, refused -> assertThat(refused.refusal()).isInstanceOf(refusal));
  }

  private static ProgressReport report(ShadowIndex build) {
    return new ProgressReport("", 50, 7L, null, build.fencingToken(), 1, null);
  }

  private ShadowIndex start() throws Exception {
    return builds.start(
        new BuildSpec(
            new IndexKey("main", IndexType.SEARCH_INDEX, IndexKey.DEFAULT_NAME),
            List.of("object_type"),
            false,
            0,
            List.of(),
            SwitchPolicy.DEFAULT,
            "",
            "",
            Map.of()));
  }

  private BuildStore pausingAfterChanges(BuildStore real) {
    Set<String> changes = Set.of("apply", "mark");
    return (BuildStore)
        Proxy.newProxyInstance(
            BuildStore.class.getClassLoader(),
            new Class<?>[] {BuildStore.class},
            (_, method, arguments) -> {
              try {
                Object answer = method.invoke(real, arguments);
                if (changes.contains(method.getName())) {
                  afterChange.run();
                }
                return answer;
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            });
  }
}
