package io.shadowindex.server.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/** Compares a generation with its manifest by name and size, which costs one stat(2) a file. */
public final class GenerationCheck {

  private static final int MAX_ERRORS = 20;

  private GenerationCheck() {}

  /**
   * What is on disk.
   *
   * @param fileCount plain files
   * @param totalBytes their size together
   * @param errors one sentence for each thing that is wrong, 20 at most; empty when all is well
   */
  public record Result(long fileCount, long totalBytes, List<String> errors) {}

  /**
   * Walks the whole directory: finds what is missing, changed, unsafe, or there without a reason.
   */
  public static Result whole(Path generation, Manifest manifest) throws IOException {
    GenerationFiles found = GenerationFiles.scan(generation);
    var errors = new ArrayList<String>();
    found
        .unsafe()
        .forEach(violation -> errors.add(violation.subject() + " " + violation.description()));
    if (found.files().isEmpty()) {
      errors.add("Shadow index directory holds no files");
    }
    errors.addAll(missing(generation, manifest));
    if (errors.isEmpty() && found.files().size() != manifest.files().size()) {
      errors.add(
          "%d files on disk, %d in the manifest"
              .formatted(found.files().size(), manifest.files().size()));
    }
    return new Result(found.files().size(), found.totalBytes(), first(errors));
  }

  /** Looks at the manifest's files only: finds what is missing or has another size. */
  public static List<String> missing(Path generation, Manifest manifest) throws IOException {
    var errors = new ArrayList<String>();
    for (Manifest.Entry entry : manifest.files()) {
      try {
        var attributes =
            Files.readAttributes(
                generation.resolve(entry.path()),
                BasicFileAttributes.class,
                LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isRegularFile()) {
          errors.add(entry.path() + " is no longer a plain file");
        } else if (attributes.size() != entry.sizeBytes()) {
          errors.add(
              "%s has %d bytes, %d in the manifest"
                  .formatted(entry.path(), attributes.size(), entry.sizeBytes()));
        }
      } catch (NoSuchFileException e) {
        errors.add(entry.path() + " is missing");
      }
    }
    return first(errors);
  }

  private static List<String> first(List<String> errors) {
    if (errors.size() <= MAX_ERRORS) {
      return List.copyOf(errors);
    }
    var shortened = new ArrayList<>(errors.subList(0, MAX_ERRORS - 1));
    shortened.add("and %d more".formatted(errors.size() - shortened.size()));
    return List.copyOf(shortened);
  }
}
