package io.shadowindex.server.index;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files of a complete generation, ordered by path: what every later check is held against.
 * Written once, when the build completes, beside the generation and not in it.
 */
public record Manifest(List<Entry> files) {

  private static final JsonFactory JSON = new JsonFactory();

  public Manifest {
    files = List.copyOf(files);
  }

  /**
   * One file.
   *
   * @param path relative to the generation, with {@code /} between its segments
   * @param sizeBytes 0 or more
   * @param sha256 64 lower-case hexadecimal digits
   */
  public record Entry(String path, long sizeBytes, String sha256) {}

  /** The size of all files together. */
  public long totalBytes() {
    return files.stream().mapToLong(Entry::sizeBytes).sum();
  }

  void writeTo(OutputStream out) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      json.writeNumberField("format", 1);
      json.writeNumberField("total_bytes", totalBytes());
      json.writeArrayFieldStart("files");
      for (Entry file : files) {
        json.writeStartObject();
        json.writeStringField("path", file.path());
        json.writeNumberField("size_bytes", file.sizeBytes());
        json.writeStringField("sha256", file.sha256());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  /** A manifest that is not as it was written. */
  public static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedException(@Nullable Throwable cause) {
      super("the manifest is damaged", cause);
    }
  }

  /**
   * Reads a manifest that {@link GenerationSealer} wrote.
   *
   * @throws DamagedException when it is cut off or changed so that it contradicts itself
   */
  public static Manifest read(Path path) throws IOException {
    try (var in = Files.newInputStream(path);
        JsonParser json = JSON.createParser(in)) {
      var files = new ArrayList<Entry>();
      long totalBytes = -1;
      while (json.nextToken() != null) {
        if ("total_bytes".equals(json.currentName())
            && json.currentToken() == JsonToken.VALUE_NUMBER_INT) {
          totalBytes = json.getLongValue();
        }
        if (json.currentToken() == JsonToken.START_ARRAY) {
          while (json.nextToken() == JsonToken.START_OBJECT) {
            files.add(readEntry(json));
          }
        }
      }
      var manifest = new Manifest(files);
      if (manifest.totalBytes() != totalBytes) {
        throw new DamagedException(null);
      }
      return manifest;
    } catch (JacksonException | CharConversionException e) {
      throw new DamagedException(e);
    }
  }

  private static Entry readEntry(JsonParser json) throws IOException {
    String path = "";
    long sizeBytes = -1;
    String sha256 = "";
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      switch (field) {
        case "path" -> path = json.getText();
        case "size_bytes" -> sizeBytes = json.getLongValue();
        case "sha256" -> sha256 = json.getText();
        default -> json.skipChildren();
      }
    }
    return new Entry(path, sizeBytes, sha256);
  }
}
