package io.shadowindex.server.index;

import io.shadowindex.server.refusal.Refusal.Violation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What lies in the directory of a generation, seen without following links.
 *
 * @param files the plain files, ordered by path
 * @param directories the directory itself and all below it, parents before children
 * @param unsafe what a generation cannot have: links, further names of one file, devices, sockets,
 *     names that are not valid, what cannot be read
 */
record GenerationFiles(List<Found> files, List<Path> directories, List<Violation> unsafe) {

  /** One plain file: its path relative to the generation, and what tells that it has changed. */
  record Found(String path, long sizeBytes, FileTime modified) {}

  /** From so many on, what is in one directory is looked at on all cores. */
  private static final int MANY = 256;

  /** What was seen of one name: a plain file, a directory, or what cannot be in a generation. */
  private sealed interface Seen {
    record File(Found found) implements Seen {}

    record Directory(Path path) implements Seen {}

    record Unsafe(Violation violation) implements Seen {}
  }

  static GenerationFiles scan(Path generation) throws IOException {
    var files = new ArrayList<Found>();
    var directories = new ArrayList<Path>();
    var unsafe = new ArrayList<Violation>();
    var toEnter = new ArrayDeque<>(List.of(generation));
    while (!toEnter.isEmpty()) {
      Path directory = toEnter.remove();
      try {
        List<Path> names = FileOperations.children(directory);
        directories.add(directory);
        for (Seen seen : look(generation, names)) {
          switch (seen) {
            case Seen.File(var found) -> files.add(found);
            case Seen.Directory(var path) -> toEnter.add(path);
            case Seen.Unsafe(var violation) -> unsafe.add(violation);
          }
        }
      } catch (AccessDeniedException e) {
        boolean all = directory.equals(generation);
        unsafe.add(unreadable(all ? "." : generation.relativize(directory).toString()));
      }
    }
    files.sort(Comparator.comparing(Found::path));
    return new GenerationFiles(List.copyOf(files), List.copyOf(directories), List.copyOf(unsafe));
  }

  private static List<Seen> look(Path generation, List<Path> files) throws IOException {
    Stream<Path> all = files.size() < MANY ? files.stream() : files.parallelStream();
    try {
      return all.map(file -> look(generation, file)).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** One stat(2). */
  private static Seen look(Path generation, Path file) {
    String path = generation.relativize(file).toString();
    try {
      Map<String, Object> attributes =
          Files.readAttributes(
              file,
              "unix:isDirectory,isSymbolicLink,isRegularFile,nlink,size,lastModifiedTime",
              LinkOption.NOFOLLOW_LINKS);
      if (is(attributes, "isDirectory")) {
        return new Seen.Directory(file);
      }
      if (!namesTheSame(generation, path, file)) {
        return unsafe(path, "has a name that is not valid UTF-8");
      }
      if (is(attributes, "isSymbolicLink")) {
        return unsafe(path, "is a symbolic link");
      }
      if (!is(attributes, "isRegularFile")) {
        return unsafe(path, "is a device, a pipe or a socket");
      }
      if (attribute(attributes, "nlink", Integer.class) > 1) {
        return unsafe(path, "is a hard link: the file has another name");
      }
      return new Seen.File(
          new Found(
              path,
              attribute(attributes, "size", Long.class),
              attribute(attributes, "lastModifiedTime", FileTime.class)));
    } catch (AccessDeniedException e) {
      return new Seen.Unsafe(unreadable(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Seen unsafe(String path, String description) {
    return new Seen.Unsafe(new Violation(path, description));
  }

  private static boolean is(Map<String, Object> attributes, String name) {
    return attribute(attributes, name, Boolean.class);
  }

  static <T> T attribute(Map<String, Object> attributes, String name, Class<T> type) {
    return type.cast(Objects.requireNonNull(attributes.get(name)));
  }

  static Violation unreadable(String path) {
    return new Violation(path, "cannot be read by the server");
  }

  /** Whether the name survives being written to the manifest and read back. */
  private static boolean namesTheSame(Path generation, String path, Path file) {
    try {
      return generation.resolve(path).equals(file);
    } catch (InvalidPathException e) {
      return false;
    }
  }

  long totalBytes() {
    return files.stream().mapToLong(Found::sizeBytes).sum();
  }
}
