/**
 * The index format of Apache Lucene, and the only package that knows Lucene. Nothing refers to it:
 * {@link java.util.ServiceLoader} finds it as it finds the formats of others.
 */
@NullMarked
package io.shadowindex.server.lucene;

import org.jspecify.annotations.NullMarked;
