package io.shadowindex.server.index;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.shadowindex.server.index.Manifest.DamagedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Manifests as a disk may hold them: whatever the bytes, they are a manifest or damaged, and a
 * manifest that was read is written and read again as it was.
 */
public final class ManifestFuzz {

  private static final Path FILE = newFile();

  private ManifestFuzz() {}

  public static List<byte[]> seeds() {
    return Stream.of(
            "",
            "{}",
            "{\"format\":1,\"total_bytes\":0,\"files\":[]}",
            """
            {"format":1,"total_bytes":7,"files":[\
            {"path":"a/segment","size_bytes":3,"sha256":"00ff"},\
            {"path":"größe","size_bytes":4,"sha256":"","more":{"x":[1,null]}}]}""",
            "{\"total_bytes\":9223372036854775807,\"files\":[{\"size_bytes\":9223372036854775807}]}",
            "{\"total_bytes\":-1,\"files\":[{\"path\":null,\"size_bytes\":\"1\"}]}",
            "[[[[{\"path\":{\"path\":\"x\"}}]]]]",
            "\0\0/\0/")
        .map(seed -> seed.getBytes(UTF_8))
        .toList();
  }

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    Manifest manifest;
    try {
      manifest = read(input);
    } catch (DamagedException damaged) {
      return;
    }
    var written = new ByteArrayOutputStream();
    manifest.writeTo(written);
    Manifest again = read(written.toByteArray());
    if (!again.equals(manifest)) {
      throw new AssertionError("%s comes back as %s".formatted(manifest, again));
    }
  }

  private static Manifest read(byte[] bytes) throws IOException {
    Files.write(FILE, bytes);
    return Manifest.read(FILE);
  }

  private static Path newFile() {
    try {
      Path file = Files.createTempFile("manifest", ".json");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
