package io.shadowindex.server.index;

import static java.util.stream.Collectors.toMap;

import io.shadowindex.server.index.GenerationFiles.Found;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.Refusal.Violation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The files that a worker says make up its build, in any order. Only ever compared with what the
 * server finds: no path in it is opened.
 */
public record ClaimedManifest(List<Manifest.Entry> files) {

  /** Nothing claimed, nothing compared. */
  public static final ClaimedManifest NONE = new ClaimedManifest(List.of());

  public ClaimedManifest {
    files = List.copyOf(files);
  }

  /** Refuses paths that could lead out of the build's directory. */
  void requireSafePaths(UUID buildId) {
    List<Violation> unsafe =
        files.stream()
            .map(Manifest.Entry::path)
            .filter(path -> !isSafe(path))
            .map(path -> new Violation(path, "is not a path within the build's directory"))
            .toList();
    if (!unsafe.isEmpty()) {
      throw new Refusal.UnsafeFiles(buildId, unsafe).exception();
    }
  }

  /** Refuses files that are missing, extra, listed twice, or of another size. */
  void requireNamesAndSizes(UUID buildId, GenerationFiles found) {
    Map<String, Long> extra = new HashMap<>();
    found.files().forEach(file -> extra.put(file.path(), file.sizeBytes()));
    var listed = new HashSet<String>();
    var differences = new ArrayList<Violation>();
    for (Manifest.Entry claimed : files) {
      Long size = extra.remove(claimed.path());
      if (!listed.add(claimed.path())) {
        differences.add(new Violation(claimed.path(), "is listed twice"));
      } else if (size == null) {
        differences.add(new Violation(claimed.path(), "is not in the build's directory"));
      } else if (size != claimed.sizeBytes()) {
        differences.add(
            new Violation(
                claimed.path(),
                "has %d bytes, %d in the worker's manifest".formatted(size, claimed.sizeBytes())));
      }
    }
    found.files().stream()
        .map(Found::path)
        .filter(extra::containsKey)
        .map(path -> new Violation(path, "is not in the worker's manifest"))
        .forEach(differences::add);
    refuse(buildId, differences);
  }

  /** Refuses files with another content. */
  void requireContent(UUID buildId, Manifest found) {
    var hashes =
        found.files().stream().collect(toMap(Manifest.Entry::path, Manifest.Entry::sha256));
    refuse(
        buildId,
        files.stream()
            .filter(claimed -> !claimed.sha256().equals(hashes.get(claimed.path())))
            .map(claimed -> new Violation(claimed.path(), "checksum mismatch"))
            .toList());
  }

  boolean isGiven() {
    return !files.isEmpty();
  }

  private static void refuse(UUID buildId, List<Violation> differences) {
    if (!differences.isEmpty()) {
      throw new Refusal.ManifestDiffers(buildId, differences).exception();
    }
  }

  private static boolean isSafe(String path) {
    for (String segment : path.split("/", -1)) {
      if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
        return false;
      }
    }
    return true;
  }
}
