package io.shadowindex.server.index;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
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
      function(
          "syncfs",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT),
          Linker.Option.captureCallState("errno"));
  private static final MethodHandle CLOSE =
      function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final int O_RDONLY = 0;

  /**
   * Not permitted, as by a sandbox, or not known; Linux numbers them so on all of its processors.
   */
  private static final Set<Integer> NOT_BEGUN = Set.of(1, 38);

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

  /**
   * Makes everything durable that was written to the directory's file system before.
   *
   * @return false when the system would not begin; nothing is known then
   * @throws IOException when something could not be written, of us or of others. Who asks again is
   *     not told again: what was lost may be gone from memory, see fsync(2).
   */
  static boolean sync(Path directory) throws IOException {
    int errno;
    try (var arena = Arena.ofConfined()) {
      int descriptor = (int) OPEN.invokeExact(arena.allocateFrom(directory.toString()), O_RDONLY);
      if (descriptor < 0) {
        return false;
      }
      MemorySegment state = arena.allocate(CALL_STATE);
      int failed = (int) SYNCFS.invokeExact(state, descriptor);
      errno = failed == 0 ? 0 : (int) ERRNO.get(state, 0L);
      int _ = (int) CLOSE.invokeExact(descriptor);
    } catch (Throwable e) {
      throw new AssertionError("C functions throw nothing", e);
    }
    return isDurable(errno);
  }

  /** What the end of a syncfs(2) says; 0 is its success. */
  static boolean isDurable(int errno) throws IOException {
    if (errno == 0 || NOT_BEGUN.contains(errno)) {
      return errno == 0;
    }
    throw new IOException("syncfs(2) failed with error " + errno);
  }
}
