package io.shadowindex.server;

import io.shadowindex.server.index.ManifestFuzz;
import io.shadowindex.server.index.NamesFuzz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The seeds of the fuzz targets and random mutations of them: {@code -Dseed}, {@code
 * -Dshadowindex.fuzz.ms} for each target. {@code make fuzz} lets Jazzer look for more, from the
 * seeds that this writes to folders in {@code -Dshadowindex.fuzz.corpus}.
 */
final class FuzzTest {

  private static final long MILLIS = Long.getLong("shadowindex.fuzz.ms", 1500L);

  private static final @Nullable String CORPUS = System.getProperty("shadowindex.fuzz.corpus");

  /** How many changes a mutation makes at most. */
  private static final int CHANGES = 6;

  /** Numbers that end something: a byte, a varint, a length. */
  private static final byte[] ODD_BYTES = {
    0, 1, 0x7f, (byte) 0x80, (byte) 0xff, '/', '.', '"', '\\'
  };

  @FunctionalInterface
  interface Target {
    void run(byte[] input) throws Exception;
  }

  @Test
  void noNameBreaksAPromise() throws IOException {
    fuzz(NamesFuzz.class, NamesFuzz.seeds(), NamesFuzz::fuzzerTestOneInput);
  }

  @Test
  void noManifestBreaksAPromise() throws IOException {
    fuzz(ManifestFuzz.class, ManifestFuzz.seeds(), ManifestFuzz::fuzzerTestOneInput);
  }

  @Test
  void noRequestBreaksAPromise() throws IOException {
    fuzz(RequestsFuzz.class, RequestsFuzz.seeds(), RequestsFuzz::fuzzerTestOneInput);
  }

  private static void fuzz(Class<?> name, List<byte[]> seeds, Target target) throws IOException {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    for (byte[] input : seeds) {
      run(target, input);
    }
    if (CORPUS != null) {
      write(seeds, Files.createDirectories(Path.of(CORPUS, name.getName())));
    }
    long end = System.nanoTime() + MILLIS * 1_000_000;
    int inputs = 0;
    for (; System.nanoTime() < end; inputs++) {
      run(target, mutated(seeds.get(random.nextInt(seeds.size())), random));
    }
    System.out.printf("%s: %,d inputs%n", name.getSimpleName(), inputs);
  }

  private static void write(List<byte[]> seeds, Path directory) throws IOException {
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(directory.resolve("seed-" + i), seeds.get(i));
    }
  }

  private static void run(Target target, byte[] input) {
    try {
      target.run(input);
    } catch (Exception | AssertionError e) {
      throw new AssertionError("the input " + HexFormat.of().formatHex(input), e);
    }
  }

  private static byte[] mutated(byte[] input, Random random) {
    byte[] mutated = input;
    for (int i = random.nextInt(CHANGES) + 1; i > 0; i--) {
      int at = random.nextInt(mutated.length + 1);
      int until = Math.min(mutated.length, at + 1 + random.nextInt(8));
      mutated =
          switch (random.nextInt(5)) {
            case 0 -> spliced(mutated, at, until, new byte[0]);
            case 1 -> spliced(mutated, at, at, Arrays.copyOfRange(mutated, at, until));
            case 2 -> spliced(mutated, at, Math.min(at + 1, mutated.length), odd(random));
            case 3 -> spliced(mutated, at, at, odd(random));
            default -> {
              byte[] bytes = new byte[until - at];
              random.nextBytes(bytes);
              yield spliced(mutated, at, until, bytes);
            }
          };
    }
    return mutated;
  }

  private static byte[] odd(Random random) {
    return new byte[] {ODD_BYTES[random.nextInt(ODD_BYTES.length)]};
  }

  private static byte[] spliced(byte[] bytes, int from, int to, byte[] between) {
    byte[] result = Arrays.copyOf(bytes, from + between.length + bytes.length - to);
    System.arraycopy(between, 0, result, from, between.length);
    System.arraycopy(bytes, to, result, from + between.length, bytes.length - to);
    return result;
  }
}
