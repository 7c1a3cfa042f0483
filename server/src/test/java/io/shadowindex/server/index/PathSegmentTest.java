package io.shadowindex.server.index;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PathSegmentTest {

  @ParameterizedTest
  @CsvSource({
    "main,main",
    "v1.2_x-y,v1.2_x-y",
    "feature/user-schema,feature%2Fuser-schema",
    "ü,%C3%BC",
    "100%,100%25",
    "a~b,a%7Eb",
    ".hidden,%2Ehidden"
  })
  void aNameIsReadableInItsSegment(String name, String segment) {
    assertThat(PathSegment.of(name)).isEqualTo(segment);
    assertThat(PathSegment.name(segment)).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "..", "../..", "/", "//etc/passwd", "a\u0000b", "\\", "."})
  void noNameLeavesItsDirectory(String name) {
    Path root = Path.of("/root/live");

    Path resolved = root.resolve(PathSegment.of(name)).normalize();

    assertThat(resolved.getParent()).isEqualTo(root);
  }

  @ParameterizedTest
  @ValueSource(strings = {"100%", "%2", "%zz", "a%41", "%FF", "a~b", "", "ü"})
  void whatIsTheSegmentOfNoNameIsItsOwn(String segment) {
    assertThat(PathSegment.name(segment)).isEqualTo(segment);
  }

  @Test
  void longNamesAreCutAndStayApart() {
    String one = PathSegment.of("x".repeat(255));
    String other = PathSegment.of("x".repeat(254) + "y");

    assertThat(one).hasSize(200).contains("~").isNotEqualTo(other);
    assertThat(PathSegment.of("ü".repeat(127)).getBytes(UTF_8)).hasSize(200);
  }

  @Test
  void differentNamesHaveDifferentSegments() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    var names = new HashMap<String, String>();
    for (int i = 0; i < 100_000; i++) {
      int length = 1 + random.nextInt(4);
      var name = new StringBuilder();
      for (int c = 0; c < length; c++) {
        name.append("ab./%~A2F\u00fc".charAt(random.nextInt(10)));
      }
      String clash = names.put(PathSegment.of(name.toString()), name.toString());
      assertThat(clash == null || clash.contentEquals(name)).as("%s and %s", clash, name).isTrue();
    }
  }

  @Test
  void anEmptyNameIsAnErrorOfTheProgram() {
    assertThatThrownBy(() -> PathSegment.of("")).isInstanceOf(IllegalArgumentException.class);
  }
}
