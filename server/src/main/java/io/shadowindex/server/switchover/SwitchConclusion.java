package io.shadowindex.server.switchover;

import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.GenerationCheck;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.index.Manifest;
import io.shadowindex.server.switchover.SwitchJournal.Kind;
import io.shadowindex.server.switchover.SwitchJournal.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a change whose intention is in the journal to its end: forward when the live link leads
 * where it is to lead and verification passes, back otherwise.
 *
 * <p>The same for a running change and for one that a crash cut off; idempotent, so that a crash in
 * here is ended by the next call. An {@link IOException} leaves the journal open and the link in a
 * state that is not known to be durable: nothing may be acknowledged, the next call decides.
 */
final class SwitchConclusion {

  private static final Logger log = LoggerFactory.getLogger(SwitchConclusion.class);

  private final SwitchStore store;
  private final IndexLayout layout;
  private final FileOperations files;
  private final SwitchStep.Observer observer;
  private final Retention retention;

  /** How long the files of a generation are kept after it left. */
  record Retention(Duration backup, Duration grace, Duration failed) {
    /** How long the generation is kept that the change replaces. */
    Duration of(SwitchJournal journal) {
      if (journal.backupCurrent()) {
        return backup;
      }
      return journal.kind() == Kind.ROLLBACK ? failed : grace;
    }
  }

  SwitchConclusion(
      SwitchStore store,
      IndexLayout layout,
      FileOperations files,
      SwitchStep.Observer observer,
      Retention retention) {
    this.store = store;
    this.layout = layout;
    this.files = files;
    this.observer = observer;
    this.retention = retention;
  }

  /** How a change ended, and what verification found. */
  record Ended(End end, List<String> verificationErrors) {}

  /** How a change can end. */
  enum End {
    /** It happened. */
    COMMITTED,
    /** It stopped before the flip: nothing changed. */
    ABORTED,
    /** Verification failed: what was live before is live again. */
    ROLLED_BACK
  }

  /** What is found wrong with a generation behind its link, one sentence for each thing. */
  @FunctionalInterface
  interface Verification {
    List<String> errors() throws IOException;
  }

  LiveLink liveLink(IndexKey key) {
    return new LiveLink(layout, key, files);
  }

  /**
   * Ends a change that a crash cut off; the link decides. What it leads to is compared with the
   * manifest, and read where it was touched since that was written: nobody knows any more what it
   * looked like, and nobody can call before this has ended. A serving copy, which is younger than
   * its manifest, is read as a whole.
   */
  Ended recover(SwitchJournal journal) throws IOException {
    return recover(journal, () -> contentErrors(journal));
  }

  /** Ends a change whose flip has not been seen to succeed; the link decides. */
  Ended recover(SwitchJournal journal, Verification verification) throws IOException {
    LiveLink link = liveLink(journal.key());
    if (journal.step() == Step.ROLLING_BACK) {
      return rollBack(journal, link, List.of(journal.remark()));
    }
    if (link.leadsTo(directory(journal.target()))) {
      link.sync();
      return verify(journal, link, verification);
    }
    store.abort(journal, "interrupted before the flip; nothing changed");
    return new Ended(End.ABORTED, List.of());
  }

  /** Ends a change whose link has been flipped and synced. */
  Ended verify(SwitchJournal journal, LiveLink link, Verification verification) throws IOException {
    observer.before(SwitchStep.VERIFY);
    List<String> errors = problems(journal, link, verification);
    if (!errors.isEmpty()) {
      observer.before(SwitchStep.MARK_ROLLING_BACK);
      String reason = "verification after the switch failed: " + String.join("; ", errors);
      return rollBack(store.markRollingBack(journal, reason), link, errors);
    }
    observer.before(SwitchStep.COMMIT);
    store.commit(journal, retention.of(journal), journal.remark());
    return new Ended(End.COMMITTED, List.of());
  }

  private Ended rollBack(SwitchJournal journal, LiveLink link, List<String> errors)
      throws IOException {
    observer.before(SwitchStep.FLIP_BACK);
    setLink(link, journal.old());
    observer.before(SwitchStep.COMMIT_ROLLBACK);
    store.rolledBack(journal, retention.failed());
    return new Ended(End.ROLLED_BACK, errors);
  }

  /**
   * Makes the link lead to a generation, or removes it for null; durable when it returns. Leaves
   * alone what is not a link in its place, which the doctor names until somebody has decided on it.
   */
  void setLink(LiveLink link, @Nullable Generation generation) throws IOException {
    if (link.occupied()) {
      log.error("{} is not a link although a live link belongs there; left alone", link.path());
      return;
    }
    Path target = directory(generation);
    if (!link.leadsTo(target)) {
      if (target == null) {
        link.remove();
      } else {
        link.replaceWith(link.stage(target));
      }
    }
    link.sync();
  }

  private List<String> problems(SwitchJournal journal, LiveLink link, Verification verification) {
    try {
      if (!link.leadsTo(directory(journal.target()))) {
        return List.of("the live link does not lead where it should");
      }
      if (journal.target() == null) {
        return List.of();
      }
      return accessible(link)
          ? verification.errors()
          : List.of("the generation cannot be opened through the live link");
    } catch (IOException e) {
      return List.of("the generation cannot be read");
    }
  }

  /** Whether a reader can open the directory behind the link. */
  static boolean accessible(LiveLink link) {
    try (var _ = Files.newDirectoryStream(link.path())) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private List<String> contentErrors(SwitchJournal journal) throws IOException {
    Path generation = directory(journal.target());
    if (generation == null) {
      return List.of();
    }
    try {
      Path path = layout.manifest(journal.generationId());
      return GenerationCheck.contentSince(
              generation, Manifest.read(path), Files.getLastModifiedTime(path))
          .errors();
    } catch (NoSuchFileException e) {
      return List.of("the manifest is gone");
    } catch (Manifest.DamagedException e) {
      return List.of("the manifest is damaged");
    }
  }

  /** Where a generation lies; null for none. */
  @Nullable Path directory(@Nullable Generation generation) {
    return generation == null ? null : layout.directory(generation);
  }
}
