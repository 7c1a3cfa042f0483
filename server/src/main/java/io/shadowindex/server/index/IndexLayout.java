package io.shadowindex.server.index;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;

/**
 * Where the files of builds and indexes lie below the index root. Paths follow from ids and
 * identities alone, never from a path in a request.
 *
 * <pre>
 * builds/&lt;id&gt;/                      what workers write; a generation stays where it was built
 * builds/&lt;id&gt;.manifest.json         its files, sizes and hashes
 * serve/&lt;id&gt;/                       a copy on the serving volume, for COPY_AND_REPLACE
 * live/&lt;branch&gt;/&lt;type&gt;/&lt;name&gt;      the live link
 * staging/                          links about to become live; swept at start
 * trash/                            files on their way out; swept at start
 * </pre>
 *
 * <p>{@code serve} may be another directory, on another volume; it then has staging and trash of
 * its own.
 */
public final class IndexLayout {

  private static final String MANIFEST = ".manifest.json";

  /** Branch, type and name. */
  private static final int LINK_DEPTH = 3;

  private final Path root;
  private final Path serveRoot;

  /** Takes the absolute path of the index root, in which copies are served too. */
  public IndexLayout(Path root) {
    this(root, root.resolve("serve"));
  }

  /** Takes the absolute paths of the index root and of where copies are served. */
  public IndexLayout(Path root, Path serveRoot) {
    this.root = absolute(root);
    this.serveRoot = absolute(serveRoot);
  }

  private static Path absolute(Path path) {
    if (!path.isAbsolute()) {
      throw new IllegalArgumentException("must be absolute: " + path);
    }
    return path.normalize();
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

  public Path serveRoot() {
    return serveRoot;
  }

  Path serveStaging() {
    return serveRoot.resolve("staging");
  }

  public Path serveTrash() {
    return serveRoot.resolve("trash");
  }

  public Path servingCopy(UUID buildId) {
    return serveRoot.resolve(buildId.toString());
  }

  /** Where a live link to that generation leads. */
  public Path directory(Generation generation) {
    return switch (generation.strategy()) {
      case ATOMIC_RENAME -> buildDirectory(generation.id());
      case COPY_AND_REPLACE -> servingCopy(generation.id());
    };
  }

  /** The build whose directory or manifest has that name; empty when it is not the name of one. */
  public static Optional<UUID> buildId(Path directoryOrManifest) {
    String name = directoryOrManifest.getFileName().toString();
    if (name.endsWith(MANIFEST)) {
      name = name.substring(0, name.length() - MANIFEST.length());
    }
    try {
      UUID id = UUID.fromString(name);
      return id.toString().equals(name) ? Optional.of(id) : Optional.empty();
    } catch (IllegalArgumentException notAnId) {
      return Optional.empty();
    }
  }

  public Path manifest(UUID buildId) {
    return builds().resolve(buildId + MANIFEST);
  }

  public Path liveLink(IndexKey key) {
    return live()
        .resolve(PathSegment.of(key.branchName()))
        .resolve(key.indexType().name())
        .resolve(PathSegment.of(key.indexName()));
  }

  /** The index whose live link is there, as far as the path tells; empty where none can be. */
  public Optional<IndexKey> indexOf(Path liveLink) {
    Path below = live().relativize(liveLink);
    if (below.getNameCount() != LINK_DEPTH) {
      return Optional.empty();
    }
    String branch = PathSegment.name(below.getName(0).toString());
    String name = PathSegment.name(below.getName(2).toString());
    return Arrays.stream(IndexType.values())
        .filter(type -> type.name().equals(below.getName(1).toString()))
        .findFirst()
        .map(type -> new IndexKey(branch, type, name));
  }
}
