package io.shadowindex.server.index;

import java.nio.file.Path;
import java.util.UUID;

/**
 * Where the files of builds and indexes lie below the index root. Paths follow from ids and
 * identities alone, never from a path in a request.
 *
 * <pre>
 * builds/&lt;id&gt;/                      what workers write; a generation stays where it was built
 * builds/&lt;id&gt;.manifest.json         its files, sizes and hashes
 * live/&lt;branch&gt;/&lt;type&gt;/&lt;name&gt;      the live link
 * staging/                          links about to become live; swept at start
 * trash/                            files on their way out; swept at start
 * </pre>
 */
public final class IndexLayout {

  private final Path root;

  /** Takes the absolute path of the index root. */
  public IndexLayout(Path root) {
    if (!root.isAbsolute()) {
      throw new IllegalArgumentException("the index root must be absolute: " + root);
    }
    this.root = root.normalize();
  }

  public Path root() {
    return root;
  }

  public Path builds() {
    return root.resolve("builds");
  }

  public Path live() {
    return root.resolve("live");
  }

  public Path staging() {
    return root.resolve("staging");
  }

  public Path trash() {
    return root.resolve("trash");
  }

  public Path buildDirectory(UUID buildId) {
    return builds().resolve(buildId.toString());
  }

  public Path manifest(UUID buildId) {
    return builds().resolve(buildId + ".manifest.json");
  }

  public Path liveLink(IndexKey key) {
    return live()
        .resolve(PathSegment.of(key.branchName()))
        .resolve(key.indexType().name())
        .resolve(PathSegment.of(key.indexName()));
  }
}
