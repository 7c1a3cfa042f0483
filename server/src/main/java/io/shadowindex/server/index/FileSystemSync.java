package io.shadowindex.server.index;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** syncfs(2), which Java has no word for. */
final class FileSystemSync {

  /** Of these it is known that syncfs(2) does what fsync(2) of each file and directory would do. */
  private static final Set<String> FILE_SYSTEMS = Set.of("btrfs", "ext4", "xfs");

  private static final MethodHandle OPEN =
      function(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle SYNCFS =
      function("syncfs", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle CLOSE =
      function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private static final int O_RDONLY = 0;

  private FileSystemSync() {}

  @SuppressWarnings("restricted") // the launcher allows native calls
  private static MethodHandle function(
      String name, FunctionDescriptor type, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
  }

  /** Whether syncfs(2) of that directory's file system can be relied on. */
  static boolean isReliable(Path directory) throws IOException {
    return tellsOfFailures(System.getProperty("os.name"), System.getProperty("os.version"))
        && FILE_SYSTEMS.contains(Files.getFileStore(directory).type());
  }

  /** Before Linux 5.8 it was silent about what could not be written. */
  static boolean tellsOfFailures(String system, String version) {
    Matcher numbers = Pattern.compile("(\\d{1,9})\\.(\\d{1,9})").matcher(version);
    if (!system.equals("Linux") || !numbers.lookingAt()) {
      return false;
    }
    int major = Integer.parseInt(numbers.group(1));
    return major > 5 || (major == 5 && Integer.parseInt(numbers.group(2)) >= 8);
  }

  /** Whether everything that was written to the directory's file system before is durable now. */
  static boolean sync(Path directory) {
    try (var arena = Arena.ofConfined()) {
      int descriptor = (int) OPEN.invokeExact(arena.allocateFrom(directory.toString()), O_RDONLY);
      if (descriptor < 0) {
        return false;
      }
      int failed = (int) SYNCFS.invokeExact(descriptor);
      int _ = (int) CLOSE.invokeExact(descriptor);
      return failed == 0;
    } catch (Throwable e) {
      throw new AssertionError("C functions throw nothing", e);
    }
  }
}
