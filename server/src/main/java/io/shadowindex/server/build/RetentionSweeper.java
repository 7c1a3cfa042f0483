package io.shadowindex.server.build;

import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.index.ServingCopies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Deletes the files of superseded, failed and cancelled builds whose time is up.
 *
 * <p>The database first, then a rename to the trash, then the deletion: a crash in between leaves
 * files that the start of the server deletes, and never a build that seems to have files and has
 * none.
 */
public final class RetentionSweeper {

  private static final Logger log = LoggerFactory.getLogger(RetentionSweeper.class);
  private static final int BATCH = 100;
  private static final int ASKED_AT_ONCE = 1000;

  private final BuildStore store;
  private final IndexLayout layout;
  private final FileOperations files;
  private final ServingCopies copies;
  private final InstantSource clock;
  private final int keep;
  private volatile Predicate<UUID> needed = buildId -> false;

  /**
   * Held between the decision that files may go and their rename, and while a directory is made.
   */
  private final ReentrantLock removal = new ReentrantLock();

  /** Something done to a build's directory. */
  private interface DirectoryChange<T> {
    T run() throws IOException;
  }

  /**
   * Puts a sweeper together.
   *
   * @param keep how many superseded generations of each index are kept however old they are
   */
  public RetentionSweeper(
      BuildStore store, IndexLayout layout, FileOperations files, InstantSource clock, int keep) {
    this.store = store;
    this.layout = layout;
    this.files = files;
    this.copies = new ServingCopies(layout, files);
    this.clock = clock;
    this.keep = keep;
  }

  /** Has the files of some generations left for a later sweep; asked just before they would go. */
  public void spare(Predicate<UUID> needed) {
    this.needed = needed;
  }

  /** Deletes what may go by now; what cannot be deleted is logged and left for the next start. */
  public void sweep() {
    int swept;
    do {
      swept = sweepSome(clock.instant());
    } while (swept == BATCH); // there may be more, and nothing was left for later
  }

  private int sweepSome(Instant now) {
    int swept = 0;
    for (ShadowIndex build : store.expired(now, keep, BATCH)) {
      try (var _ = MDC.putCloseable(ShadowIndex.ID_IN_LOG, build.id().toString())) {
        swept += sweep(build, now) ? 1 : 0;
      } catch (IOException e) {
        log.error("the files of build {} could not be deleted", build.id(), e);
      }
    }
    return swept;
  }

  /**
   * Deletes the files that a crash left between the database and the deletion. What cannot be
   * deleted is logged and left for the next start: it is in nobody's way.
   */
  public void recover() throws IOException {
    deleteOrLog(layout.trash());
    deleteOrLog(layout.serveTrash());
    copies.sweepDrafts();
    for (UUID copy : copies.list()) {
      if (store.find(copy).filter(RetentionSweeper::isServed).isEmpty()) {
        deleteOrLog(layout.servingCopy(copy));
      }
    }
    if (!Files.isDirectory(layout.builds())) {
      return;
    }
    try (var builds = Files.newDirectoryStream(layout.builds())) {
      var some = new ArrayList<Path>(ASKED_AT_ONCE);
      for (Path directoryOrManifest : builds) {
        some.add(directoryOrManifest);
        if (some.size() == ASKED_AT_ONCE) {
          deleteThoseWithoutFiles(some);
          some.clear();
        }
      }
      deleteThoseWithoutFiles(some);
    }
  }

  /** One query for many: a start must not take longer the more builds there are. */
  private void deleteThoseWithoutFiles(List<Path> directoriesAndManifests) {
    Set<UUID> ids =
        directoriesAndManifests.stream()
            .map(IndexLayout::buildId)
            .flatMap(Optional::stream)
            .collect(Collectors.toSet());
    Set<UUID> withoutFiles = store.withoutFiles(ids);
    for (Path path : directoriesAndManifests) {
      IndexLayout.buildId(path).filter(withoutFiles::contains).ifPresent(_ -> deleteOrLog(path));
    }
  }

  /** Whether the live link leads, led or may lead again to a build's files. */
  private static boolean isServed(ShadowIndex build) {
    return switch (build.state()) {
      case SWITCHING, ACTIVE -> true;
      case CLEANUP, FAILED -> build.hasFiles();
      case PREPARING, BUILDING, BUILT, CANCELLED -> false;
    };
  }

  private void deleteOrLog(Path path) {
    try {
      files.deleteTree(path);
    } catch (IOException e) {
      log.error("{} could not be deleted", path, e);
    }
  }

  /**
   * Gives a build an empty directory, not durable yet, instead of the one of the attempt before. No
   * sweep comes in between: it would take the new directory for that of the attempt before.
   */
  void renew(ShadowIndex build) throws IOException {
    Path directory = layout.buildDirectory(build.id());
    Path trash = layout.trash().resolve(build.id() + "-before-" + build.attempt());
    var _ =
        whileNotSweeping(
            () -> {
              files.delete(layout.manifest(build.id()));
              moveAway(directory, trash);
              files.createDirectories(directory);
              return directory;
            });
    deleteOrLog(trash);
  }

  private <T> T whileNotSweeping(DirectoryChange<T> change) throws IOException {
    removal.lock();
    try {
      return change.run();
    } finally {
      removal.unlock();
    }
  }

  /** Deletes the files of a build, unless they are needed; answers whether. */
  private boolean sweep(ShadowIndex build, Instant now) throws IOException {
    String name = build.id() + "-" + build.attempt();
    Path trash = layout.trash().resolve(name);
    Path serveTrash = layout.serveTrash().resolve(name);
    if (!whileNotSweeping(() -> moveAway(build, now, trash, serveTrash))) {
      return false;
    }
    files.deleteTree(trash);
    files.deleteTree(serveTrash);
    return true;
  }

  private boolean moveAway(ShadowIndex build, Instant now, Path trash, Path serveTrash)
      throws IOException {
    if (needed.test(build.id())) {
      return false;
    }
    Path served = layout.directory(build.generation());
    if (new LiveLink(layout, build.spec().key(), files).leadsTo(served)) {
      log.info("build {} is just coming back by a rollback; its files are kept", build.id());
      return false;
    }
    if (!store.markFilesDeleted(build.id(), now, keep)) {
      return false;
    }
    files.delete(layout.manifest(build.id()));
    moveAway(layout.buildDirectory(build.id()), trash);
    moveAway(layout.servingCopy(build.id()), serveTrash);
    return true;
  }

  private void moveAway(Path directory, Path trash) throws IOException {
    if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      files.createDirectories(Objects.requireNonNull(trash.getParent()));
      files.rename(directory, trash);
    }
  }
}
