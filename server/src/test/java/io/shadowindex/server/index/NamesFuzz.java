package io.shadowindex.server.index;

import static java.nio.charset.StandardCharsets.UTF_8;

import build.buf.protovalidate.Config;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.ValidationException;
import com.google.protobuf.ExtensionRegistry;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RulesProto;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Names from requests: which branches are accepted, against git's rules written down once more, and
 * the segments of paths that they become. An input is two names with a zero byte between them.
 */
public final class NamesFuzz {

  private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9_%~-][A-Za-z0-9_.%~-]{0,199}");

  private static final List<String> FORBIDDEN = List.of("..", "//", "/.", "@{", ".lock/");

  private static final Validator VALIDATOR = validator();

  private NamesFuzz() {}

  public static List<byte[]> seeds() {
    return Stream.of(
            "main\0feature/x",
            "a..b\0@{",
            "größe\0gr%C3%B6",
            ".hidden\0%2Ehidden",
            "a.lock/b\0a.lockb",
            "@\0~^:?*[\\",
            "x".repeat(300) + "\0" + "ü".repeat(120))
        .map(seed -> seed.getBytes(UTF_8))
        .toList();
  }

  public static void fuzzerTestOneInput(byte[] input) throws ValidationException {
    String text = new String(input, UTF_8);
    int middle = text.indexOf('\0');
    String one = text.substring(0, Math.max(middle, 0));
    String other = text.substring(middle + 1);
    checkBranch(one);
    checkBranch(other);
    checkSegment(one);
    checkSegment(other);
    if (!one.isEmpty()
        && !other.isEmpty()
        && PathSegment.of(one).equals(PathSegment.of(other)) != one.equals(other)) {
      throw new AssertionError("'%s' and '%s' are told apart wrongly".formatted(one, other));
    }
  }

  private static void checkBranch(String name) throws ValidationException {
    var request =
        GetIndexRequest.newBuilder()
            .setBranchName(name)
            .setIndexType(IndexType.Enum.SEARCH_INDEX)
            .build();
    boolean accepted = VALIDATOR.validate(request).isSuccess();
    if (accepted != isGitRef(name)) {
      throw new AssertionError("the branch '%s' is accepted: %s".formatted(name, accepted));
    }
  }

  /** The rules of git-check-ref-format(1), and the length. */
  private static boolean isGitRef(String name) {
    int bytes = name.getBytes(UTF_8).length;
    return bytes >= 1
        && bytes <= 255
        && !name.equals("@")
        && !name.startsWith("/")
        && !name.startsWith(".")
        && !name.endsWith("/")
        && !name.endsWith(".")
        && !name.endsWith(".lock")
        && FORBIDDEN.stream().noneMatch(name::contains)
        && name.chars().noneMatch(c -> c <= ' ' || c == 0x7f || "~^:?*[\\".indexOf(c) >= 0);
  }

  private static void checkSegment(String name) {
    if (name.isEmpty()) {
      return;
    }
    String segment = PathSegment.of(name);
    if (!SEGMENT.matcher(segment).matches()) {
      throw new AssertionError("'%s' becomes '%s'".formatted(name, segment));
    }
    String back = PathSegment.name(segment);
    if (!back.equals(segment.contains("~") ? segment : name)) {
      throw new AssertionError("'%s' comes back as '%s'".formatted(name, back));
    }
    // As a name on the disk that nobody has made from a name.
    String read = PathSegment.name(name);
    if (!read.equals(name) && !PathSegment.of(read).equals(name)) {
      throw new AssertionError("the segment '%s' is read as '%s'".formatted(name, read));
    }
  }

  private static Validator validator() {
    var extensions = ExtensionRegistry.newInstance();
    RulesProto.registerAllExtensions(extensions);
    return ValidatorFactory.newBuilder()
        .withConfig(Config.newBuilder().setExtensionRegistry(extensions).build())
        .build();
  }
}
