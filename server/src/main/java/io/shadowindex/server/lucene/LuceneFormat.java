package io.shadowindex.server.lucene;

import io.shadowindex.server.index.IndexFormat;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.lucene.codecs.CodecUtil;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFileNames;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.IOContext;

/**
 * Apache Lucene: a record is a document that is not deleted; every file of the newest commit ends
 * in a checksum of its own.
 *
 * <p>Reads what the Lucene version of this server can read: the index of a newer one, or of one two
 * major versions older, is recognized and then refused by Lucene itself.
 */
public final class LuceneFormat implements IndexFormat {

  @Override
  public String name() {
    return "lucene";
  }

  /** By a commit at the top: its name, and the number that each file of Lucene begins with. */
  @Override
  public boolean recognizes(Path directory) throws IOException {
    try (var commits = Files.newDirectoryStream(directory, IndexFileNames.SEGMENTS + "_*")) {
      for (Path commit : commits) {
        if (beginsLikeLucene(commit)) {
          return true;
        }
      }
      return false;
    }
  }

  private static boolean beginsLikeLucene(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (var in = new DataInputStream(Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS))) {
      return in.readInt() == CodecUtil.CODEC_MAGIC;
    } catch (EOFException tooShort) {
      return false;
    }
  }

  @Override
  public OptionalLong countRecords(Path directory) throws IOException {
    try (Directory files = ReadOnlyDirectory.open(directory);
        var reader = DirectoryReader.open(files)) {
      return OptionalLong.of(reader.numDocs());
    }
  }

  @Override
  public List<String> integrityErrors(Path directory) throws IOException {
    try (Directory files = ReadOnlyDirectory.open(directory)) {
      String commit = SegmentInfos.getLastCommitSegmentsFileName(files);
      var broken = checksumError(files, String.valueOf(commit));
      if (broken.isPresent()) {
        return List.of(broken.get());
      }
      return SegmentInfos.readLatestCommit(files).files(false).parallelStream()
          .sorted()
          .flatMap(file -> checksumError(files, file).stream())
          .toList();
    }
  }

  private static Optional<String> checksumError(Directory files, String file) {
    try (var in = files.openInput(file, IOContext.READONCE)) {
      CodecUtil.checksumEntireFile(in);
      return Optional.empty();
    } catch (CorruptIndexException e) {
      return Optional.of(file + ": " + e.getOriginalMessage());
    } catch (IOException e) {
      return Optional.of(file + ": cannot be read");
    }
  }

  @Override
  public Optional<Queries> openQueries(Path directory) throws IOException {
    return Optional.of(LuceneQueries.open(directory));
  }
}
