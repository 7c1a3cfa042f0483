/**
 * A reference worker and reader with Apache Lucene: {@link
 * io.shadowindex.client.lucene.LuceneWorker} fills a build with the text files below a directory or
 * in a zip, {@link io.shadowindex.client.lucene.LiveIndex} searches the generation behind a live
 * link.
 *
 * <p>Needs the optional dependencies lucene-core and lucene-queryparser, and the index root of the
 * server on a file system of this machine. Knows nothing of the command line.
 */
@NullMarked
package io.shadowindex.client.lucene;

import org.jspecify.annotations.NullMarked;
