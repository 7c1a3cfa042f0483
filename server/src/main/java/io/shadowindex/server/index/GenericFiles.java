package io.shadowindex.server.index;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** The format of what no other format recognizes: files, of which the manifest tells all. */
final class GenericFiles implements IndexFormat {

  @Override
  public String name() {
    return "files";
  }

  @Override
  public boolean recognizes(Path directory) {
    return true;
  }

  @Override
  public OptionalLong countRecords(Path directory) {
    return OptionalLong.empty();
  }

  @Override
  public List<String> integrityErrors(Path directory) {
    return List.of();
  }
}
