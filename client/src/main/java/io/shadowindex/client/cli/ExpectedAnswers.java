package io.shadowindex.client.cli;

import io.shadowindex.client.lucene.LiveIndex;
import io.shadowindex.v1.ShadowIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a search must find in one generation.
 *
 * @param generation the real path of its directory
 * @param documents how many documents it has, as its worker told the server
 * @param hits how many documents each word is in
 */
record ExpectedAnswers(Path generation, long documents, Map<String, Long> hits) {
  ExpectedAnswers {
    hits = Map.copyOf(hits);
  }

  /** Reads a built generation before anybody searches it. */
  static ExpectedAnswers of(ShadowIndex built, List<String> words) throws IOException {
    try (LiveIndex index = LiveIndex.open(Path.of(built.getShadowIndexPath()))) {
      Map<String, Long> hits = new HashMap<>();
      for (String word : words) {
        hits.put(word, index.searchWord(word, 1).total());
      }
      return new ExpectedAnswers(index.generation(), built.getRecordCount(), hits);
    }
  }

  /** How many documents a word is in; 0 for one that was not asked for. */
  long hitsOf(String word) {
    return hits.getOrDefault(word, 0L);
  }
}
