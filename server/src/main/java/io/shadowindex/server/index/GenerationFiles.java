package io.shadowindex.server.index;

import io.shadowindex.server.refusal.Refusal.Violation;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

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

  static GenerationFiles scan(Path generation) throws IOException {
    var files = new ArrayList<Found>();
    var directories = new ArrayList<Path>();
    var unsafe = new ArrayList<Violation>();
    Files.walkFileTree(
        generation,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            directories.add(directory);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            String path = generation.relativize(file).toString();
            if (!namesTheSame(generation, path, file)) {
              unsafe.add(new Violation(path, "has a name that is not valid UTF-8"));
            } else if (attributes.isSymbolicLink()) {
              unsafe.add(new Violation(path, "is a symbolic link"));
            } else if (!attributes.isRegularFile()) {
              unsafe.add(new Violation(path, "is a device, a pipe or a socket"));
            } else if (names(file) > 1) {
              unsafe.add(new Violation(path, "is a hard link: the file has another name"));
            } else {
              files.add(new Found(path, attributes.size(), attributes.lastModifiedTime()));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (!(e instanceof AccessDeniedException)) {
              throw e;
            }
            boolean all = file.equals(generation);
            unsafe.add(unreadable(all ? "." : generation.relativize(file).toString()));
            return FileVisitResult.CONTINUE;
          }
        });
    files.sort(Comparator.comparing(Found::path));
    return new GenerationFiles(List.copyOf(files), List.copyOf(directories), List.copyOf(unsafe));
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

  private static int names(Path file) throws IOException {
    Map<String, Object> attributes =
        Files.readAttributes(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
    return attributes.get("nlink") instanceof Integer count ? count : 1;
  }
}
