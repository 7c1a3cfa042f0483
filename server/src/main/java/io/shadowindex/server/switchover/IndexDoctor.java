package io.shadowindex.server.switchover;

import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.GenerationCheck;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.index.Manifest;
import io.shadowindex.server.switchover.SwitchStore.LiveGeneration;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Says where live links, database and files do not agree. Only looks; what is wrong with the link
 * of an index is repaired by the next start. A link of no index is left to a person: whose it is
 * cannot be known.
 */
public final class IndexDoctor {

  private final SwitchStore store;
  private final IndexLayout layout;
  private final FileOperations files;

  public IndexDoctor(SwitchStore store, IndexLayout layout, FileOperations files) {
    this.store = store;
    this.layout = layout;
    this.files = files;
  }

  /**
   * What is wrong with one index.
   *
   * @param link where its live link belongs
   * @param active the generation that the database says is live; null when none is
   */
  public record Finding(IndexKey key, Path link, @Nullable Generation active, String problem) {}

  /**
   * What was found.
   *
   * @param examined how many indexes were looked at
   */
  public record Diagnosis(int examined, List<Finding> findings) {
    public Diagnosis {
      findings = List.copyOf(findings);
    }
  }

  /**
   * Looks at every index: one readlink(2), and one stat(2) for each file of a live generation; and
   * for links that belong to no index. May run at any time: an index that changes meanwhile is
   * passed over.
   *
   * @param limit how many findings at most
   */
  public Diagnosis examine(int limit) throws IOException {
    List<LiveGeneration> indexes = store.liveGenerations();
    var suspected = new ArrayList<Finding>();
    for (LiveGeneration index : indexes) {
      if (suspected.size() < limit) {
        suspected.addAll(examine(index));
      }
    }
    suspected.addAll(strays(indexes));
    if (suspected.isEmpty()) {
      return new Diagnosis(indexes.size(), List.of());
    }
    Map<IndexKey, LiveGeneration> now =
        store.liveGenerations().stream()
            .collect(Collectors.toMap(LiveGeneration::key, Function.identity()));
    Map<IndexKey, LiveGeneration> before =
        indexes.stream().collect(Collectors.toMap(LiveGeneration::key, Function.identity()));
    Set<IndexKey> changing =
        store.open().stream().map(SwitchJournal::key).collect(Collectors.toSet());
    return new Diagnosis(
        indexes.size(),
        suspected.stream()
            .filter(finding -> !changing.contains(finding.key()))
            .filter(finding -> Objects.equals(now.get(finding.key()), before.get(finding.key())))
            .limit(limit)
            .toList());
  }

  /** Links of which the database knows nothing, of a restored one say. */
  private List<Finding> strays(List<LiveGeneration> indexes) throws IOException {
    if (!Files.isDirectory(layout.live())) {
      return List.of();
    }
    Set<Path> known =
        indexes.stream().map(index -> layout.liveLink(index.key())).collect(Collectors.toSet());
    var strays = new ArrayList<Finding>();
    Files.walkFileTree(
        layout.live(),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isSymbolicLink() && !known.contains(file)) {
              layout
                  .indexOf(file)
                  .map(
                      key ->
                          new Finding(
                              key, file, null, "the live link of an index that is not known"))
                  .ifPresent(strays::add);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure) {
            return FileVisitResult.CONTINUE; // gone meanwhile
          }
        });
    return strays;
  }

  private List<Finding> examine(LiveGeneration index) throws IOException {
    var link = new LiveLink(layout, index.key(), files);
    Generation active = index.active();
    Path expected = active == null ? null : layout.directory(active);
    if (link.occupied()) {
      return found(
          index, List.of("something that is not a link stands where the live link belongs"));
    }
    if (!link.leadsTo(expected)) {
      return found(
          index,
          List.of(
              link.target().isEmpty()
                  ? "there is no live link although a generation is active"
                  : "the live link does not lead to the active generation"));
    }
    return active == null ? List.of() : found(index, missing(active));
  }

  private List<String> missing(Generation active) throws IOException {
    try {
      return GenerationCheck.missing(
          layout.directory(active), Manifest.read(layout.manifest(active.id())));
    } catch (NoSuchFileException e) {
      return List.of("the manifest of the active generation is gone");
    } catch (Manifest.DamagedException e) {
      return List.of("the manifest of the active generation is damaged");
    }
  }

  private List<Finding> found(LiveGeneration index, List<String> problems) {
    Path link = layout.liveLink(index.key());
    return problems.stream()
        .map(problem -> new Finding(index.key(), link, index.active(), problem))
        .toList();
  }
}
