/** Tests of the Lucene format on real indexes. */
@NullMarked
package io.shadowindex.server.lucene;

import org.jspecify.annotations.NullMarked;
