package io.shadowindex.server.index;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import io.shadowindex.server.index.GenerationFiles.Found;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Compares a generation with its manifest: by name and size, which costs one stat(2) a file, or by
 * content too, which reads every file.
 */
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
    return result(found, differences(generation, found, sizes(found), manifest));
  }

  /**
   * The same, and reads every file against its SHA-256; in parallel, each in pieces, so that
   * neither many files nor large ones need much memory.
   */
  public static Result content(Path generation, Manifest manifest) throws IOException {
    return content(generation, manifest, file -> true);
  }

  /**
   * The same, but reads only files that were touched after a moment: the kernel sets a file's ctime
   * at every change, and nobody can set it back. Costs two stat(2) a file where nothing was.
   *
   * @param sealed when the manifest was written, which is after the last change to a file
   */
  public static Result contentSince(Path generation, Manifest manifest, FileTime sealed)
      throws IOException {
    return content(generation, manifest, file -> isTouchedSince(file, sealed));
  }

  private static boolean isTouchedSince(Path file, FileTime sealed) {
    try {
      return !(Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS)
              instanceof FileTime changed)
          || changed.compareTo(sealed) > 0;
    } catch (IOException e) {
      return true; // whoever reads it finds out what is wrong
    }
  }

  private static Result content(Path generation, Manifest manifest, Predicate<Path> read)
      throws IOException {
    GenerationFiles found = GenerationFiles.scan(generation);
    Map<String, Long> sizes = sizes(found);
    List<String> errors = differences(generation, found, sizes, manifest);
    errors.addAll(
        manifest.files().parallelStream()
            .filter(entry -> hasItsSize(entry, sizes))
            .filter(entry -> read.test(generation.resolve(entry.path())))
            .flatMap(entry -> contentError(generation, entry).stream())
            .toList());
    return result(found, errors);
  }

  private static Map<String, Long> sizes(GenerationFiles found) {
    return found.files().stream().collect(toMap(Found::path, Found::sizeBytes));
  }

  private static boolean hasItsSize(Manifest.Entry entry, Map<String, Long> sizes) {
    return Objects.equals(sizes.get(entry.path()), entry.sizeBytes());
  }

  private static List<String> differences(
      Path generation, GenerationFiles found, Map<String, Long> sizes, Manifest manifest)
      throws IOException {
    var errors = new ArrayList<String>();
    found
        .unsafe()
        .forEach(violation -> errors.add(violation.subject() + " " + violation.description()));
    if (found.files().isEmpty()) {
      errors.add("Shadow index directory holds no files");
    }
    List<Manifest.Entry> others =
        manifest.files().stream().filter(entry -> !hasItsSize(entry, sizes)).toList();
    errors.addAll(absentOrResized(generation, others));
    var known = manifest.files().stream().map(Manifest.Entry::path).collect(toSet());
    found.files().stream()
        .map(Found::path)
        .filter(path -> !known.contains(path))
        .forEach(path -> errors.add(path + " is not in the manifest"));
    return errors;
  }

  private static Optional<String> contentError(Path generation, Manifest.Entry entry) {
    try {
      return FileHash.sha256(generation.resolve(entry.path())).equals(entry.sha256())
          ? Optional.empty()
          : Optional.of(entry.path() + ": checksum mismatch");
    } catch (IOException e) {
      return Optional.of(entry.path() + ": cannot be read");
    }
  }

  private static Result result(GenerationFiles found, List<String> errors) {
    return new Result(found.files().size(), found.totalBytes(), first(errors));
  }

  /** Looks at the manifest's files only: finds what is missing or has another size. */
  public static List<String> missing(Path generation, Manifest manifest) throws IOException {
    return first(absentOrResized(generation, manifest.files()));
  }

  private static List<String> absentOrResized(Path generation, List<Manifest.Entry> entries)
      throws IOException {
    var errors = new ArrayList<String>();
    for (Manifest.Entry entry : entries) {
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
      } catch (FileSystemException e) {
        errors.add(entry.path() + " cannot be looked at by the server");
      }
    }
    return errors;
  }

  /** The first errors, and how many more there are. */
  static List<String> first(List<String> errors) {
    if (errors.size() <= MAX_ERRORS) {
      return List.copyOf(errors);
    }
    var shortened = new ArrayList<>(errors.subList(0, MAX_ERRORS - 1));
    shortened.add("and %d more".formatted(errors.size() - shortened.size()));
    return List.copyOf(shortened);
  }
}
