package io.shadowindex.server.switchover;

import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.switchover.SwitchStore.LiveGeneration;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens before the server listens: switches that a crash cut off are brought to their end,
 * links and database are made to agree, and what was left half done is swept.
 *
 * <p>Idempotent: a crash in here is recovered by the next start.
 */
public final class SwitchRecovery {

  private static final Logger log = LoggerFactory.getLogger(SwitchRecovery.class);

  private final SwitchStore store;
  private final SwitchConclusion conclusion;
  private final IndexLayout layout;
  private final FileOperations files;

  SwitchRecovery(
      SwitchStore store, SwitchConclusion conclusion, IndexLayout layout, FileOperations files) {
    this.store = store;
    this.conclusion = conclusion;
    this.layout = layout;
    this.files = files;
  }

  /** Recovers everything; throws when the disk does not let it. */
  public void run() throws IOException {
    for (SwitchJournal journal : store.open()) {
      var ended = conclusion.recover(journal);
      log.warn(
          "the {} of {} was cut off; it is {} now",
          journal.kind(),
          journal.generationId(),
          ended.end());
    }
    for (LiveGeneration live : store.liveGenerations()) {
      agree(live);
    }
    files.deleteTree(layout.staging());
    deleteEmptyDirectories(layout.live());
  }

  /** What deleted indexes left; only before the server listens does nobody put a link there. */
  private void deleteEmptyDirectories(Path live) throws IOException {
    if (!Files.isDirectory(live, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        live,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            if (failure == null && isEmpty(directory)) {
              files.delete(directory);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (var entries = Files.newDirectoryStream(directory)) {
      return !entries.iterator().hasNext();
    }
  }

  private void agree(LiveGeneration live) throws IOException {
    LiveLink link = conclusion.liveLink(live.key());
    Generation active = live.active();
    Path expected = conclusion.directory(active);
    if (link.leadsTo(expected)) {
      return;
    }
    if (expected != null && !Files.isDirectory(expected, LinkOption.NOFOLLOW_LINKS)) {
      log.error(
          "{} is active and its files are gone; the live link {} is left as it is",
          active,
          link.path());
      return;
    }
    log.error(
        "the live link {} leads to {} although {} is active; to be repaired",
        link.path(),
        link.target().map(Path::toString).orElse("nothing"),
        active == null ? "nothing" : active.id());
    conclusion.setLink(link, active);
  }
}
