package io.shadowindex.server.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.NoLockFactory;

/** Lucene indexes to try things with: fields {@code id} and {@code text}. */
public final class LuceneIndexes {

  private LuceneIndexes() {}

  /** Adds documents with the ids 0, 1, 2, … and these texts, in one more commit. */
  public static void write(Path directory, String... texts) throws IOException {
    change(
        directory,
        writer -> {
          for (int i = 0; i < texts.length; i++) {
            var document = new Document();
            document.add(new StringField("id", Integer.toString(i), Field.Store.YES));
            document.add(new TextField("text", texts[i], Field.Store.NO));
            writer.addDocument(document);
          }
        });
  }

  /** Deletes the documents of that id, in one more commit. */
  public static void delete(Path directory, int id) throws IOException {
    change(directory, writer -> writer.deleteDocuments(new Term("id", Integer.toString(id))));
  }

  /** Changes one bit of a file. */
  public static void flipByte(Path file, long position) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      var one = ByteBuffer.allocate(1);
      channel.read(one, position);
      one.put(0, (byte) (one.get(0) ^ 1)).rewind();
      channel.write(one, position);
    }
  }

  private interface Change {
    void apply(IndexWriter writer) throws IOException;
  }

  private static void change(Path directory, Change change) throws IOException {
    var config = new IndexWriterConfig(new StandardAnalyzer());
    config.setMergePolicy(NoMergePolicy.INSTANCE);
    try (var files = FSDirectory.open(directory, NoLockFactory.INSTANCE);
        var writer = new IndexWriter(files, config)) {
      change.apply(writer);
    }
  }
}
