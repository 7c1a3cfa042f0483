package io.shadowindex.server.audit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.shadowindex.server.request.Call;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The audit log as a file of JSON lines, one for each entry, that only grows. It follows its path:
 * when the file is moved away or deleted, as logrotate does, the next entries go to a new one.
 */
public final class AuditFile implements AutoCloseable {

  private static final JsonFactory JSON = new JsonFactory();

  /** More than is appended at once, unless messages are very long. */
  private static final int TAIL_BYTES = 1 << 20;

  private final Path path;
  private @Nullable FileChannel opened;

  /** Which file it is. */
  private @Nullable Object openedKey;

  /** Whether what was appended last ends with the line that it began. */
  private boolean whole;

  private AuditFile(Path path) {
    this.path = path;
  }

  /** Opens the file to append to it; creates it when there is none. */
  public static AuditFile open(Path path) throws IOException {
    var file = new AuditFile(path);
    var _ = file.current();
    return file;
  }

  /**
   * Appends entries; durable when it returns. Throws when they cannot be written, as where the
   * directory has gone; what is appended later may be again.
   */
  void append(List<AuditEntry> entries) throws IOException {
    var lines = new ByteArrayOutputStream();
    for (AuditEntry entry : entries) {
      try (JsonGenerator json = JSON.createGenerator(lines)) {
        json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        write(json, entry);
      }
      lines.write('\n');
    }
    FileChannel file = current();
    if (!whole && endsAmidLine()) {
      write(file, new byte[] {'\n'});
    }
    whole = false;
    write(file, lines.toByteArray());
    file.force(false);
    whole = true;
  }

  /**
   * The last of the file's whole lines, in which the entries that were appended last are; durable
   * when it returns.
   */
  String tail() throws IOException {
    current().force(false);
    try (FileChannel reading = FileChannel.open(path)) {
      long from = Math.max(0, reading.size() - TAIL_BYTES);
      var tail = ByteBuffer.allocate(Math.toIntExact(reading.size() - from));
      while (tail.hasRemaining() && reading.read(tail, from + tail.position()) >= 0) {}
      String text = new String(tail.array(), ISO_8859_1);
      return text.substring(0, text.lastIndexOf('\n') + 1);
    }
  }

  /** What the line of an entry begins with, and no other. */
  static String beginning(AuditEntry entry) {
    return "{\"call_id\":\"" + entry.call().id() + '"';
  }

  private static void write(FileChannel file, byte[] all) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(all);
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }

  /** As a crash or a full disk leaves it: the next entry would continue what cannot be read. */
  private boolean endsAmidLine() throws IOException {
    try (FileChannel reading = FileChannel.open(path)) {
      var last = ByteBuffer.allocate(1);
      return reading.size() > 0
          && reading.read(last, reading.size() - 1) == 1
          && last.get(0) != '\n';
    }
  }

  /**
   * The file that the path names. It is opened when it is not the one that is open already, and
   * until the path names the same one before and after, so that it is known which one it is.
   */
  private FileChannel current() throws IOException {
    Object named = keyOfPath();
    FileChannel file = opened;
    while (file == null || !file.isOpen() || named == null || !named.equals(openedKey)) {
      close();
      openedKey = named;
      file =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
      opened = file;
      whole = false;
      named = keyOfPath();
    }
    return file;
  }

  /** Its device and inode; null when there is no such file. */
  private @Nullable Object keyOfPath() throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private static void write(JsonGenerator json, AuditEntry entry) throws IOException {
    Call call = entry.call();
    json.writeStartObject();
    json.writeStringField("call_id", call.id().toString());
    json.writeStringField("occurred_at", call.at().toString());
    json.writeStringField("principal", call.principal());
    json.writeStringField("peer", call.peer());
    json.writeStringField("method", call.method());
    writeUnlessNull(json, "request_id", call.requestId());
    json.writeStringField("branch_name", call.target().branchName());
    json.writeStringField("index_type", call.target().indexType());
    json.writeStringField("index_name", call.target().indexName());
    writeUnlessNull(json, "shadow_index_id", entry.buildId());
    writeUnlessNull(json, "lock_id", entry.lockId());
    json.writeBooleanField("forced", call.forced());
    json.writeStringField("result", entry.outcome().result());
    json.writeStringField("reason", entry.outcome().reason());
    json.writeStringField("message", entry.outcome().message());
    if (entry.revision() != null) {
      json.writeNumberField("revision", entry.revision());
    }
    if (entry.fencingToken() != null) {
      json.writeNumberField("fencing_token", entry.fencingToken());
    }
    json.writeEndObject();
  }

  private static void writeUnlessNull(JsonGenerator json, String name, @Nullable UUID value)
      throws IOException {
    if (value != null) {
      json.writeStringField(name, value.toString());
    }
  }

  @Override
  public void close() throws IOException {
    if (opened != null) {
      opened.close();
    }
  }
}
