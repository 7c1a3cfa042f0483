package io.shadowindex.client.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Small inputs to index. */
public final class SourceTree {
  private SourceTree() {}

  /**
   * Writes text files {@code part-0/file-0.txt} and so on, ten a folder. All hold {@code common};
   * each holds its own {@code unique<number>}.
   */
  public static Path write(Path directory, int files) throws IOException {
    for (int i = 0; i < files; i++) {
      Path file = directory.resolve(name(i));
      Files.createDirectories(file.getParent());
      Files.writeString(file, text(i));
    }
    return directory;
  }

  /** The same files in a zip. */
  public static Path zip(Path file, int files) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (int i = 0; i < files; i++) {
        zip.putNextEntry(new ZipEntry(name(i)));
        zip.write(text(i).getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    return file;
  }

  public static String name(int number) {
    return "part-" + number / 10 + "/file-" + number + ".txt";
  }

  private static String text(int number) {
    return "common words and unique" + number + "\n";
  }
}
