/**
 * The state store: the only package that knows of jOOQ, JDBC and Flyway. Implements the ports of
 * the domain on an embedded H2 database, used in the one way that was measured to lose nothing; see
 * {@link io.shadowindex.server.storage.H2Database}.
 */
@NullMarked
package io.shadowindex.server.storage;

import org.jspecify.annotations.NullMarked;
