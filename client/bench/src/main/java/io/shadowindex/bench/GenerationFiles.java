package io.shadowindex.bench;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import io.shadowindex.bench.Plan.Generation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Random;

/** Writes the files of an index. */
final class GenerationFiles {

  private static final int CHUNK = 1 << 20;
  private static final long SEED = 8;

  private GenerationFiles() {}

  /** The name of one file. */
  static String name(int file) {
    return "part-" + file;
  }

  /** Files full of random bytes; answers the directory. */
  static Path write(Path directory, Generation generation) throws IOException {
    var bytes = new byte[CHUNK];
    new Random(SEED).nextBytes(bytes);
    for (int i = 0; i < generation.files(); i++) {
      try (var file = FileChannel.open(directory.resolve(name(i)), CREATE_NEW, WRITE)) {
        for (long left = generation.bytes() / generation.files(); left > 0; ) {
          left -= file.write(ByteBuffer.wrap(bytes, 0, (int) Math.min(left, CHUNK)));
        }
      }
    }
    return directory;
  }

  /** Files of the same sizes with a byte at their ends and holes before it. */
  static void writeSparse(Path directory, Generation generation) throws IOException {
    for (int i = 0; i < generation.files(); i++) {
      try (var file = FileChannel.open(directory.resolve(name(i)), CREATE_NEW, WRITE)) {
        file.write(ByteBuffer.wrap(new byte[1]), generation.bytes() / generation.files() - 1);
      }
    }
  }
}
