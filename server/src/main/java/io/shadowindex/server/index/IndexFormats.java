package io.shadowindex.server.index;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** The formats that this server knows. */
public final class IndexFormats {

  private static final String OWN = "io.shadowindex.server.";

  private static final Named FILES = new Named(new GenericFiles());

  private final List<Named> formats;

  /** A format and what it is called. */
  record Named(String name, IndexFormat format) {
    Named(IndexFormat format) {
      this(format.name(), format);
    }
  }

  /** Takes formats in the order in which they are asked. */
  IndexFormats(List<IndexFormat> formats) {
    this.formats = formats.stream().map(Named::new).toList();
  }

  /**
   * The formats on the class path: those of others first, so that they can be more special than the
   * server's own.
   *
   * @throws IOException when one cannot be loaded
   */
  public static IndexFormats installed() throws IOException {
    try {
      return new IndexFormats(
          ServiceLoader.load(IndexFormat.class).stream()
              .sorted(Comparator.comparing(IndexFormats::isOwn))
              .map(ServiceLoader.Provider::get)
              .toList());
    } catch (ServiceConfigurationError | RuntimeException | LinkageError e) {
      throw new IOException("an index format cannot be loaded: " + e.getMessage(), e);
    }
  }

  /** The names of the formats, in the order in which they are asked. */
  public List<String> names() {
    return formats.stream().map(Named::name).toList();
  }

  /** What is in a directory, seen by the first format that recognizes it, else as mere files. */
  public IndexContent contentOf(Path directory) throws IndexFormatException {
    for (Named format : formats) {
      var content = new IndexContent(format, directory);
      if (content.isRecognized()) {
        return content;
      }
    }
    return new IndexContent(FILES, directory);
  }

  private static boolean isOwn(ServiceLoader.Provider<IndexFormat> provider) {
    return provider.type().getName().startsWith(OWN);
  }
}
