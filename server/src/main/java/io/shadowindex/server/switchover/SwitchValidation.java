package io.shadowindex.server.switchover;

import io.shadowindex.server.build.Completion;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.ValidationCheck;
import io.shadowindex.server.index.FileStamps;
import io.shadowindex.server.index.GenerationCheck;
import io.shadowindex.server.index.IndexContent;
import io.shadowindex.server.index.IndexFormatException;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.Manifest;
import io.shadowindex.server.refusal.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The checks before a switch: on the server's own evidence, and before anything is locked. */
final class SwitchValidation {

  private final IndexLayout layout;
  private final IndexFormats formats;

  SwitchValidation(IndexLayout layout, IndexFormats formats) {
    this.layout = layout;
    this.formats = formats;
  }

  /**
   * What was found, and what the generation is held against after the flip.
   *
   * @param stamps taken before anything was read, so that a change during a check shows
   */
  record Validated(Manifest manifest, FileStamps stamps, ValidationReport report) {}

  /**
   * Checks a build that is about to replace {@code live}.
   *
   * @param directory where its files are
   * @param tolerance how far count and size may be from the live generation's, as a fraction of it
   * @throws io.shadowindex.server.refusal.RefusedException when the files are gone, which cannot be
   *     forced
   */
  Validated validate(
      ShadowIndex build,
      Path directory,
      @Nullable ShadowIndex live,
      Set<ValidationCheck> checks,
      double tolerance)
      throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      throw new Refusal.DirectoryMissing(build.id()).exception();
    }
    Completion completion = completion(build);
    Manifest manifest;
    try {
      manifest = readManifest(build);
    } catch (Manifest.DamagedException e) {
      return damagedManifest(directory);
    }
    FileStamps stamps = FileStamps.of(directory, manifest);
    boolean thorough = checks.contains(ValidationCheck.INTEGRITY_CHECK);
    GenerationCheck.Result found = compare(build, directory, manifest, thorough);
    boolean damaged = !found.errors().isEmpty();
    var errors = new ArrayList<String>();
    var warnings = new ArrayList<String>();
    if (thorough && !damaged) {
      checkFormat(directory, errors);
    }
    if (checks.contains(ValidationCheck.RECORD_COUNT_VALIDATION)) {
      long count = damaged ? completion.recordCount() : count(directory, completion, errors);
      checkRecordCount(count, completion, live, tolerance, errors, warnings);
    }
    if (checks.contains(ValidationCheck.SIZE_COMPARISON)) {
      checkSize(completion, found.totalBytes(), live, tolerance, errors);
    }
    return new Validated(manifest, stamps, new ValidationReport(found.errors(), errors, warnings));
  }

  /**
   * Reads all files, or those that were touched since the manifest was written. Of a serving copy,
   * which is younger than the manifest and was read when it was made, only names and sizes.
   */
  private GenerationCheck.Result compare(
      ShadowIndex build, Path directory, Manifest manifest, boolean thorough) throws IOException {
    if (thorough) {
      return GenerationCheck.content(directory, manifest);
    }
    if (!directory.equals(layout.buildDirectory(build.id()))) {
      return GenerationCheck.whole(directory, manifest);
    }
    FileTime sealed = Files.getLastModifiedTime(layout.manifest(build.id()));
    return GenerationCheck.contentSince(directory, manifest, sealed);
  }

  private static Validated damagedManifest(Path directory) throws IOException {
    var nothing = new Manifest(List.of());
    return new Validated(
        nothing,
        FileStamps.of(directory, nothing),
        new ValidationReport(List.of("the manifest is damaged"), List.of(), List.of()));
  }

  private void checkFormat(Path directory, List<String> errors) {
    try {
      errors.addAll(formats.contentOf(directory).integrityErrors());
    } catch (IndexFormatException e) {
      errors.add(e.sentence());
    }
  }

  /** The count that the index itself tells; the worker's where the index tells none. */
  private long count(Path directory, Completion completion, List<String> errors) {
    long reported = completion.recordCount();
    try {
      IndexContent content = formats.contentOf(directory);
      long counted = content.countRecords().orElse(reported);
      if (counted != reported) {
        errors.add(
            "Shadow index record count differs from what was reported: %d (%s) vs %d"
                .formatted(counted, content.formatName(), reported));
      }
      return counted;
    } catch (IndexFormatException e) {
      errors.add(e.sentence());
      return reported;
    }
  }

  private static void checkRecordCount(
      long count,
      Completion completion,
      @Nullable ShadowIndex live,
      double tolerance,
      List<String> errors,
      List<String> warnings) {
    if (count == 0) {
      errors.add("Shadow index has no records");
      return;
    }
    Long expected = completion.expectedRecordCount();
    if (expected != null && count < expected) {
      errors.add(
          "Shadow index has fewer records than expected: %d vs %d".formatted(count, expected));
    }
    if (live == null) {
      return;
    }
    long current = completion(live).recordCount();
    if (count < current * (1 - tolerance)) {
      errors.add(
          "Shadow index has far fewer records than current: %d vs %d".formatted(count, current));
    } else if (count < current) {
      warnings.add(
          "Shadow index has fewer records than current: %d vs %d".formatted(count, current));
    }
  }

  private static void checkSize(
      Completion completion,
      long onDisk,
      @Nullable ShadowIndex live,
      double tolerance,
      List<String> errors) {
    Long reported = completion.reportedSizeBytes();
    if (reported != null && reported != onDisk) {
      errors.add(
          "Shadow index size on disk differs from what was reported: %d vs %d"
              .formatted(onDisk, reported));
    }
    if (live == null) {
      return;
    }
    long current = completion(live).measuredSizeBytes();
    if (Math.abs(onDisk - current) > current * tolerance) {
      errors.add(
          "Shadow index size differs significantly from current: %d vs %d"
              .formatted(onDisk, current));
    }
  }

  private Manifest readManifest(ShadowIndex build) throws IOException {
    try {
      return Manifest.read(layout.manifest(build.id()));
    } catch (NoSuchFileException e) {
      throw new Refusal.DirectoryMissing(build.id()).exception();
    }
  }

  private static Completion completion(ShadowIndex build) {
    Completion completion = build.completion();
    if (completion == null) {
      throw new IllegalStateException(build.id() + " is " + build.state() + " without completion");
    }
    return completion;
  }
}
