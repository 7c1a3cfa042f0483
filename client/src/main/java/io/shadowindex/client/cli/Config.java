package io.shadowindex.client.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * The config file: named contexts, and which of them is the current one.
 *
 * <p>It is YAML: {@code current-context}, and {@code contexts} with a map for each name, which has
 * {@code server}, {@code tls} ({@code true}, or a map of {@code ca}, {@code cert}, {@code key},
 * {@code server-name}), {@code token-file} and {@code output}. Files are relative to its own
 * directory. It never holds a token.
 *
 * @param file where it is, or would be
 * @param contexts by name, in the order of the file
 */
record Config(Path file, Optional<String> current, Map<String, Context> contexts) {
  private static final String CURRENT = "current-context";
  private static final Set<String> FIELDS = Set.of("server", "tls", "token-file", "output");
  private static final Set<String> TLS_FIELDS = Set.of("ca", "cert", "key", "server-name");
  private static final Set<String> FILES = Set.of("tls-ca", "tls-cert", "tls-key", "token-file");

  /**
   * One server and how to speak with it.
   *
   * @param settings by the name of the option that overrides it
   */
  record Context(String name, Map<String, String> settings) {
    Optional<String> get(String setting) {
      return Optional.ofNullable(settings.get(setting));
    }
  }

  /** The file of this user; nothing where there is none. */
  static Config readDefault(Map<String, String> environment) {
    Optional<Path> directory =
        Optional.ofNullable(environment.get("XDG_CONFIG_HOME"))
            .map(Path::of)
            .or(
                () ->
                    Optional.ofNullable(environment.get("HOME"))
                        .map(home -> Path.of(home, ".config")));
    Path file = directory.orElse(Path.of("")).resolve("shadowctl/config.yaml");
    return directory.isPresent() && Files.exists(file)
        ? read(file)
        : new Config(file, Optional.empty(), Map.of());
  }

  /**
   * Reads a file that must be there.
   *
   * @throws CommandFailure naming what is wrong with it
   */
  static Config read(Path file) {
    try {
      return new Reader(file).config(parsed(file));
    } catch (NoSuchFileException e) {
      throw new CommandFailure(Exit.USAGE, "There is no config file " + file + ".");
    } catch (IOException e) {
      throw new CommandFailure(Exit.USAGE, "The config file " + file + " cannot be read.");
    } catch (YamlEngineException e) {
      throw new CommandFailure(Exit.USAGE, file + " is not YAML: " + e.getMessage());
    }
  }

  private static @Nullable Object parsed(Path file) throws IOException {
    return new Load(LoadSettings.builder().setLabel(file.toString()).build())
        .loadFromString(Files.readString(file));
  }

  /** The context of that name. */
  Context context(String name) {
    Context found = contexts.get(name);
    if (found == null) {
      throw new CommandFailure(
          Exit.USAGE,
          contexts.isEmpty()
              ? "There is no context '" + name + "': " + file + " has none."
              : (current.filter(name::equals).isPresent()
                      ? file + ", " + CURRENT + ": "
                      : "There is no such context: ")
                  + Suggestion.noneOf(name, contexts.keySet()));
    }
    return found;
  }

  /** Makes a context the current one; everything else in the file stays as it is. */
  void use(String name) throws IOException {
    String line =
        CURRENT + ": " + new Dump(DumpSettings.builder().build()).dumpToString(name).strip();
    String text = Files.readString(file);
    Matcher before =
        Pattern.compile("^" + CURRENT + "[ \\t]*:.*$", Pattern.MULTILINE).matcher(text);
    String after =
        before.find()
            ? before.replaceFirst(Matcher.quoteReplacement(line))
            : line + System.lineSeparator() + text;
    Path next = Files.writeString(file.resolveSibling(file.getFileName() + ".next"), after);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Turns what YAML says into a config, and refuses what it does not know. */
  private record Reader(Path file) {

    Config config(@Nullable Object document) {
      Map<String, Object> top = map("it", document == null ? Map.of() : document);
      onlyKnown("it", top, Set.of(CURRENT, "contexts"));
      Map<String, Context> contexts = new LinkedHashMap<>();
      map("contexts", top.getOrDefault("contexts", Map.of()))
          .forEach((name, fields) -> contexts.put(name, context(name, map(name, fields))));
      return new Config(file, Optional.ofNullable(top.get(CURRENT)).map(String::valueOf), contexts);
    }

    private Context context(String name, Map<String, Object> fields) {
      if (fields.containsKey("token")) {
        throw wrong("a token does not belong here; 'token-file' names a file that holds it");
      }
      onlyKnown(name, fields, FIELDS);
      Map<String, String> settings = new LinkedHashMap<>();
      fields.forEach(
          (field, value) -> {
            if (field.equals("tls") && value instanceof Map) {
              Map<String, Object> tls = map("tls of " + name, value);
              onlyKnown("tls of " + name, tls, TLS_FIELDS);
              settings.put("tls", "true");
              tls.forEach((part, said) -> settings.put("tls-" + part, text("tls-" + part, said)));
            } else {
              settings.put(field, text(field, value));
            }
          });
      return new Context(name, settings);
    }

    private String text(String field, Object value) {
      if (value instanceof Map || value instanceof List) {
        throw wrong("'" + field + "' is one value");
      }
      String text = String.valueOf(value);
      return FILES.contains(field) ? file.resolveSibling(text).toString() : text;
    }

    private Map<String, Object> map(String name, Object value) {
      if (!(value instanceof Map<?, ?> found)) {
        throw wrong(name + " is not a map");
      }
      Map<String, Object> fields = new LinkedHashMap<>();
      found.forEach(
          (key, field) -> fields.put(String.valueOf(key), field == null ? Map.of() : field));
      return fields;
    }

    private void onlyKnown(String name, Map<String, Object> fields, Set<String> known) {
      for (String field : fields.keySet()) {
        if (!known.contains(field)) {
          throw wrong("in " + name + ", " + Suggestion.noneOf(field, new TreeSet<>(known)));
        }
      }
    }

    private CommandFailure wrong(String what) {
      return new CommandFailure(Exit.USAGE, file + ": " + what + ".");
    }
  }
}
