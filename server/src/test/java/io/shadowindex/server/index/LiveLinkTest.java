package io.shadowindex.server.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LiveLinkTest {

  private IndexLayout layout;
  private LiveLink link;
  private Path one;
  private Path two;

  @BeforeEach
  void createGenerations(@TempDir Path root) throws IOException {
    layout = new IndexLayout(root.resolve("index"));
    one = Files.createDirectories(layout.buildDirectory(UUID.randomUUID()));
    two = Files.createDirectories(layout.buildDirectory(UUID.randomUUID()));
    link =
        new LiveLink(
            layout,
            new IndexKey("feature/a", IndexType.SEARCH_INDEX, "default"),
            FileOperations.real());
  }

  @Test
  void leadsFromNothingToOneGenerationToTheNext() throws IOException {
    assertThat(link.target()).isEmpty();
    assertThat(link.leadsTo(null)).isTrue();

    link.replaceWith(link.stage(one));
    assertThat(link.leadsTo(one)).isTrue();
    assertThat(link.path().toRealPath()).isEqualTo(one.toRealPath());

    link.replaceWith(link.stage(two));
    assertThat(link.leadsTo(two)).isTrue();
    assertThat(link.leadsTo(one)).isFalse();

    link.remove();
    assertThat(link.leadsTo(null)).isTrue();
  }

  @Test
  void stillLeadsThereWhenTheWholeIndexRootHasMoved(@TempDir Path elsewhere) throws IOException {
    link.replaceWith(link.stage(one));
    Path moved = elsewhere.resolve("index");
    Files.move(layout.root(), moved);

    Path movedLink = moved.resolve(layout.root().relativize(link.path()));

    assertThat(movedLink.toRealPath().getFileName()).isEqualTo(one.getFileName());
  }

  @Test
  void oneThatCannotBeLookedAtIsNotTakenForNone() throws IOException {
    link.replaceWith(link.stage(one));
    Path directory = Objects.requireNonNull(link.path().getParent());
    Files.move(directory, directory.resolveSibling("elsewhere"));
    Files.createSymbolicLink(directory, directory); // ELOOP

    assertThatIOException().isThrownBy(link::target);
    assertThatIOException().isThrownBy(link::occupied);
    assertThatIOException().isThrownBy(() -> link.leadsTo(null));
  }

  @Test
  void knowsWhenSomethingElseStandsInItsPlace() throws IOException {
    assertThat(link.occupied()).isFalse();
    link.replaceWith(link.stage(one));
    assertThat(link.occupied()).isFalse();

    link.remove();
    Files.createDirectory(link.path());
    assertThat(link.occupied()).isTrue();
  }
}
