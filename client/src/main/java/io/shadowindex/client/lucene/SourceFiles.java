package io.shadowindex.client.lucene;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files below a directory or in a zip, listed once when opened and read one by one, by any
 * number of threads. Symbolic links are not followed.
 */
public final class SourceFiles implements Closeable {
  /** Larger files are skipped; also what one reading thread may hold in memory. */
  static final int LARGEST_FILE_BYTES = 16 << 20;

  /** A file with a NUL byte among its first ones is not text. */
  private static final int PROBED_BYTES = 8 << 10;

  private final @Nullable FileSystem zip;
  private final Path root;
  private final List<Path> files;

  private SourceFiles(@Nullable FileSystem zip, Path root, List<Path> files) {
    this.zip = zip;
    this.root = root;
    this.files = files;
  }

  /**
   * Lists the files of an input, in the order of their names.
   *
   * @param input a directory or a zip file (a jar is one)
   * @throws InputException when it is neither
   */
  public static SourceFiles open(Path input) throws IOException {
    if (Files.isDirectory(input)) {
      return new SourceFiles(null, input, list(input));
    }
    if (!Files.exists(input)) {
      throw new InputException("There is no file or directory " + input + ".");
    }
    FileSystem zip;
    try {
      zip = FileSystems.newFileSystem(input);
    } catch (ProviderNotFoundException | IOException e) {
      throw new InputException(input + " is neither a directory nor a readable zip file.", e);
    }
    try {
      Path root = zip.getRootDirectories().iterator().next();
      return new SourceFiles(zip, root, list(root));
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  /** All files, text or not. */
  public List<Path> files() {
    return files;
  }

  @Override
  public void close() throws IOException {
    if (zip != null) {
      zip.close();
    }
  }

  /** Reads one of {@link #files}. What cannot be read is skipped, not an error. */
  Reading read(Path file) {
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(LARGEST_FILE_BYTES + 1);
    } catch (IOException e) {
      return new Reading.Skipped(SkipReason.UNREADABLE);
    }
    if (content.length > LARGEST_FILE_BYTES) {
      return new Reading.Skipped(SkipReason.TOO_LARGE);
    }
    for (int i = 0; i < Math.min(content.length, PROBED_BYTES); i++) {
      if (content[i] == 0) {
        return new Reading.Skipped(SkipReason.NOT_TEXT);
      }
    }
    return new Reading.Text(name(file), decoded(content));
  }

  /** The name of a file as the index holds it: relative to the input, with {@code /}. */
  private String name(Path file) {
    String separator = root.getFileSystem().getSeparator();
    return root.relativize(file).toString().replace(separator, "/");
  }

  /** UTF-8, malformed bytes replaced by U+FFFD; decoded while it is read, never held as a whole. */
  private static Reader decoded(byte[] content) {
    return new InputStreamReader(new ByteArrayInputStream(content), StandardCharsets.UTF_8);
  }

  private static List<Path> list(Path root) throws IOException {
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile()) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure)
              throws IOException {
            if (file.equals(root)) {
              throw failure;
            }
            found.add(file); // to be counted as unreadable when its turn comes
            return FileVisitResult.CONTINUE;
          }
        });
    Collections.sort(found);
    return Collections.unmodifiableList(found);
  }

  /** What became of reading a file. */
  sealed interface Reading {
    /** A text to index; whoever gets it closes the reader. */
    record Text(String name, Reader content) implements Reading {}

    /** Nothing to index. */
    record Skipped(SkipReason reason) implements Reading {}
  }
}
